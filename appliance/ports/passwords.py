"""Passwords of the machine's own users."""

from __future__ import annotations

from typing import Protocol


class Passwords(Protocol):
    async def check(self, name: str, password: str) -> bool:
        """Whether this is the password of that user of the operating system (realm `pam`).

        False too for a user who may not log in. UnavailableError if nobody can tell.
        """
        ...

    async def change(self, name: str, password: str) -> None:
        """Make this the password of that user of the operating system, on this node.

        RefusedError if there is no such user, or the operating system does not take the password;
        UnavailableError if it cannot be told. Then nothing is changed.
        """
        ...
