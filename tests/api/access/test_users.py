"""Users and passwords through the API."""

from __future__ import annotations

from typing import Any

import pytest

from appliance.api.http import HttpRequest
from tests.api.access.rig import WORD, logged_in, refused, root, ticket, with_users
from tests.api.rig import Nodes


@pytest.fixture
def nodes() -> Nodes:
    nodes = Nodes()
    with_users(nodes, "ann", "bob")
    return nodes


def test_a_user_is_made_looked_at_changed_and_deleted(nodes: Nodes) -> None:
    admin = root(nodes)
    admin.post("/access/groups", groupid="ops")
    admin.post("/access/groups", groupid="net")
    given = {"firstname": "Carl", "email": "carl@example.org", "comment": "new: 100%"}
    admin.post("/access/users", userid="carl@pve", groups="ops", expire=0, **given)
    found = admin.get("/access/users/carl@pve")
    assert found == {"enable": 1, "expire": 0, **given, "groups": ["ops"], "tokens": {}}
    admin.put("/access/users/carl%40pve", comment="", groups="net", append=1)
    found = admin.get("/access/users/carl@pve")
    assert "comment" not in found
    assert (found["firstname"], found["groups"]) == ("Carl", ["net", "ops"])
    admin.put("/access/users/carl@pve", groups="net")
    assert admin.get("/access/users/carl@pve")["groups"] == ["net"]
    admin.put("/access/users/carl@pve", groups="")
    assert admin.get("/access/users/carl@pve")["groups"] == []
    admin.delete("/access/users/carl@pve")
    refused(admin.ask("GET", "/access/users/carl@pve"), 500, "no such user ('carl@pve')")


def test_the_list_has_what_it_is_asked_for(nodes: Nodes) -> None:
    admin = root(nodes)
    admin.put("/access/users/bob@pve", enable=0)
    admin.post("/access/users/ann@pve/token/tok", privsep=0)
    rows = {row["userid"]: row for row in admin.get("/access/users", full=1)}
    assert sorted(rows) == ["ann@pve", "bob@pve", "root@pam"]
    assert rows["ann@pve"]["tokens"] == [{"tokenid": "tok", "expire": 0, "privsep": 0}]
    assert (rows["ann@pve"]["realm-type"], rows["root@pam"]["realm-type"]) == ("pve", "pam")
    assert "tokens" not in admin.get("/access/users")[0]
    disabled = admin.get("/access/users", enabled=0)
    assert [row["userid"] for row in disabled] == ["bob@pve"]
    assert len(admin.get("/access/users", enabled=1)) == 2


def test_a_change_leaves_alone_what_it_does_not_name(nodes: Nodes) -> None:
    """A disabled user is not enabled by the default of an option that was not given."""
    admin = root(nodes)
    admin.put("/access/users/bob@pve", enable=0, expire=2_000_000_000)
    admin.put("/access/users/bob@pve", comment="x")
    found = admin.get("/access/users/bob@pve")
    assert (found["enable"], found["expire"]) == (0, 2_000_000_000)
    refused(ticket(nodes, "bob@pve"), 401)


@pytest.mark.parametrize(
    ("given", "status", "words"),
    [
        ({"userid": "ann@pve"}, 500, "already exists"),
        ({"userid": "new@nowhere"}, 400, "userid"),
        ({"userid": "new"}, 400, "userid"),
        ({"userid": "a b@pve"}, 400, "userid"),
        ({"userid": "a:b@pve"}, 400, "userid"),
        ({"userid": "x" * 64 + "@pve"}, 400, "userid"),
        ({"userid": "new@pve", "password": "short"}, 400, "password"),
        ({"userid": "new@pve", "groups": "none"}, 500, "no such group 'none'"),
        ({"userid": "new@pve", "email": "nobody"}, 400, "email"),
        ({"userid": "new@pve", "expire": -1}, 400, "expire"),
        ({"userid": "new@pam", "password": WORD}, 500, "no user 'new' of the operating system"),
    ],
)
def test_what_cannot_be_made(nodes: Nodes, given: dict[str, Any], status: int, words: str) -> None:
    before = root(nodes).get("/access/users")
    refused(root(nodes).ask("POST", "/access/users", **given), status, words)
    assert root(nodes).get("/access/users") == before


def test_upper_case_is_another_user_only_where_the_realm_says_so(nodes: Nodes) -> None:
    root(nodes).post("/access/users", userid="ANN@pve")
    nodes.put(
        "domains.cfg",
        "ad: ad\n\tdomain example.org\n\tserver1 ad1\n\tcase-sensitive 0\n",
    )
    root(nodes).post("/access/users", userid="joe@ad")
    refused(root(nodes).ask("POST", "/access/users", userid="JOE@ad"), 500, "already exists")


def test_root_cannot_be_deleted(nodes: Nodes) -> None:
    refused(root(nodes).ask("DELETE", "/access/users/root@pam"), 500, "cannot be deleted")


def test_whoever_is_gone_leaves_no_secret_behind(nodes: Nodes) -> None:
    admin = root(nodes)
    admin.post("/access/groups", groupid="ops")
    admin.put("/access/users/ann@pve", groups="ops")
    admin.post("/access/users/ann@pve/token/tok")
    admin.put("/access/acl", path="/", roles="PVEAuditor", users="ann@pve", tokens="ann@pve!tok")
    admin.delete("/access/users/ann@pve")
    for path in ("user.cfg", "priv/shadow.cfg", "priv/token.cfg"):
        assert "ann" not in nodes.ask("GET", f"/store/files/{path}").data["content"]
    assert admin.get("/access/groups/ops") == {"members": []}
    admin.post("/access/users", userid="ann@pve", password="another password")
    refused(ticket(nodes, "ann@pve"), 401)
    assert admin.get("/access/permissions", userid="ann@pve") == {}


def test_one_s_own_password(nodes: Nodes) -> None:
    ann = logged_in(nodes, "ann@pve")
    new = {"userid": "ann@pve", "password": "the new password"}
    refused(ann.ask("PUT", "/access/password", **new), 400, "your own password is needed")
    wrong = ann.ask("PUT", "/access/password", **new, **{"confirmation-password": "a wrong one"})
    refused(wrong, 401, "authentication failure")
    ann.put("/access/password", **new, **{"confirmation-password": WORD})
    refused(ticket(nodes, "ann@pve"), 401)
    assert logged_in(nodes, "ann@pve", "the new password").get("/version")


def test_the_password_of_others(nodes: Nodes) -> None:
    ann, new = logged_in(nodes, "ann@pve"), {"password": "the new password"}
    asked = {"userid": "bob@pve", **new, "confirmation-password": WORD}
    refused(ann.ask("PUT", "/access/password", **asked), 403)
    admin = root(nodes)
    admin.put("/access/acl", path="/access", roles="PVEUserAdmin", users="ann@pve")
    ann.put("/access/password", **asked)
    assert logged_in(nodes, "bob@pve", "the new password").get("/version")
    mighty = ann.ask("PUT", "/access/password", **{**asked, "userid": "root@pam"})
    refused(mighty, 403, "only root@pam")
    admin.put("/access/password", userid="bob@pve", password="by root itself")
    assert logged_in(nodes, "bob@pve", "by root itself").get("/version")
    refused(admin.ask("PUT", "/access/password", userid="no@pve", **new), 500, "no such user")


def test_the_password_of_the_operating_system_is_changed_on_this_node(nodes: Nodes) -> None:
    admin, new = root(nodes), "another horse"
    admin.put("/access/password", userid="root@pam", password=new)
    refused(ticket(nodes, "root@pam", "correct horse"), 401)
    assert logged_in(nodes, "root@pam", new).get("/version")
    elsewhere = {"username": "root@pam", "password": "correct horse"}
    assert (
        nodes.ask("POST", "/access/ticket", elsewhere, node="n2", address="192.0.2.9").status == 200
    )
    by_root = logged_in(nodes, "root@pam", new)
    by_root.put("/access/password", userid="root@pam", password="correct horse")
    admin.post("/access/users", userid="ghost@pam")
    refused(
        admin.ask("PUT", "/access/password", userid="ghost@pam", password=WORD),
        500,
        "no user 'ghost' of the operating system",
    )


def test_where_passwords_are_not_the_cluster_s(nodes: Nodes) -> None:
    nodes.put("domains.cfg", "ad: corp\n\tdomain example.org\n\tserver1 ad1\n")
    given = {"userid": "joe@corp", "password": WORD}
    refused(root(nodes).ask("POST", "/access/users", **given), 500, "not kept by the cluster")
    root(nodes).post("/access/users", userid="joe@corp")
    refused(root(nodes).ask("PUT", "/access/password", **given), 500, "not kept by the cluster")


def test_who_may_see_whom(nodes: Nodes) -> None:
    admin, ann = root(nodes), logged_in(nodes, "ann@pve")
    assert [row["userid"] for row in ann.get("/access/users")] == ["ann@pve"]
    refused(ann.ask("GET", "/access/users/bob@pve"), 403)
    admin.post("/access/groups", groupid="ops")
    admin.put("/access/users/bob@pve", groups="ops")
    admin.put("/access/acl", path="/access/groups/ops", roles="PVEUserAdmin", users="ann@pve")
    assert [row["userid"] for row in ann.get("/access/users")] == ["ann@pve", "bob@pve"]
    assert ann.get("/access/users/bob@pve")["groups"] == ["ops"]
    ann.put("/access/users/bob@pve", comment="looked after")
    refused(ann.ask("DELETE", "/access/users/bob@pve"), 403)
    made = ann.ask("POST", "/access/users", userid="new@pve", groups="ops")
    refused(made, 403, "Realm.AllocateUser")
    admin.put("/access/acl", path="/access/realm/pve", roles="PVEUserAdmin", users="ann@pve")
    refused(ann.ask("POST", "/access/users", userid="new@pve"), 403)
    ann.post("/access/users", userid="new@pve", groups="ops")
    ann.delete("/access/users/new@pve")


def test_two_makers_of_one_user_and_one_wins(nodes: Nodes) -> None:
    """Both are asked before either has answered."""
    api = [nodes.api(node) for node in ("n1", "n2")]
    request = HttpRequest("POST", "/api2/json/access/users", body=b"userid=twin@pve")
    tasks = [
        nodes.cluster.daemon(node).boot.spawn(one.handle(request), "create")
        for node, one in zip(("n1", "n2"), api, strict=True)
    ]
    nodes.cluster.run(20)
    assert sorted(task.result().status for task in tasks) == [200, 500]
