"""Values and errors as answers. The only place that knows which error has which status."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from appliance.api.http import HttpAnswer
from appliance.model.errors import ConfigError, QuorateError
from appliance.model.parameters import ParameterError

# By the error's code. What is not here is 500, with the text as the reason: clients of the
# reference tell "there is none" from "it failed" by the text.
STATUS: Final[Mapping[str, int]] = {
    "parameters": 400,
    "config": 400,
    "too_large": 400,
    "unauthenticated": 401,
    "forbidden": 403,
    "not_implemented": 501,
    "unavailable": 503,
    "unreachable": 595,  # as the reference's own client of other nodes numbers what happens to it
    "broken_off": 596,
}
# How clients of the reference know that state.
NO_QUORUM: Final = "cluster not ready - no quorum?"
_REASONS: Final = {200: "OK", 400: "Parameter verification failed."}
_REASON_BYTES: Final = 400


class NotImplementedHere(QuorateError):
    """There is no such operation."""

    code = "not_implemented"


def value_answer(value: Any, form: str) -> HttpAnswer:
    """What an operation gave, as `json` or `extjs`."""
    data: dict[str, Any] = {"data": value}
    if form == "extjs":
        data["success"] = 1
    return HttpAnswer(200, _REASONS[200], encoded(data))


def error_answer(error: QuorateError, form: str) -> HttpAnswer:
    """What went wrong: `message` for people, `code` for machines, `errors` by parameter."""
    status = STATUS.get(error.code, 500)
    message = " ".join(str(error).split())
    data: dict[str, Any] = {"data": None, "message": message, "code": error.code}
    errors = _by_field(error)
    if errors:
        data["errors"] = errors
    if form == "extjs":
        # Such clients read the status from the body.
        return HttpAnswer(200, _REASONS[200], encoded({**data, "success": 0, "status": status}))
    if error.code == "not_quorate":
        message = f"{NO_QUORUM} ({message})"
    return HttpAnswer(status, _REASONS.get(status) or _reason(message), encoded(data))


def _by_field(error: QuorateError) -> dict[str, str]:
    if isinstance(error, ParameterError):
        return error.errors
    if isinstance(error, ConfigError) and error.field:
        return {error.field: error.message}
    return {}


def _reason(message: str) -> str:
    """A status line holds printable ASCII only."""
    plain = "".join(char if " " <= char <= "~" else "?" for char in message)
    return plain[:_REASON_BYTES]


def encoded(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=str).encode()
