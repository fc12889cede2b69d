"""The other end of the API: what to send, and what an answer means."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from appliance.api.answers import NotImplementedHere
from appliance.model.errors import ConfigError, FileError, QuorateError, UnavailableError
from appliance.model.parameters import ParameterError
from appliance.model.percent import encode_url

BASE: Final = "/api2/json"
FORM: Final = "application/x-www-form-urlencoded"
_OK: Final = range(200, 300)


def target(verb: str, path: str, parameters: Mapping[str, Any]) -> tuple[str, bytes]:
    """Path with query, and body. GET and DELETE carry their parameters in the query."""
    form = "&".join(
        f"{encode_url(name)}={encode_url(_text(value))}" for name, value in parameters.items()
    )
    where = BASE + encode_url(path, keep="/")
    if verb in ("GET", "DELETE"):
        return (f"{where}?{form}" if form else where), b""
    return where, form.encode()


def _text(value: Any) -> str:
    if isinstance(value, list | tuple):
        return ",".join(map(_text, value))
    return str(int(value) if isinstance(value, bool) else value)


def data_of(status: int, body: bytes, *, where: str) -> Any:
    """The `data` of an answer, or its error raised as what it was on the other side.

    where: who answered, for the case that it was no API.
    """
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise UnavailableError(f"{where} answered with status {status} and no data")
    if status in _OK:
        return found.get("data")
    raise error_of(found, status)


def error_of(answer: Mapping[str, Any], status: int) -> QuorateError:
    """By its code; an unknown one keeps its text."""
    message, errors = str(answer.get("message") or f"status {status}"), answer.get("errors")
    code = answer.get("code")
    if isinstance(errors, dict) and errors:
        told = {str(name): str(text) for name, text in errors.items()}
        if len(told) == 1:
            field, text = next(iter(told.items()))
            return ConfigError(text, field=field)
        return ParameterError(told)
    kind = _KINDS.get(str(code), QuorateError)
    return kind(message)


def _all(kind: type[QuorateError]) -> list[type[QuorateError]]:
    return [kind, *(below for one in kind.__subclasses__() for below in _all(one))]


_KINDS: Final = {
    kind.code: kind
    for kind in _all(QuorateError)
    if kind not in (ParameterError, NotImplementedHere, FileError)  # the last is of the file view
}
