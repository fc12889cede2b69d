"""A served cluster in a thread of its own, for tests that ask it as clients do."""

from __future__ import annotations

import http.client
import json
import ssl
from typing import Any
from urllib.parse import urlencode, urlsplit

from scenarios.served.background import Served


def raw(
    served: Served,
    node: str,
    verb: str,
    path: str,
    headers: dict[str, str] | None = None,
    body: bytes = b"",
) -> tuple[int, str, Any]:
    """Status, reason and data of an answer; OSError as a client of the library sees it."""
    line = connect(served, node)
    try:
        line.request(verb, f"/api2/json{path}", body, headers or {})
        answer = line.getresponse()
        return answer.status, answer.reason, json.loads(answer.read() or b"null")
    finally:
        line.close()


def connect(served: Served, node: str) -> http.client.HTTPSConnection:
    parts = urlsplit(served.urls[node])
    context = ssl.create_default_context(cafile=served.ca)
    return http.client.HTTPSConnection(str(parts.hostname), parts.port, timeout=30, context=context)


def login(served: Served, node: str) -> dict[str, str]:
    """Headers of somebody who has logged in."""
    form = urlencode({"username": served.user, "password": served.password})
    status, reason, found = raw(served, node, "POST", "/access/ticket", {}, form.encode())
    assert status == 200, reason
    return {
        "cookie": f"PVEAuthCookie={found['data']['ticket']}",
        "csrfpreventiontoken": found["data"]["CSRFPreventionToken"],
    }
