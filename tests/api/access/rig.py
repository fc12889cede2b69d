"""Somebody who asks a simulated node: by ticket, by token, or as root@pam on the node itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.api.rig import ELSEWHERE, Answer, Nodes

WORD = "a long password"


class Caller:
    """Asks with these headers from that address; without any as root@pam on the node itself."""

    def __init__(
        self, nodes: Nodes, headers: Mapping[str, str] | None = None, address: str = ""
    ) -> None:
        self.nodes, self.headers, self.address = nodes, dict(headers or {}), address

    def ask(self, verb: str, path: str, /, **given: Any) -> Answer:
        return self.nodes.ask(verb, path, given, headers=self.headers, address=self.address)

    def get(self, path: str, /, **given: Any) -> Any:
        return self.ask("GET", path, **given).data

    def post(self, path: str, /, **given: Any) -> Any:
        return self.ask("POST", path, **given).data

    def put(self, path: str, /, **given: Any) -> Any:
        return self.ask("PUT", path, **given).data

    def delete(self, path: str, /, **given: Any) -> Any:
        return self.ask("DELETE", path, **given).data


def refused(answer: Answer, status: int, words: str = "") -> None:
    """Fail unless it was refused so, with these words among the reasons."""
    told = f"{answer.body.get('message')} {answer.body.get('errors')}"
    assert answer.status == status, (answer.status, told)
    assert words in told


def root(nodes: Nodes) -> Caller:
    return Caller(nodes)


def by_token(nodes: Nodes, tokenid: str, secret: str) -> Caller:
    return Caller(nodes, {"authorization": f"PVEAPIToken={tokenid}={secret}"}, ELSEWHERE)


def ticket(nodes: Nodes, user: str, word: str = WORD, address: str = ELSEWHERE) -> Answer:
    given = {"username": user, "password": word}
    return nodes.ask("POST", "/access/ticket", given, address=address)


def logged_in(nodes: Nodes, user: str, word: str = WORD, address: str = ELSEWHERE) -> Caller:
    session = ticket(nodes, user, word, address).data
    headers = {
        "cookie": f"PVEAuthCookie={session['ticket']}",
        "csrfpreventiontoken": session["CSRFPreventionToken"],
    }
    return Caller(nodes, headers, address)


def with_users(nodes: Nodes, *names: str) -> None:
    """Users of the realm pve with the same password."""
    for name in names:
        root(nodes).post("/access/users", userid=f"{name}@pve", password=WORD)
