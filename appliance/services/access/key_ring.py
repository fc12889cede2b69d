"""The keys that tickets are signed with: a file of the store, the same on all nodes."""

from __future__ import annotations

from typing import Final

from appliance.core.access.tickets import new_keys, rotate, rotation_due
from appliance.model.access.auth_keys import (
    FILE,
    SECRET_BYTES,
    AuthKeys,
    parse_auth_keys,
    write_auth_keys,
)
from appliance.model.errors import (
    ExistsError,
    MissingError,
    NotQuorateError,
    QuorateError,
    StaleError,
    UnavailableError,
)
from appliance.model.store.changes import ABSENT, File, Put
from appliance.ports.clock import Clock
from appliance.ports.config_store import ConfigStore
from appliance.ports.entropy import Entropy

RETRY_S: Final = 2.0


class KeyRing:
    """Reads them, makes the first, and puts a new one in front once a day."""

    def __init__(self, store: ConfigStore, clock: Clock, entropy: Entropy) -> None:
        self._store, self._clock, self._entropy = store, clock, entropy
        self._read: tuple[File, AuthKeys] | None = None

    def keys(self) -> AuthKeys | None:
        """Those of now; None before the cluster first had quorum. ConfigError if unreadable."""
        file = self._file()
        if file is None:
            return None
        if self._read is None or self._read[0] is not file:
            self._read = file, parse_auth_keys(file.content.decode("utf-8", "replace"))
        return self._read[1]

    def _file(self) -> File | None:
        try:
            return self._store.read(FILE, privileged=True)
        except MissingError:
            return None

    async def prepare(self) -> None:
        """Make the first keys as soon as the cluster can: somebody may have to log in later on a
        node without quorum. Ends when there are some.
        """
        while True:
            try:
                await self.to_sign()
            except QuorateError:
                await self._clock.sleep(RETRY_S)
            else:
                return

    async def to_sign(self) -> AuthKeys:
        """The keys for a new ticket: made or rotated first where that is due.

        When two nodes do that at once, one of them finds its change refused and reads the other's.
        """
        for _ in range(3):
            file, keys = self._file(), self.keys()
            now_s = self._clock.wall()
            if keys is not None and not rotation_due(keys, now_s):
                return keys
            secret = bytes.fromhex(self._entropy.token(SECRET_BYTES))
            fresh = new_keys(secret, now_s) if keys is None else rotate(keys, secret, now_s)
            expect = ABSENT if file is None else file.version
            try:
                await self._store.change(Put(FILE, write_auth_keys(fresh).encode(), expect))
            except (ExistsError, StaleError, MissingError):
                await self._store.catch_up()
                continue
            except (NotQuorateError, UnavailableError):
                if keys is not None:
                    # An old key is better than no login where somebody has to repair the cluster.
                    return keys
                raise
            return fresh
        raise StaleError("the keys for tickets are being changed elsewhere, try again")
