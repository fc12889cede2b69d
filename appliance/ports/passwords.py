"""Passwords of the machine's own users."""

from __future__ import annotations

from typing import Protocol


class Passwords(Protocol):
    async def check(self, name: str, password: str) -> bool:
        """Whether this is the password of that user of the operating system (realm `pam`).

        False too for a user who may not log in. UnavailableError if nobody can tell.
        """
        ...
