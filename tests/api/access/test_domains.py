"""Realms through the API: made, changed, removed, synchronised, logged in to."""

from __future__ import annotations

from typing import Any

import pytest

from appliance.model.access.directory import DirectoryContent, DirectoryGroup, DirectoryUser
from tests.api.access.rig import WORD, Caller, logged_in, refused, root, ticket, with_users
from tests.api.rig import ELSEWHERE, Nodes

LDAP = {
    "realm": "corp",
    "type": "ldap",
    "server1": "ldap.example.org",
    "base_dn": "ou=people,dc=example,dc=org",
    "user_attr": "uid",
}
SECRET = "the directory's own secret"


def dn(name: str) -> str:
    return f"uid={name},ou=people,dc=example,dc=org"


def content(*names: str) -> DirectoryContent:
    users = tuple(DirectoryUser(dn(name), name, {"email": f"{name}@x.org"}) for name in names)
    group = DirectoryGroup("cn=ops", "ops", tuple(dn(name) for name in names))
    return DirectoryContent(users, (group,))


@pytest.fixture
def nodes() -> Nodes:
    nodes = Nodes()
    nodes.outside.directory.content_of["corp"] = content("eve", "dan")
    nodes.outside.directory.passwords["corp", "eve"] = WORD
    return nodes


def made(nodes: Nodes, **more: Any) -> Caller:
    admin = root(nodes)
    admin.post("/access/domains", **{**LDAP, **more})
    return admin


def test_realms_are_there_before_anybody_makes_one(nodes: Nodes) -> None:
    found = nodes.ask("GET", "/access/domains", address=ELSEWHERE).data
    assert [(row["realm"], row["type"]) for row in found] == [("pam", "pam"), ("pve", "pve")]
    read = root(nodes).get("/access/domains/pam")
    assert read["type"] == "pam"
    root(nodes).put("/access/domains/pam", comment="Linux", digest=read["digest"])
    assert root(nodes).get("/access/domains/pam")["comment"] == "Linux"
    root(nodes).put("/access/domains/pam", tfa="type=oath")
    (pam, _pve) = nodes.ask("GET", "/access/domains", address=ELSEWHERE).data
    assert pam == {"realm": "pam", "type": "pam", "comment": "Linux", "tfa": "oath"}


def test_a_realm_is_made_changed_and_removed(nodes: Nodes) -> None:
    admin = made(nodes, comment="The company", default=1, bind_dn="cn=q", password=SECRET)
    found = admin.get("/access/domains/corp")
    assert found == {
        "type": "ldap",
        "server1": LDAP["server1"],
        "base_dn": LDAP["base_dn"],
        "user_attr": "uid",
        "comment": "The company",
        "default": 1,
        "bind_dn": "cn=q",
        "digest": found["digest"],
    }
    assert SECRET not in nodes.ask("GET", "/store/files/domains.cfg").data["content"]
    kept = nodes.ask("GET", "/store/files/priv/realm/corp.pw").data["content"]
    assert kept == f"{SECRET}\n"
    admin.put("/access/domains/corp", mode="ldaps", delete="comment,password")
    changed = admin.get("/access/domains/corp")
    assert (changed["mode"], "comment" in changed) == ("ldaps", False)
    assert nodes.ask("GET", "/store/files/priv/realm/corp.pw").status == 500
    stale = admin.ask("PUT", "/access/domains/corp", comment="x", digest=found["digest"])
    refused(stale, 500, "detected modified configuration")
    admin.delete("/access/domains/corp")
    refused(admin.ask("GET", "/access/domains/corp"), 500, "'corp' does not exist")


def test_the_login_offers_one_realm_first(nodes: Nodes) -> None:
    admin = made(nodes, default=1)
    admin.put("/access/domains/pve", default="yes")
    rows = {row["realm"]: row.get("default") for row in admin.get("/access/domains")}
    assert rows == {"corp": None, "pam": None, "pve": 1}


@pytest.mark.parametrize(
    ("given", "status", "words"),
    [
        ({"realm": "pve"}, 500, "already exists"),
        ({"realm": "9"}, 400, "realm"),
        ({"realm": "../x"}, 400, "realm"),
        ({"type": "pam"}, 500, "built in"),
        ({"type": "magic"}, 400, "type"),
        ({"base_dn": None}, 400, "base_dn"),
        ({"port": 70000}, 400, "port"),
        ({"issuer-url": "https://x"}, 400, "issuer-url"),
        ({"comment": "x" * 5000}, 400, "comment"),
        ({"bind-dn": "x"}, 400, "bind-dn"),
        ({"filter": "a\nserver2 evil"}, 400, "filter"),
        ({"password": "a\nb"}, 400, "password"),
        ({"sync-defaults-options": "scope=nobody"}, 400, "sync-defaults-options"),
    ],
)
def test_what_cannot_be_made(nodes: Nodes, given: Any, status: int, words: str) -> None:
    whole = {name: value for name, value in {**LDAP, **given}.items() if value is not None}
    refused(nodes.ask("POST", "/access/domains", whole), status, words)
    assert len(root(nodes).get("/access/domains")) == 2


def test_what_cannot_be_changed(nodes: Nodes) -> None:
    admin = made(nodes)
    refused(admin.ask("POST", "/access/domains", **LDAP), 500, "already exists")
    refused(admin.ask("DELETE", "/access/domains/pam"), 500, "built in")
    refused(admin.ask("PUT", "/access/domains/none", comment="x"), 500, "does not exist")
    refused(admin.ask("PUT", "/access/domains/corp", delete="server1"), 400, "delete")
    refused(admin.ask("PUT", "/access/domains/pve", server1="x"), 400, "server1")
    refused(admin.ask("PUT", "/access/domains/pve", password="x"), 400, "password")
    with_users(nodes, "ann")
    ann = logged_in(nodes, "ann@pve")
    refused(ann.ask("POST", "/access/domains", **LDAP), 403, "Realm.Allocate")
    refused(ann.ask("GET", "/access/domains/corp"), 403)


def test_a_directory_that_cannot_be_read_is_told_before_anything_is_written(nodes: Nodes) -> None:
    nodes.outside.directory.secrets["corp"] = SECRET
    admin, given = root(nodes), {**LDAP, "check-connection": 1}
    refused(nodes.ask("POST", "/access/domains", given), 400, "does not let us in")
    nodes.outside.directory.silent.add("corp")
    refused(nodes.ask("POST", "/access/domains", given), 400, "answers")
    refused(admin.ask("GET", "/access/domains/corp"), 500, "does not exist")
    nodes.outside.directory.silent.clear()
    nodes.ask("POST", "/access/domains", {**given, "password": SECRET})
    assert admin.get("/access/domains/corp")
    admin.put("/access/domains/corp", **{"check-connection": 1}, comment="the secret is known")


def synced(nodes: Nodes, **given: Any) -> tuple[str, list[str]]:
    """How the task ended, and its log."""
    upid = root(nodes).post("/access/domains/corp/sync", **given)
    nodes.cluster.run(2)
    status = root(nodes).get(f"/nodes/n1/tasks/{upid}/status")
    log = root(nodes).get(f"/nodes/n1/tasks/{upid}/log", limit=500)
    assert status["id"] == "corp"
    return status["exitstatus"], [line["t"] for line in log]


def test_a_directory_is_taken_over(nodes: Nodes) -> None:
    admin = made(nodes)
    end, log = synced(nodes, scope="both", **{"dry-run": 1})
    assert (end, log[-1]) == ("OK", "TASK OK")
    assert "add user eve@corp" in log
    assert len(admin.get("/access/users")) == 1
    assert synced(nodes, scope="both")[0] == "OK"
    assert admin.get("/access/users/eve@corp")["email"] == "eve@x.org"
    assert admin.get("/access/groups/ops-corp")["members"] == ["dan@corp", "eve@corp"]
    assert logged_in(nodes, "eve@corp").get("/version")
    refused(ticket(nodes, "eve@corp", "a wrong word"), 401)
    refused(ticket(nodes, "dan@corp"), 401)


def test_whoever_vanishes_takes_secrets_along(nodes: Nodes) -> None:
    admin = made(nodes, **{"sync-defaults-options": "scope=both,remove-vanished=entry;acl"})
    synced(nodes)
    secret = admin.post("/access/users/eve@corp/token/tok")["value"]
    assert secret
    nodes.outside.directory.content_of["corp"] = content("dan")
    end, log = synced(nodes)
    assert end == "OK"
    assert "remove user eve@corp" in log
    assert "eve" not in nodes.ask("GET", "/store/files/priv/token.cfg").data["content"]
    assert admin.get("/access/groups/ops-corp")["members"] == ["dan@corp"]


def test_what_cannot_be_synchronised(nodes: Nodes) -> None:
    admin = made(nodes)
    refused(admin.ask("POST", "/access/domains/corp/sync"), 400, "scope")
    refused(admin.ask("POST", "/access/domains/none/sync", scope="both"), 500, "does not exist")
    refused(admin.ask("POST", "/access/domains/pve/sync", scope="both"), 500, "no directory")
    nodes.outside.directory.silent.add("corp")
    end, _log = synced(nodes, scope="both")
    assert end == "no server of realm 'corp' answers"
    assert len(admin.get("/access/users")) == 1
    refused(ticket(nodes, "eve@corp"), 401)
