"""Logins, tickets, and what nobody may do without them."""

from __future__ import annotations

from urllib.parse import quote

import pytest

from appliance.api.operations import all_operations
from appliance.api.table import WORLD, Operation
from tests.api.rig import ELSEWHERE, Nodes

ROOT = {"username": "root@pam", "password": "correct horse"}


@pytest.fixture(scope="module")
def nodes() -> Nodes:
    return Nodes()


def login(nodes: Nodes, node: str = "n1") -> dict[str, str]:
    found: dict[str, str] = nodes.ask(
        "POST", "/access/ticket", ROOT, node=node, address=ELSEWHERE
    ).data
    return found


def shown(session: dict[str, str], *, csrf: bool = True) -> dict[str, str]:
    cookie = {"cookie": f"PVEAuthCookie={session['ticket']}"}
    return {**cookie, "csrfpreventiontoken": session["CSRFPreventionToken"]} if csrf else cookie


def test_a_ticket_of_one_node_is_good_on_all(nodes: Nodes) -> None:
    session = login(nodes)
    assert session["username"] == "root@pam"
    for node in ("n1", "n2", "n3"):
        nodes.cluster.run(1)
        answer = nodes.ask("GET", "/version", node=node, headers=shown(session), address=ELSEWHERE)
        assert answer.data["version"]


def test_a_cookie_may_be_percent_encoded(nodes: Nodes) -> None:
    ticket = quote(login(nodes)["ticket"], safe="")
    headers = {"cookie": f"x=1; PVEAuthCookie={ticket}; path=/; secure=1"}
    assert nodes.ask("GET", "/version", headers=headers, address=ELSEWHERE).status == 200


def test_writes_need_the_csrf_token(nodes: Nodes) -> None:
    session = login(nodes)
    form = {"content": "x"}

    def put(headers: dict[str, str]) -> int:
        path = "/store/files/csrf"
        return nodes.ask("PUT", path, form, headers=headers, address=ELSEWHERE).status

    assert put(shown(session, csrf=False)) == 401
    assert put({**shown(session), "csrfpreventiontoken": "65000000:x"}) == 401
    assert put(shown(session)) == 200


def test_a_ticket_renews_itself(nodes: Nodes) -> None:
    session = login(nodes)
    renewed = nodes.ask(
        "POST",
        "/access/ticket",
        {"username": "root", "realm": "pam", "password": session["ticket"]},
        address=ELSEWHERE,
    )
    assert renewed.data["username"] == "root@pam"
    stolen = {"username": "other@pam", "password": session["ticket"]}
    assert nodes.ask("POST", "/access/ticket", stolen, address="192.0.2.8").status == 401


def test_a_ticket_runs_out() -> None:
    nodes = Nodes()
    session = login(nodes)
    nodes.cluster.run(7300)
    late = nodes.ask("GET", "/version", headers=shown(session), address=ELSEWHERE)
    assert late.status == 401
    assert "expired" in late.reason


def test_keys_are_rotated_and_tickets_outlive_that() -> None:
    nodes = Nodes()
    login(nodes)
    nodes.cluster.run(24 * 3600 - 60)
    session = login(nodes)
    before = nodes.ask("GET", "/store/files/priv/quorate-auth.key").data["version"]
    nodes.cluster.run(120)
    login(nodes)
    assert nodes.ask("GET", "/store/files/priv/quorate-auth.key").data["version"] > before
    answer = nodes.ask("GET", "/version", headers=shown(session), address=ELSEWHERE)
    assert answer.status == 200


@pytest.mark.parametrize(
    "given",
    [
        {"username": "root@pam", "password": "wrong"},
        {"username": "nobody@pam", "password": "correct horse"},
        {"username": "root@pve", "password": "correct horse"},
        {"username": "root", "password": "correct horse"},
        {"username": "root@pam", "password": "correct horse\x00"},
    ],
)
def test_bad_logins_all_read_the_same(given: dict[str, str]) -> None:
    nodes = Nodes()
    answer = nodes.ask("POST", "/access/ticket", given, address=ELSEWHERE)
    if "\x00" in given["password"]:
        assert "password" in answer.errors
    else:
        assert (answer.status, answer.body["message"]) == (401, "authentication failure")


def test_who_fails_often_waits() -> None:
    nodes = Nodes()
    bad = {"username": "root@pam", "password": "guess"}
    messages = [
        nodes.ask("POST", "/access/ticket", bad, address=ELSEWHERE).body["message"]
        for _ in range(6)
    ]
    assert messages[4] == "authentication failure"
    assert "too many failed logins" in messages[5]
    right = nodes.ask("POST", "/access/ticket", ROOT, address=ELSEWHERE)
    assert "too many" in right.body["message"], "also who knows the password by now"
    nodes.cluster.run(10)
    assert nodes.ask("POST", "/access/ticket", ROOT, address=ELSEWHERE).status == 200


@pytest.mark.parametrize("operation", all_operations(), ids=lambda o: f"{o.verb} {o.path}")
def test_nothing_but_the_public_is_answered_without_a_login(
    nodes: Nodes, operation: Operation
) -> None:
    path = operation.path.replace("{", "").replace("}", "")
    answer = nodes.ask(operation.verb, path, address=ELSEWHERE)
    if operation.permission == WORLD:
        assert answer.status in (200, 400)
    else:
        assert answer.status == 401


def test_the_ticket_of_a_dead_key_is_nobody_s(nodes: Nodes) -> None:
    for text in ("", "PVE:root@pam:00000000::x", "x" * 5000, "PVE:root@pam:65000000::" + "A" * 44):
        headers = {"cookie": f"PVEAuthCookie={text}"}
        assert nodes.ask("GET", "/version", headers=headers, address=ELSEWHERE).status == 401
    for text in ("PVEAPIToken=root@pam!a=b", "PVEAPIToken=", "PVEAPIToken x"):
        headers = {"authorization": text}
        assert nodes.ask("GET", "/version", headers=headers, address=ELSEWHERE).status == 401


def test_a_bad_cookie_keeps_nobody_from_logging_in(nodes: Nodes) -> None:
    headers = {"cookie": "PVEAuthCookie=rubbish", "authorization": "PVEAPIToken=rubbish"}
    answer = nodes.ask("POST", "/access/ticket", ROOT, headers=headers, address=ELSEWHERE)
    assert answer.status == 200
