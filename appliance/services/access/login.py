"""Logging in with a password, or with a ticket that is about to run out."""

from __future__ import annotations

from dataclasses import dataclass, field

from appliance.core.access.attempts import Attempts
from appliance.core.access.tickets import is_ticket, issue_csrf_token, issue_ticket, read_ticket
from appliance.model.access.auth_keys import AuthKeys
from appliance.model.access.ids import is_user
from appliance.model.errors import UnauthenticatedError
from appliance.ports.clock import Clock
from appliance.ports.passwords import Passwords
from appliance.services.access.key_ring import KeyRing

FAILED = "authentication failure"


@dataclass(frozen=True, slots=True)
class Session:
    """What a successful login gives."""

    user: str
    ticket: str = field(repr=False)
    csrf: str = field(repr=False)


class Login:
    """Of one node. Counts failures by user and by address."""

    def __init__(self, clock: Clock, keys: KeyRing, passwords: Passwords) -> None:
        self._clock, self._keys, self._passwords = clock, keys, passwords
        self._attempts = Attempts()

    async def login(self, user: str, password: str, address: str) -> Session:
        """UnauthenticatedError, the same whatever is wrong, so that nobody learns who exists."""
        kept = (f"user {user}", f"address {address}")
        wait_s = max(self._attempts.wait_s(key, self._clock.monotonic()) for key in kept)
        if wait_s > 0:
            raise UnauthenticatedError(f"too many failed logins, try again in {wait_s + 1:.0f} s")
        if not await self._accepts(user, password):
            for key in kept:
                self._attempts.failed(key, self._clock.monotonic())
            raise UnauthenticatedError(FAILED)
        for key in kept:
            self._attempts.succeeded(key)
        keys, now_s = await self._keys.to_sign(), self._clock.wall()
        return Session(user, issue_ticket(keys, user, now_s), issue_csrf_token(keys, user, now_s))

    async def _accepts(self, user: str, password: str) -> bool:
        if not is_user(user) or not password or "\x00" in password:
            return False
        if is_ticket(password):
            keys = self._keys.keys()
            return keys is not None and _renews(keys, user, password, self._clock.wall())
        name, _, realm = user.rpartition("@")
        return realm == "pam" and await self._passwords.check(name, password)


def _renews(keys: AuthKeys, user: str, ticket: str, now_s: float) -> bool:
    try:
        return read_ticket(keys, ticket, now_s).user == user
    except UnauthenticatedError:
        return False
