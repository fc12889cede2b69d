"""Permissions as the published contract writes them, in short."""

from __future__ import annotations

from typing import Any, Final

from appliance.api.table import Permission

Expression = list[Any]


def on(path: str, *privileges: str, any_of: bool = False) -> Expression:
    """These privileges on a path; of several all, or one of them."""
    return ["perm", path, list(privileges), *(("any", 1) if any_of else ())]


def perm(path: str, *privileges: str, any_of: bool = False) -> Permission:
    return {"check": on(path, *privileges, any_of=any_of)}


def either(*expressions: Expression) -> Permission:
    return {"check": ["or", *expressions]}


def both(*expressions: Expression) -> Permission:
    return {"check": ["and", *expressions]}


AUDIT: Final = perm("/", "Sys.Audit")
MODIFY: Final = perm("/", "Sys.Modify")
CONSOLE: Final = perm("/", "Sys.Console")
NODE_AUDIT: Final = perm("/nodes/{node}", "Sys.Audit")
NODE_MODIFY: Final = perm("/nodes/{node}", "Sys.Modify")
