"""Requests and answers as they travel: bytes, headers and where they come from."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from appliance.model.errors import ConfigError, TooLargeError
from appliance.model.percent import decode_text

MAX_BODY_BYTES: Final = 4 * 1024 * 1024
MAX_PARAMETERS: Final = 2000
LOCAL: Final = ""  # the address of whoever came through the local socket
JSON_TYPE: Final = "application/json;charset=UTF-8"

Raw = dict[str, Any]  # texts, lists of texts where a name came again, JSON values


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """A request with its whole body.

    path and query are still percent-encoded. headers: names in lower case. address: of the client,
    or LOCAL for the local socket, which only root can open.
    """

    verb: str
    path: str
    query: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    address: str = LOCAL


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    """stream: the body comes piece by piece, after `body`. reason: the status line's text."""

    status: int
    reason: str = ""
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = (("Content-Type", JSON_TYPE),)
    stream: AsyncIterator[bytes] | None = None


def read_form(text: str) -> Raw:
    """`a=1&b=2`; a name that comes again makes a list."""
    found: Raw = {}
    pairs = text.split("&")
    if len(pairs) > MAX_PARAMETERS:
        raise TooLargeError(f"a request has at most {MAX_PARAMETERS} parameters")
    for pair in pairs:
        if not pair:
            continue
        name, _, value = pair.partition("=")
        add(found, _plain(name), _plain(value))
    return found


def _plain(text: str) -> str:
    return decode_text(text.replace("+", " "))


def add(found: Raw, name: str, value: str) -> None:
    if name not in found:
        found[name] = value
    elif isinstance(found[name], list):
        found[name].append(value)
    else:
        found[name] = [found[name], value]


def read_body(request: HttpRequest) -> Raw:
    """The parameters in the body: JSON if it says so, else a form."""
    if len(request.body) > MAX_BODY_BYTES:
        raise TooLargeError(f"a body has at most {MAX_BODY_BYTES} bytes")
    if not request.body:
        return {}
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    try:
        text = request.body.decode()
    except UnicodeDecodeError:
        raise ConfigError("is not UTF-8", field="body") from None
    if kind != "application/json":
        return read_form(text)
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        raise ConfigError("is not JSON", field="body") from None
    if not isinstance(found, dict):
        raise ConfigError("must be a JSON object", field="body")
    if len(found) > MAX_PARAMETERS:
        raise TooLargeError(f"a request has at most {MAX_PARAMETERS} parameters")
    return found
