"""What logins tell. Never a password, a ticket or a token's secret."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from appliance.model.events.base import Event


@dataclass(frozen=True, slots=True)
class LoginGood(Event):
    kind: ClassVar[str] = "login"
    text: ClassVar[str] = "successful login of '{user}' from {address}"

    user: str
    address: str


@dataclass(frozen=True, slots=True)
class LoginBad(Event):
    """`user` is empty for a name that is no user: people type passwords there."""

    kind: ClassVar[str] = "login-failed"
    level: ClassVar[str] = "notice"
    text: ClassVar[str] = "login failure of '{user}' from {address}: {why}"

    user: str
    address: str
    why: str


@dataclass(frozen=True, slots=True)
class AccountChanged(Event):
    """Users, groups, roles, permissions or realms were changed; `what` says which and how."""

    kind: ClassVar[str] = "account"
    text: ClassVar[str] = "{by}: {what}"

    by: str
    what: str
