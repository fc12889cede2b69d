"""Requests and answers as they travel: bytes, headers and where they come from."""

from __future__ import annotations

import json
from typing import Any, Final

from appliance.model.errors import ConfigError, TooLargeError
from appliance.model.percent import decode_text
from appliance.ports.http import JSON_TYPE, LOCAL, HttpAnswer, HttpRequest

__all__ = ["JSON_TYPE", "LOCAL", "HttpAnswer", "HttpRequest", "Raw", "read_body", "read_form"]

MAX_BODY_BYTES: Final = 4 * 1024 * 1024
MAX_PARAMETERS: Final = 2000
Raw = dict[str, Any]  # texts, lists of texts where a name came again, JSON values


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
    """The parameters in the body: JSON if it says so, else a form; or what came in parts."""
    if request.upload is not None or request.fields:
        named = {} if request.upload is None else {"filename": request.upload.name}
        return {**request.fields, **named}
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
