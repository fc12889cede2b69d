"""What a login gives, who waits for one, and tickets of consoles."""

from __future__ import annotations

from typing import Any

import pytest

from tests.api.access.rig import WORD, logged_in, refused, root, ticket, with_users
from tests.api.rig import ELSEWHERE, Answer, Nodes


@pytest.fixture
def nodes() -> Nodes:
    nodes = Nodes()
    with_users(nodes, "ann", "bob")
    return nodes


def test_a_login_says_what_the_user_may_do(nodes: Nodes) -> None:
    assert ticket(nodes, "ann@pve").data["cap"]["vms"] == {}
    root(nodes).put("/access/acl", path="/vms/100", roles="PVETemplateUser", users="ann@pve")
    assert ticket(nodes, "ann@pve").data["cap"]["vms"] == {"VM.Audit": 1, "VM.Clone": 1}
    assert "Sys.Modify" in ticket(nodes, "root@pam", "correct horse").data["cap"]["dc"]


def test_privileges_can_be_checked_without_a_session(nodes: Nodes) -> None:
    def check(**given: Any) -> Answer:
        asked = {"username": "ann@pve", "password": WORD, **given}
        return nodes.ask("POST", "/access/ticket", asked, address=ELSEWHERE)

    refused(check(path="/vms/100", privs="VM.Audit"), 403, "VM.Audit")
    root(nodes).put("/access/acl", path="/vms", roles="PVEVMUser", users="ann@pve")
    assert check(path="/vms/100", privs="VM.Audit,VM.Console").data == {"username": "ann@pve"}
    refused(check(path="/vms/100", privs="VM.Audit,VM.Allocate"), 403, "VM.Allocate")
    refused(check(path="/vms/100", privs="VM.Audit", password="wrong word"), 401)
    refused(check(path="/vms/100"), 400, "path")
    refused(check(privs="VM.Audit"), 400, "privs")
    refused(check(path="/a b", privs="VM.Audit"), 400, "path")


def test_failing_in_a_name_delays_the_one_who_fails_alone(nodes: Nodes) -> None:
    session = logged_in(nodes, "ann@pve", address="192.0.2.20")
    for _ in range(12):
        ticket(nodes, "ann@pve", "a guess", "192.0.2.66")
    refused(ticket(nodes, "ann@pve", WORD, "192.0.2.66"), 401, "too many failed logins")
    assert ticket(nodes, "ann@pve", WORD, "192.0.2.20").status == 200
    assert ticket(nodes, "ann@pve", WORD, "192.0.2.21").status == 200
    assert session.get("/version")


def test_a_ticket_is_renewed_wherever_others_fail(nodes: Nodes) -> None:
    text = ticket(nodes, "ann@pve", WORD, "192.0.2.66").data["ticket"]
    for number in range(30):
        ticket(nodes, f"user{number}@pve", "a guess", "192.0.2.66")
    for _ in range(6):
        ticket(nodes, "ann@pve", "a guess", "192.0.2.66")
    refused(ticket(nodes, "ann@pve", WORD, "192.0.2.66"), 401, "too many")
    assert ticket(nodes, "ann@pve", text, "192.0.2.66").data["ticket"]


def test_the_ticket_of_a_console_is_for_one_user_one_path_and_a_moment(nodes: Nodes) -> None:
    root(nodes).put("/access/acl", path="/vms/100", roles="PVEVMUser", users="ann@pve")
    accounts = nodes.api("n1")._ports.accounts
    task = nodes.cluster.daemon("n1").boot.spawn(
        accounts.console_ticket("ann@pve", "/vms/100"), "console"
    )
    nodes.cluster.run(1)
    text = task.result()

    def check(**changed: Any) -> Answer:
        asked = {"authid": "ann@pve", "path": "/vms/100", "privs": "VM.Console", "vncticket": text}
        return nodes.ask("POST", "/access/vncticket", {**asked, **changed}, address=ELSEWHERE)

    assert check().data is None
    refused(check(authid="bob@pve"), 401)
    refused(check(path="/vms/101"), 401)
    refused(check(privs="VM.Allocate"), 403, "VM.Allocate")
    refused(check(vncticket=text[:-2] + "AA"), 401)
    refused(check(vncticket="PVEVNC:x"), 401)
    refused(check(path="../x y"), 400, "path")
    root(nodes).put("/access/users/ann@pve", enable=0)
    refused(check(), 401)
    root(nodes).put("/access/users/ann@pve", enable=1)
    nodes.cluster.run(41)
    refused(check(), 401, "expired")


def test_keys_are_there_before_anybody_logs_in() -> None:
    nodes = Nodes()
    nodes.api("n1")
    nodes.cluster.run(1)
    nodes.cluster.cut(("n1",), ("n2", "n3"))
    nodes.cluster.run(10)
    assert ticket(nodes, "root@pam", "correct horse").status == 200


def test_keys_are_made_when_the_quorum_comes() -> None:
    nodes = Nodes()
    cut = nodes.cluster.cut(("n1",), ("n2", "n3"))
    nodes.cluster.run(10)
    nodes.api("n1")
    assert ticket(nodes, "root@pam", "correct horse").status == 500
    nodes.cluster.heal(cut)
    nodes.cluster.run(20)
    assert "quorate-auth.key" in str(nodes.ask("GET", "/store/files").data)
    assert ticket(nodes, "root@pam", "correct horse").status == 200
