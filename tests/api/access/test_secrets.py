"""No secret that anybody gives, or gets, is told to the journal, to a task's log or in an error."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from appliance.core.access.totp import Totp
from appliance.model.access.directory import DirectoryContent
from appliance.model.events import as_text
from sim.journal import Record
from tests.api.access.rig import Caller, by_token, logged_in, root, ticket
from tests.api.rig import ELSEWHERE, Nodes

FIRST, SECOND, WRONG = "first-word-1", "second-word-2", "wrong-word-3"
DIRECTORY = "directory-word-4"
CLIENT = "client-word-5"
TOTP = b"0123456789-secret-6"


class Watched:
    """A cluster whose journal and refusals are kept, and the secrets that went in and out."""

    def __init__(self) -> None:
        self.nodes = Nodes()
        self.nodes.api("n1")
        self.records: list[Record] = []
        self.nodes.journal.subscribe(self.records.append)
        self.secrets = [FIRST, SECOND, WRONG, DIRECTORY, CLIENT, base64.b32encode(TOTP).decode()]
        self.refusals: list[str] = []

    def told(self) -> str:
        lines = [f"{record!r} {as_text(record.event)}" for record in self.records]
        return "\n".join(lines + self.refusals)

    def refused(self, caller: Caller, verb: str, path: str, **given: Any) -> None:
        answer = caller.ask(verb, path, **given)
        assert answer.status != 200
        self.refusals.append(f"{answer.reason} {answer.body}")


@pytest.fixture(scope="module")
def watched() -> Watched:
    watched = Watched()
    _passwords(watched)
    _tokens(watched)
    _factors(watched)
    _realms(watched)
    return watched


def _passwords(watched: Watched) -> None:
    nodes, admin = watched.nodes, root(watched.nodes)
    admin.post("/access/users", userid="ann@pve", password=FIRST)
    session = ticket(nodes, "ann@pve", FIRST).data
    watched.secrets += [session["ticket"], session["CSRFPreventionToken"]]
    ann = logged_in(nodes, "ann@pve", FIRST)
    change = {"userid": "ann@pve", "password": SECOND}
    watched.refused(ann, "PUT", "/access/password", **change, **{"confirmation-password": WRONG})
    ann.put("/access/password", **change, **{"confirmation-password": FIRST})
    for name in ("ann@pve", WRONG, f"{WRONG}@pve"):
        assert ticket(nodes, name, WRONG, "192.0.2.90").status == 401
    watched.refused(admin, "POST", "/access/users", userid="bob@pve", password="wr-w 3")
    watched.secrets.append("wr-w 3")
    watched.refused(admin, "PUT", "/access/users/ann@pve", keys=f"{WRONG} !")
    renewed = ticket(nodes, "ann@pve", session["ticket"]).data
    watched.secrets.append(renewed["ticket"])
    assert ticket(nodes, "ann@pve", session["ticket"][:-1], "192.0.2.91").status == 401


def _tokens(watched: Watched) -> None:
    nodes, admin = watched.nodes, root(watched.nodes)
    path = "/access/users/ann@pve/token/tok"
    old = admin.post(path)["value"]
    new = admin.put(path, regenerate=1)["value"]
    watched.secrets += [old, new]
    assert by_token(nodes, "ann@pve!tok", new).get("/version")
    watched.refused(by_token(nodes, "ann@pve!tok", old), "GET", "/version")
    watched.refused(by_token(nodes, "ann@pve", new), "GET", "/version")
    admin.delete(path)


def _factors(watched: Watched) -> None:
    nodes, admin = watched.nodes, root(watched.nodes)
    uri = f"otpauth://totp/x?secret={base64.b32encode(TOTP).decode()}"
    now_s = nodes.cluster.daemon("n1").ports.clock.wall()
    code = Totp(TOTP).at(int(now_s) // 30)
    path = "/access/tfa/ann@pve"
    watched.refused(admin, "POST", path, type="totp", totp=uri, value="123")
    watched.refused(admin, "POST", path, type="totp", totp=f"{uri}&digits=99", value=code)
    admin.post(path, type="totp", totp=uri, value=code)
    keys = admin.post(path, type="recovery")["recovery"]
    watched.secrets += [code, *keys]
    partial = ticket(nodes, "ann@pve", SECOND).data["ticket"]
    watched.secrets.append(partial)
    for answer in (f"totp:{code}", f"recovery:{keys[0]}", f"recovery:{keys[0]}"):
        given = {"username": "ann@pve", "password": answer, "tfa-challenge": partial}
        nodes.ask("POST", "/access/ticket", given, address=ELSEWHERE)


def _realms(watched: Watched) -> None:
    nodes, admin = watched.nodes, root(watched.nodes)
    ldap = {"type": "ldap", "server1": "x", "base_dn": "y", "user_attr": "uid"}
    nodes.outside.directory.content_of["corp"] = DirectoryContent()
    admin.post("/access/domains", realm="corp", password=DIRECTORY, **ldap)
    watched.refused(admin, "PUT", "/access/domains/pve", password=DIRECTORY)
    watched.refused(admin, "PUT", "/access/domains/corp", password=f"{DIRECTORY}\n")
    upid = admin.post("/access/domains/corp/sync", scope="both")
    nodes.cluster.run(2)
    watched.refusals.append(str(admin.get(f"/nodes/n1/tasks/{upid}/log")))
    sso = {"issuer-url": "https://sso", "client-id": "q", "client-key": CLIENT}
    admin.post("/access/domains", realm="sso", type="openid", **sso)
    for path in ("/access/domains", "/access/domains/corp", "/access/domains/sso"):
        watched.refusals.append(str(admin.get(path)))
    given = {"code": WRONG, "state": WRONG, "redirect-url": "https://x"}
    assert nodes.ask("POST", "/access/openid/login", given, address=ELSEWHERE).status == 401


def test_no_secret_is_told(watched: Watched) -> None:
    told = watched.told()
    assert len(watched.records) > 20
    assert "password of ann@pve changed" in told
    assert [secret for secret in watched.secrets if secret in told] == []


def test_no_secret_is_kept_in_clear(watched: Watched) -> None:
    """But for what is shown to others: a directory's password, our key at a provider."""
    paths = [row["path"] for row in watched.nodes.ask("GET", "/store/files").data]
    files = [watched.nodes.ask("GET", f"/store/files/{path}").data["content"] for path in paths]
    public = [text for path, text in zip(paths, files, strict=True) if "priv/" not in path]
    kept = {DIRECTORY, CLIENT, base64.b32encode(TOTP).decode()}
    hidden = [secret for secret in watched.secrets if secret not in kept and len(secret) > 6]
    assert [secret for secret in hidden if secret in json.dumps(files)] == []
    assert DIRECTORY not in json.dumps(public)
