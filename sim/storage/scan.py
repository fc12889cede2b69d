"""Servers of a simulated network. Implements the `Scan` port.

Every address answers, with the same offers; names that end in `.invalid` lead nowhere, and the
password `wrong` is refused.
"""

from __future__ import annotations

from typing import Final

from appliance.model.errors import RefusedError, UnavailableError
from sim.kernel import to_us
from sim.tasks import Boot

ANSWER_S: Final = 0.2
SILENCE_S: Final = 5.0
Offers = tuple[tuple[str, str], ...]


class SimScan:
    """On one boot."""

    def __init__(self, boot: Boot) -> None:
        self._boot = boot

    async def nfs(self, server: str) -> Offers:
        await self._ask(server)
        return (("/export/backup", "*"), ("/export/quorate", "*"))

    async def cifs(
        self, server: str, username: str | None, password: str | None, domain: str | None
    ) -> Offers:
        await self._ask(server)
        _let_in(password)
        return (("backup", ""), ("public", f"for all of {domain or 'WORKGROUP'}"))

    async def iscsi(self, portal: str) -> Offers:
        host = portal.rpartition(":")[0] if portal.count(":") == 1 else portal
        await self._ask(host)
        return (("iqn.2026-01.simulated:storage", f"{host}:3260"),)

    async def pbs(
        self, server: str, port: int, username: str, password: str, fingerprint: str | None
    ) -> Offers:
        await self._ask(server)
        _let_in(password)
        return (("main", "the only one"),)

    async def _ask(self, server: str) -> None:
        if server.endswith(".invalid"):
            await self._boot.sleep(to_us(SILENCE_S))
            raise UnavailableError(f"'{server}' does not answer")
        await self._boot.sleep(to_us(ANSWER_S))


def _let_in(password: str | None) -> None:
    if password == "wrong":
        raise RefusedError("the server refused the login")
