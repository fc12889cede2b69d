"""The access control list and what comes out of it, through the API."""

from __future__ import annotations

from typing import Any

import pytest

from appliance.model.access.privileges import PRIVILEGES
from tests.api.access.rig import Caller, logged_in, refused, root, with_users
from tests.api.rig import Nodes


@pytest.fixture
def nodes() -> Nodes:
    nodes = Nodes()
    with_users(nodes, "ann", "bob")
    root(nodes).post("/access/groups", groupid="ops")
    root(nodes).post("/access/users/ann@pve/token/tok")
    return nodes


def grant(caller: Caller, path: str, roles: str, **whom: Any) -> Any:
    return caller.put("/access/acl", path=path, roles=roles, **whom)


def test_roles_are_given_and_taken(nodes: Nodes) -> None:
    admin = root(nodes)
    grant(admin, "vms//100/", "PVEVMUser,PVEAuditor", users="ann@pve", groups="ops")
    grant(admin, "/", "PVEAuditor", tokens="ann@pve!tok", propagate=0)
    rows = admin.get("/access/acl")
    assert rows[0] == {
        "path": "/",
        "type": "token",
        "ugid": "ann@pve!tok",
        "roleid": "PVEAuditor",
        "propagate": 0,
    }
    assert [(row["type"], row["ugid"], row["roleid"]) for row in rows[1:]] == [
        ("group", "ops", "PVEAuditor"),
        ("group", "ops", "PVEVMUser"),
        ("user", "ann@pve", "PVEAuditor"),
        ("user", "ann@pve", "PVEVMUser"),
    ]
    grant(admin, "/vms/100", "PVEVMUser", users="ann@pve", groups="ops", delete=1)
    grant(admin, "/vms/100", "PVEAuditor", groups="ops", delete=1)
    assert [row["ugid"] for row in admin.get("/access/acl")] == ["ann@pve!tok", "ann@pve"]
    grant(admin, "/vms/100", "PVEAuditor", users="gone@pve", delete=1)


@pytest.mark.parametrize(
    ("given", "status", "words"),
    [
        ({"path": "/", "roles": "PVEAuditor"}, 400, "one of users, groups and tokens"),
        ({"path": "/", "roles": "Nothing", "users": "ann@pve"}, 500, "'Nothing' does not exist"),
        ({"path": "/", "roles": "PVEAuditor", "users": "no@pve"}, 500, "no such user"),
        ({"path": "/", "roles": "PVEAuditor", "groups": "none"}, 500, "does not exist"),
        ({"path": "/", "roles": "PVEAuditor", "tokens": "ann@pve!xy"}, 500, "no such token"),
        ({"path": "/nothing", "roles": "PVEAuditor", "users": "ann@pve"}, 400, "path"),
        ({"path": "/vms/../100", "roles": "PVEAuditor", "users": "ann@pve"}, 400, "path"),
        ({"path": "/vms/10 0", "roles": "PVEAuditor", "users": "ann@pve"}, 400, "path"),
        ({"path": "/", "roles": "a b:c", "users": "ann@pve"}, 400, "roles"),
        ({"path": "/", "roles": "PVEAuditor", "users": "ann"}, 400, "users"),
    ],
)
def test_what_cannot_be_given(nodes: Nodes, given: Any, status: int, words: str) -> None:
    refused(root(nodes).ask("PUT", "/access/acl", **given), status, words)
    assert root(nodes).get("/access/acl") == []


def test_who_allocates_guests_hands_on_no_more_than_the_own_rights(nodes: Nodes) -> None:
    admin, ann = root(nodes), logged_in(nodes, "ann@pve")
    grant(admin, "/vms/100", "PVEVMAdmin", users="ann@pve", propagate=0)
    given = {"path": "/vms/100", "users": "bob@pve"}
    refused(ann.ask("PUT", "/access/acl", **given, roles="PVEVMUser"), 403, "propagation")
    refused(ann.ask("PUT", "/access/acl", **given, roles="PVEAdmin", propagate=0), 403)
    refused(ann.ask("PUT", "/access/acl", **given, roles="NoAccess", propagate=0), 403)
    ann.put("/access/acl", **given, roles="PVEVMUser", propagate=0)
    assert [row["ugid"] for row in ann.get("/access/acl")] == ["ann@pve", "bob@pve"]
    ann.put("/access/acl", **given, roles="PVEVMUser", delete=1)
    refused(ann.ask("PUT", "/access/acl", **{**given, "path": "/vms/101"}, roles="PVEVMUser"), 403)
    refused(ann.ask("PUT", "/access/acl", **{**given, "path": "/"}, roles="PVEVMUser"), 403)


def test_permissions_of_one_s_own_and_of_others(nodes: Nodes) -> None:
    admin, ann, bob = (root(nodes), *(logged_in(nodes, f"{n}@pve") for n in ("ann", "bob")))
    assert ann.get("/access/permissions") == {}
    grant(admin, "/vms/100", "PVEVMUser", users="ann@pve", propagate=0)
    found = ann.get("/access/permissions")
    assert list(found) == ["/vms/100"]
    assert set(found["/vms/100"].values()) == {0}
    assert ann.get("/access/permissions", path="/vms/101") == {"/vms/101": {}}
    assert ann.get("/access/permissions", userid="ann@pve!tok") == {}
    refused(bob.ask("GET", "/access/permissions", userid="ann@pve"), 403)
    grant(admin, "/access", "PVEUserAdmin", users="bob@pve")
    refused(bob.ask("GET", "/access/permissions", userid="ann@pve"), 403)
    admin.post("/access/roles", roleid="Look", privs="Sys.Audit")
    grant(admin, "/access", "Look", users="bob@pve")
    assert bob.get("/access/permissions", userid="ann@pve") == found
    refused(bob.ask("GET", "/access/permissions", userid="no@pve"), 500, "no such user")
    refused(bob.ask("GET", "/access/permissions", userid="no"), 400, "userid")
    refused(bob.ask("GET", "/access/permissions", path="/a b"), 400, "path")


def test_root_has_every_privilege_on_top(nodes: Nodes) -> None:
    assert root(nodes).get("/access/permissions")["/"] == dict.fromkeys(PRIVILEGES, 1)


def test_a_change_holds_on_all_nodes(nodes: Nodes) -> None:
    grant(root(nodes), "/", "PVEAuditor", users="ann@pve")
    nodes.cluster.run(2)
    ann = logged_in(nodes, "ann@pve")
    for node in ("n1", "n2", "n3"):
        answer = nodes.ask(
            "GET", "/cluster/config", node=node, headers=ann.headers, address=ann.address
        )
        assert answer.status == 200
