"""API tokens through the API."""

from __future__ import annotations

import re

import pytest

from tests.api.access.rig import by_token, logged_in, refused, root, with_users
from tests.api.rig import Nodes

UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
ANN = "/access/users/ann@pve/token"


@pytest.fixture
def nodes() -> Nodes:
    nodes = Nodes()
    with_users(nodes, "ann", "bob")
    return nodes


def test_a_secret_is_shown_once(nodes: Nodes) -> None:
    admin = root(nodes)
    made = admin.post(f"{ANN}/ci", comment="builds", privsep=0)
    assert made["full-tokenid"] == "ann@pve!ci"
    assert UUID.fullmatch(made["value"])
    assert made["info"] == {"expire": 0, "privsep": 0, "comment": "builds"}
    assert admin.get(f"{ANN}/ci") == made["info"]
    assert admin.get(ANN) == [{"tokenid": "ci", **made["info"]}]
    assert made["value"] not in nodes.ask("GET", "/store/files/priv/token.cfg").data["content"]
    assert by_token(nodes, "ann@pve!ci", made["value"]).get("/version")


def test_a_new_secret_voids_the_old_one(nodes: Nodes) -> None:
    admin = root(nodes)
    old = admin.post(f"{ANN}/ci")["value"]
    changed = admin.put(f"{ANN}/ci", comment="same secret")
    assert "value" not in changed
    assert by_token(nodes, "ann@pve!ci", old).get("/version")
    new = admin.put(f"{ANN}/ci", regenerate=1)
    assert new["full-tokenid"] == "ann@pve!ci"
    assert new["comment"] == "same secret"
    refused(by_token(nodes, "ann@pve!ci", old).ask("GET", "/version"), 401)
    assert by_token(nodes, "ann@pve!ci", new["value"]).get("/version")


def test_a_token_ends(nodes: Nodes) -> None:
    admin = root(nodes)
    now_s = int(nodes.cluster.daemon("n1").ports.clock.wall())
    token = by_token(nodes, "ann@pve!ci", admin.post(f"{ANN}/ci", expire=now_s + 100)["value"])
    assert token.get("/version")
    nodes.cluster.run(101)
    refused(token.ask("GET", "/version"), 401)
    admin.put(f"{ANN}/ci", delete="expire,comment")
    assert token.get("/version")
    admin.delete(f"{ANN}/ci")
    refused(token.ask("GET", "/version"), 401)


def test_a_token_ends_with_its_user(nodes: Nodes) -> None:
    admin = root(nodes)
    admin.put("/access/users/ann@pve", expire=2_000_000_000)
    made = admin.post(f"{ANN}/ci")
    assert made["info"]["expire"] == 2_000_000_000
    token = by_token(nodes, "ann@pve!ci", made["value"])
    assert token.get("/version")
    admin.put("/access/users/ann@pve", enable=0)
    refused(token.ask("GET", "/version"), 401)


def test_a_token_of_its_own_rights_has_never_more_than_its_user(nodes: Nodes) -> None:
    admin = root(nodes)
    token = by_token(nodes, "ann@pve!ci", admin.post(f"{ANN}/ci")["value"])
    admin.put("/access/acl", path="/", roles="PVEAdmin", tokens="ann@pve!ci")
    assert token.get("/access/permissions") == {}
    admin.put("/access/acl", path="/vms", roles="PVETemplateUser", users="ann@pve")
    assert token.get("/access/permissions") == {"/vms": {"VM.Audit": 1, "VM.Clone": 1}}
    admin.put(f"{ANN}/ci", privsep=0)
    whole = admin.get("/access/permissions", userid="ann@pve")
    assert token.get("/access/permissions") == whole


def test_tokens_look_after_nobody_s_tokens_unless_they_may(nodes: Nodes) -> None:
    admin = root(nodes)
    plain = by_token(nodes, "ann@pve!ci", admin.post(f"{ANN}/ci", privsep=0)["value"])
    refused(plain.ask("POST", f"{ANN}/more"), 403)
    refused(logged_in(nodes, "bob@pve").ask("GET", ANN), 403)
    assert logged_in(nodes, "ann@pve").post(f"{ANN}/more")["value"]
    admin.put("/access/acl", path="/access/groups", roles="PVEUserAdmin", users="bob@pve")
    assert logged_in(nodes, "bob@pve").get(ANN)


def test_nobody_becomes_root_by_a_token(nodes: Nodes) -> None:
    admin = root(nodes)
    admin.put("/access/acl", path="/", roles="Administrator", users="bob@pve")
    bob, path = logged_in(nodes, "bob@pve"), "/access/users/root@pam/token/xy"
    for verb in ("POST", "PUT", "DELETE"):
        refused(bob.ask(verb, path), 403, "root@pam")
    separated = admin.post("/access/users/root@pam/token/sep")["value"]
    refused(by_token(nodes, "root@pam!sep", separated).ask("POST", path), 403)
    admin.put("/access/acl", path="/", roles="Administrator", tokens="root@pam!sep")
    refused(by_token(nodes, "root@pam!sep", separated).ask("POST", path), 403, "root@pam")
    whole = admin.post("/access/users/root@pam/token/whole", privsep=0)["value"]
    assert by_token(nodes, "root@pam!whole", whole).post(path)["value"]


def test_what_is_wrong_is_told(nodes: Nodes) -> None:
    admin = root(nodes)
    admin.post(f"{ANN}/ci")
    refused(admin.ask("POST", f"{ANN}/ci"), 500, "already exists")
    refused(admin.ask("GET", f"{ANN}/none"), 500, "no such token 'none'")
    refused(admin.ask("PUT", f"{ANN}/none"), 500, "no such token")
    refused(admin.ask("DELETE", f"{ANN}/none"), 500, "no such token")
    refused(admin.ask("POST", "/access/users/no@pve/token/xy"), 500, "no such user")
    refused(admin.ask("POST", f"{ANN}/9bad"), 400, "tokenid")
    refused(admin.ask("POST", f"{ANN}/xy", expire="soon"), 400, "expire")
