"""Which errno tells a program what the store said."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from appliance.model.errors import (
    ConfigError,
    ExistsError,
    FileError,
    ForbiddenError,
    MissingError,
    NotQuorateError,
    OutcomeUnknownError,
    QuorateError,
    RefusedError,
    StaleError,
    TooLargeError,
    UnavailableError,
)

_NAMES: Final[Mapping[type[QuorateError], str]] = {
    NotQuorateError: "EACCES",
    ForbiddenError: "EACCES",
    RefusedError: "EACCES",
    MissingError: "ENOENT",
    ExistsError: "EEXIST",
    TooLargeError: "ENOSPC",
    StaleError: "EBUSY",
    UnavailableError: "ENOTCONN",
    OutcomeUnknownError: "EIO",
    ConfigError: "EINVAL",
}


def errno_name(error: QuorateError) -> str:
    """Such as EACCES; EIO for what has no better word."""
    return error.name if isinstance(error, FileError) else _NAMES.get(type(error), "EIO")
