"""Users who are not root@pam: logins, API tokens, and what they may not do."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from appliance.api.operations import all_operations
from appliance.api.table import Operation
from appliance.core.access.passwords import hash_password
from appliance.core.access.token_secrets import kept_form
from appliance.core.access.totp import Totp
from appliance.model.events import as_text
from sim.journal import Record
from tests.api.rig import ELSEWHERE, Nodes

PASSWORD = "a long password"
SECRET = "0dd4e4a5-2a5d-4f2e-8a5e-9b6d2f6f1c11"
TOTP_SECRET = b"12345678901234567890"
BASE32 = base64.b32encode(TOTP_SECRET).decode()
USERS = """\
user:root@pam:1:0::::::
user:joe@pve:1:0::::::
token:joe@pve!full:0:0::
token:joe@pve!over:5:0::
token:joe@pve!own:0:1::
user:off@pve:0:0::::::
user:two@pve:1:0:::::x:

acl:1:/:joe@pve:PVEAuditor:
"""
TFA = (
    '{"users": {"two@pve": {"totp": [{"id": "t", "description": "", "created": 1, "enable": true,'
    f' "entry": "otpauth://totp/two?secret={BASE32}"}}]}}}}}}\n'
)


def prepared() -> Nodes:
    nodes = Nodes()
    kept = hash_password(PASSWORD, b"0123456789abcdef")
    nodes.put("user.cfg", USERS)
    nodes.put("priv/shadow.cfg", "".join(f"{name}:{kept}:\n" for name in ("joe", "off", "two")))
    tokens = [f"joe@pve!{name} {kept_form(SECRET)}\n" for name in ("full", "over", "own")]
    nodes.put("priv/token.cfg", "".join(tokens))
    nodes.put("priv/tfa.cfg", TFA)
    nodes.cluster.run(1)
    return nodes


@pytest.fixture(scope="module")
def nodes() -> Nodes:
    return prepared()


def ticket(nodes: Nodes, user: str, password: str = PASSWORD, address: str = ELSEWHERE) -> Any:
    given = {"username": user, "password": password}
    return nodes.ask("POST", "/access/ticket", given, address=address)


def by_token(name: str, secret: str = SECRET) -> dict[str, str]:
    return {"authorization": f"PVEAPIToken=joe@pve!{name}={secret}"}


def test_a_user_of_the_cluster_logs_in(nodes: Nodes) -> None:
    assert ticket(nodes, "joe@pve").data["username"] == "joe@pve"
    for number, (user, password) in enumerate(
        (("joe@pve", "wrong"), ("off@pve", PASSWORD), ("nobody@pve", PASSWORD), ("joe@x1", "x"))
    ):
        refused = ticket(nodes, user, password, f"192.0.2.{100 + number}")
        assert (refused.status, refused.body["message"]) == (401, "authentication failure")


def test_a_second_factor_is_owed_and_no_partial_ticket_is_a_login(nodes: Nodes) -> None:
    first = ticket(nodes, "two@pve").data
    assert first["NeedTFA"] == 1
    partial = first["ticket"]
    assert partial.startswith("PVE:!tfa!")
    headers = {"cookie": f"PVEAuthCookie={partial}"}
    assert nodes.ask("GET", "/version", headers=headers, address=ELSEWHERE).status == 401
    assert ticket(nodes, "two@pve", partial).status == 401
    now_s = nodes.cluster.daemon("n1").ports.clock.wall()
    code = Totp(TOTP_SECRET).at(int(now_s) // 30)
    answer = nodes.ask(
        "POST",
        "/access/ticket",
        {"username": "two@pve", "password": f"totp:{code}", "tfa-challenge": partial},
        address=ELSEWHERE,
    )
    assert answer.data["ticket"].startswith("PVE:two@pve:")
    assert "NeedTFA" not in answer.data
    again = {"username": "two@pve", "password": PASSWORD, "otp": code}
    assert nodes.ask("POST", "/access/ticket", again, address="192.0.2.50").status == 401


def test_tokens(nodes: Nodes) -> None:
    def version(headers: dict[str, str]) -> int:
        return nodes.ask("GET", "/version", headers=headers, address=ELSEWHERE).status

    assert version(by_token("full")) == version(by_token("own")) == 200
    assert version(by_token("over")) == version(by_token("none")) == 401
    assert version(by_token("full", SECRET[:-1] + "2")) == 401
    status = "/cluster/status"
    full = nodes.ask("GET", status, headers=by_token("full"), address=ELSEWHERE)
    own = nodes.ask("GET", status, headers=by_token("own"), address=ELSEWHERE)
    assert full.status != 403
    assert (own.status, own.body["code"]) == (403, "forbidden")


@pytest.mark.parametrize("operation", all_operations(), ids=lambda o: f"{o.verb} {o.path}")
def test_a_user_without_privileges_is_forbidden(nodes: Nodes, operation: Operation) -> None:
    path = operation.path.replace("{", "").replace("}", "")
    answer = nodes.ask(operation.verb, path, headers=by_token("own"), address=ELSEWHERE)
    free = (operation.permission or {}).get("user") in {"world", "all"}
    assert (answer.status == 403) is not free, answer.body


def test_no_secret_reaches_the_journal() -> None:
    nodes = prepared()
    records: list[Record] = []
    nodes.journal.subscribe(records.append)
    for number, word in enumerate((PASSWORD, "a wrong password")):
        ticket(nodes, "joe@pve", word, f"192.0.2.{number}")
        ticket(nodes, word.replace(" ", "-") + "@pve", word, f"192.0.2.{number}")
    nodes.ask("GET", "/version", headers=by_token("full"), address=ELSEWHERE)
    nodes.ask("GET", "/version", headers=by_token("full", "b" * 36), address=ELSEWHERE)
    told = "\n".join(f"{record!r} {as_text(record.event)}" for record in records)
    assert "login" in told
    for secret in (PASSWORD, "wrong-password", "a wrong password", SECRET, "b" * 36, BASE32):
        assert secret not in told
