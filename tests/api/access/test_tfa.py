"""Second factors through the API."""

from __future__ import annotations

import base64
import json
import re
from typing import Any

import pytest

from appliance.core.access.totp import Totp
from tests.api.access.rig import WORD, Caller, by_token, logged_in, refused, root, with_users
from tests.api.rig import ELSEWHERE, Answer, Nodes

SECRET = b"12345678901234567890"
URI = f"otpauth://totp/quorate:ann?secret={base64.b32encode(SECRET).decode()}"
ANN = "/access/tfa/ann@pve"


@pytest.fixture
def nodes() -> Nodes:
    nodes = Nodes()
    with_users(nodes, "ann", "bob")
    return nodes


def code(nodes: Nodes, steps: int = 0) -> str:
    now_s = nodes.cluster.daemon("n1").ports.clock.wall()
    return Totp(SECRET).at(int(now_s) // 30 + steps)


def add_totp(caller: Caller, **more: Any) -> Answer:
    given = {"type": "totp", "totp": URI, "value": code(caller.nodes), "description": "phone"}
    return caller.ask("POST", ANN, **{**given, **more})


def login(nodes: Nodes, **given: Any) -> Answer:
    asked = {"username": "ann@pve", **{n.replace("_", "-"): v for n, v in given.items()}}
    return nodes.ask("POST", "/access/ticket", asked, address=ELSEWHERE)


def test_one_time_passwords(nodes: Nodes) -> None:
    ann = logged_in(nodes, "ann@pve")
    added = add_totp(ann, password=WORD).data
    (entry,) = ann.get(ANN)
    assert entry == {
        "id": added["id"],
        "type": "totp",
        "description": "phone",
        "enable": 1,
        "created": entry["created"],
    }
    assert ann.get(f"{ANN}/{added['id']}") == entry
    assert ann.get("/access/users/ann@pve/tfa") == {"user": "oath"}
    assert ann.get("/access/users/ann@pve/tfa", multiple=1) == {"types": ["totp"]}
    partial = login(nodes, password=WORD).data
    assert partial["NeedTFA"] == 1
    assert "cap" not in partial
    nodes.cluster.run(60)
    answered = login(nodes, password=f"totp:{code(nodes)}", tfa_challenge=partial["ticket"])
    assert answered.data["ticket"].startswith("PVE:ann@pve:")
    again = login(nodes, password=f"totp:{code(nodes)}", tfa_challenge=partial["ticket"])
    refused(again, 401)
    ann.put(f"{ANN}/{added['id']}", description="", enable=0, password=WORD)
    assert "NeedTFA" not in login(nodes, password=WORD).data
    assert ann.get(ANN)[0]["enable"] == 0
    ann.delete(f"{ANN}/{added['id']}", password=WORD)
    assert ann.get(ANN) == []
    refused(ann.ask("GET", f"{ANN}/{added['id']}"), 500, "no such second factor")


def test_the_password_that_proves_the_app_is_no_login(nodes: Nodes) -> None:
    add_totp(root(nodes))
    partial = login(nodes, password=WORD).data["ticket"]
    refused(login(nodes, password=f"totp:{code(nodes)}", tfa_challenge=partial), 401)


def test_recovery_keys(nodes: Nodes) -> None:
    ann = logged_in(nodes, "ann@pve")
    made = ann.post(ANN, type="recovery", password=WORD)
    assert made["id"] == "recovery"
    assert len(set(made["recovery"])) == 10
    assert all(re.fullmatch(r"[0-9a-f]{4}(-[0-9a-f]{4}){3}", key) for key in made["recovery"])
    refused(ann.ask("POST", ANN, type="recovery", password=WORD), 500, "already")
    assert [entry["type"] for entry in ann.get(ANN)] == ["recovery"]
    assert ann.get("/access/users/ann@pve/tfa", multiple=1) == {"types": ["recovery"]}
    key = made["recovery"][3]
    partial = login(nodes, password=WORD).data["ticket"]
    assert login(nodes, password=f"recovery:{key}", tfa_challenge=partial).status == 200
    refused(login(nodes, password=f"recovery:{key}", tfa_challenge=partial), 401)
    refused(ann.ask("PUT", f"{ANN}/recovery", enable=0, password=WORD), 500, "nothing that can")
    ann.delete(f"{ANN}/recovery", password=WORD)
    assert "NeedTFA" not in login(nodes, password=WORD).data


def test_one_s_own_password_is_asked_for(nodes: Nodes) -> None:
    ann, admin = logged_in(nodes, "ann@pve"), root(nodes)
    refused(add_totp(ann), 400, "your own password")
    refused(add_totp(ann, password="a wrong word"), 401)
    entry = add_totp(admin).data["id"]  # root@pam needs none
    for verb in ("PUT", "DELETE"):
        refused(ann.ask(verb, f"{ANN}/{entry}"), 400, "your own password")
    token = admin.post("/access/users/ann@pve/token/tok", privsep=0)["value"]
    refused(add_totp(by_token(nodes, "ann@pve!tok", token), password=WORD), 403, "API tokens")


def test_who_may_see_and_change_whose(nodes: Nodes) -> None:
    admin, bob = root(nodes), logged_in(nodes, "bob@pve")
    entry = add_totp(admin).data["id"]
    assert bob.get("/access/tfa") == []
    refused(bob.ask("GET", ANN), 403)
    refused(bob.ask("DELETE", f"{ANN}/{entry}", password=WORD), 403)
    admin.put("/access/acl", path="/access/groups", roles="PVEUserAdmin", users="bob@pve")
    assert [row["userid"] for row in bob.get("/access/tfa")] == ["ann@pve"]
    bob.delete(f"{ANN}/{entry}", password=WORD)
    of_root = bob.ask("POST", "/access/tfa/root@pam", type="recovery", password=WORD)
    refused(of_root, 403, "root@pam")


@pytest.mark.parametrize(
    ("given", "status", "words"),
    [
        ({"value": None}, 400, "value"),
        ({"totp": None}, 400, "totp"),
        ({"value": "000000"}, 400, "not the present one-time password"),
        ({"totp": "otpauth://hotp/x?secret=AAAA"}, 400, "totp"),
        ({"totp": "otpauth://totp/x?secret=A"}, 400, "totp"),
        ({"type": "webauthn"}, 500, "cannot be set up here"),
        ({"type": "magic"}, 400, "type"),
        ({"description": "x" * 256}, 400, "description"),
    ],
)
def test_what_cannot_be_added(nodes: Nodes, given: Any, status: int, words: str) -> None:
    asked = {"type": "totp", "totp": URI, "value": code(nodes), "description": "x", **given}
    whole = {name: value for name, value in asked.items() if value is not None}
    refused(root(nodes).ask("POST", ANN, **whole), status, words)
    assert root(nodes).get(ANN) == []


def test_of_nobody(nodes: Nodes) -> None:
    refused(root(nodes).ask("POST", "/access/tfa/no@pve", type="recovery"), 500, "no such user")
    refused(root(nodes).ask("GET", "/access/tfa/no@pve"), 500, "no such user")
    refused(root(nodes).ask("PUT", "/access/users/no@pve/unlock-tfa"), 500, "no such user")


def test_a_lock_is_told_and_taken_away(nodes: Nodes) -> None:
    admin = root(nodes)
    add_totp(admin)
    for number in range(8):
        partial = login(nodes, password=WORD)
        challenge = partial.data["ticket"]
        place = f"192.0.2.{100 + number}"
        given = {"username": "ann@pve", "password": "totp:000000", "tfa-challenge": challenge}
        assert nodes.ask("POST", "/access/ticket", given, address=place).status == 401
    assert admin.get("/access/tfa")[0]["totp-locked"] == 1
    rows = {row["userid"]: row for row in admin.get("/access/users")}
    assert rows["ann@pve"]["totp-locked"] == 1
    assert admin.put("/access/users/ann@pve/unlock-tfa") == 1
    assert admin.put("/access/users/ann@pve/unlock-tfa") == 0
    assert "totp-locked" not in admin.get("/access/tfa")[0]


def test_factors_of_other_kinds_are_shown_and_can_be_removed(nodes: Nodes) -> None:
    admin = root(nodes)
    key = {"id": "k", "description": "old key", "created": 5, "enable": True, "entry": {}}
    nodes.put("priv/tfa.cfg", json.dumps({"users": {"ann@pve": {"webauthn": [key]}}}))
    assert admin.get(ANN) == [
        {"id": "k", "type": "webauthn", "description": "old key", "created": 5, "enable": 1}
    ]
    admin.put(f"{ANN}/k", enable=0)
    assert admin.get(f"{ANN}/k")["enable"] == 0
    admin.delete(f"{ANN}/k")
    assert admin.get("/access/tfa") == []
