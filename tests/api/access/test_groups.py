"""Groups and roles through the API."""

from __future__ import annotations

import pytest

from appliance.model.access.privileges import BUILT_IN_ROLES, PRIVILEGES
from tests.api.access.rig import logged_in, refused, root, with_users
from tests.api.rig import Nodes


@pytest.fixture
def nodes() -> Nodes:
    nodes = Nodes()
    with_users(nodes, "ann", "bob")
    return nodes


def test_groups(nodes: Nodes) -> None:
    admin = root(nodes)
    admin.post("/access/groups", groupid="ops", comment="on call")
    admin.put("/access/users/ann@pve", groups="ops")
    assert admin.get("/access/groups") == [
        {"groupid": "ops", "comment": "on call", "users": "ann@pve"}
    ]
    assert admin.get("/access/groups/ops") == {"comment": "on call", "members": ["ann@pve"]}
    admin.put("/access/groups/ops")
    assert admin.get("/access/groups/ops")["comment"] == "on call"
    admin.put("/access/groups/ops", comment="")
    assert "comment" not in admin.get("/access/groups/ops")
    admin.put("/access/acl", path="/", roles="PVEAuditor", groups="ops")
    admin.delete("/access/groups/ops")
    assert admin.get("/access/groups") == admin.get("/access/acl") == []
    for verb in ("GET", "PUT", "DELETE"):
        refused(admin.ask(verb, "/access/groups/ops"), 500, "'ops' does not exist")
    admin.post("/access/groups", groupid="ops")
    refused(admin.ask("POST", "/access/groups", groupid="ops"), 500, "already exists")
    refused(admin.ask("POST", "/access/groups", groupid="a b"), 400, "groupid")


def test_one_sees_the_groups_that_one_looks_after(nodes: Nodes) -> None:
    admin, ann = root(nodes), logged_in(nodes, "ann@pve")
    admin.post("/access/groups", groupid="one")
    admin.post("/access/groups", groupid="two")
    assert ann.get("/access/groups") == []
    admin.put("/access/acl", path="/access/groups/two", roles="PVEUserAdmin", users="ann@pve")
    assert [row["groupid"] for row in ann.get("/access/groups")] == ["two"]
    refused(ann.ask("POST", "/access/groups", groupid="three"), 403)


def test_roles(nodes: Nodes) -> None:
    admin = root(nodes)
    admin.post("/access/roles", roleid="Watch", privs="VM.Audit Sys.Audit")
    assert admin.get("/access/roles/Watch") == {"Sys.Audit": 1, "VM.Audit": 1}
    admin.put("/access/roles/Watch", privs="VM.Console", append=1)
    assert sorted(admin.get("/access/roles/Watch")) == ["Sys.Audit", "VM.Audit", "VM.Console"]
    admin.put("/access/roles/Watch", privs="VM.Console")
    rows = {row["roleid"]: row for row in admin.get("/access/roles")}
    assert rows["Watch"] == {"roleid": "Watch", "privs": "VM.Console", "special": 0}
    assert rows["Administrator"]["privs"].split(",") == list(PRIVILEGES)
    assert {name for name, row in rows.items() if row["special"]} == set(BUILT_IN_ROLES)
    admin.put("/access/roles/Watch", privs="")
    assert admin.get("/access/roles/Watch") == {}
    admin.put("/access/acl", path="/", roles="Watch", users="ann@pve")
    admin.delete("/access/roles/Watch")
    assert admin.get("/access/acl") == []
    refused(admin.ask("GET", "/access/roles/Watch"), 500, "does not exist")


def test_built_in_roles_stay_as_they_are(nodes: Nodes) -> None:
    admin = root(nodes)
    refused(admin.ask("PUT", "/access/roles/PVEAdmin", privs="VM.Audit"), 500, "built in")
    refused(admin.ask("DELETE", "/access/roles/NoAccess"), 500, "built in")
    refused(admin.ask("POST", "/access/roles", roleid="Administrator"), 500, "already exists")
    refused(admin.ask("POST", "/access/roles", roleid="PVEMine"), 400, "roleid")
    refused(admin.ask("POST", "/access/roles", roleid="pveMine"), 400, "roleid")
    refused(admin.ask("POST", "/access/roles", roleid="Mine", privs="VM.Fly"), 400, "privs")
    refused(admin.ask("PUT", "/access/roles/None", privs="VM.Audit"), 500, "does not exist")
    refused(logged_in(nodes, "ann@pve").ask("POST", "/access/roles", roleid="Mine"), 403)


def test_a_client_may_say_again_what_stands_in_the_path(nodes: Nodes) -> None:
    admin = root(nodes)
    admin.post("/access/groups", groupid="ops")
    admin.put("/access/groups/ops", groupid="ops", comment="said twice")
    assert admin.get("/access/groups/ops", groupid="ops")["comment"] == "said twice"
    refused(admin.ask("PUT", "/access/groups/ops", groupid="net"), 400, "groupid")


def test_empty_lists_are_lists(nodes: Nodes) -> None:
    """Clients send every field of a form, those that are not filled in too."""
    admin = root(nodes)
    given = {"path": "/", "roles": "PVEAuditor", "users": "ann@pve", "groups": "", "tokens": ""}
    admin.put("/access/acl", **given)
    assert [row["ugid"] for row in admin.get("/access/acl")] == ["ann@pve"]
    admin.post("/access/groups", groupid="ops", comment="")
    admin.post("/pools", poolid="dev", comment="")
    admin.put("/pools/dev", vms="", storage="", comment="x")
