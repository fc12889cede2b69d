"""Folders in `priv/lock` are the leases of the store: who makes one holds the lock.

A lock lives for 120 seconds from the last time its node touched it. Then whoever asks for its end,
by setting its time to 0, removes it; before, that is refused.
"""

from __future__ import annotations

from typing import Final

from appliance.model.errors import ExistsError, FileError, StaleError
from appliance.model.store.changes import DropLease, ExpireLease, Lease, TakeLease
from appliance.model.store.limits import LEASE_LIFE_S
from appliance.services.files.names import LOCKS
from appliance.services.files.ports import FilePorts
from appliance.services.store.leases import GRACE_S

# Of high availability, which must not lose them to a command: guests would run twice.
_GUARDED: Final = "ha_"


class Locks:
    def __init__(self, ports: FilePorts) -> None:
        self._ports = ports
        self._taking: dict[str, None] = {}

    def names(self) -> tuple[str, ...]:
        return tuple(name for name in self._ports.store.leases() if "/" not in name)

    def at(self, path: str) -> Lease | None:
        """The lock that this path names."""
        name = path.removeprefix(LOCKS + "/")
        return None if "/" in name else self._ports.store.lease(name)

    def mtime_s(self, path: str) -> int:
        """When it was taken or refreshed last, on this node's wall clock."""
        clock = self._ports.clock
        seen_s = self._ports.store.lease_seen_s(_name(path))
        return int(clock.wall() - (clock.monotonic() - seen_s)) if seen_s is not None else 0

    async def take(self, path: str) -> None:
        """ExistsError if anybody has it, this node included."""
        name = _free(path)
        if self.at(path) is not None or name in self._taking:
            raise ExistsError(f"lock {name} is held")
        self._taking[name] = None
        try:
            await self._ports.store.change(TakeLease(name, LEASE_LIFE_S))
        except StaleError as error:
            raise ExistsError(f"lock {name} is held") from error
        finally:
            del self._taking[name]

    async def drop(self, path: str) -> None:
        """One's own at any time, that of another node when its life is over."""
        name, lease = _free(path), self.at(path)
        if lease is None:
            raise FileError("ENOENT", f"there is no lock {name}")
        if lease.holder == self._ports.node:
            await self._ports.store.change(DropLease(name))
        else:
            await self._expire(name, lease)

    async def touch(self, path: str, mtime_s: int) -> None:
        """Refresh one's own; with 0, end it if its life is over."""
        name, lease = _free(path), self.at(path)
        if lease is None:
            raise FileError("ENOENT", f"there is no lock {name}")
        if mtime_s == 0:
            await self._expire(name, lease)
        elif lease.holder == self._ports.node:
            await self._ports.store.change(TakeLease(name, lease.life_s))
        else:
            raise FileError("EACCES", f"lock {name} is held by {lease.holder}")

    async def _expire(self, name: str, lease: Lease) -> None:
        seen_s = self._ports.store.lease_seen_s(name)
        now_s = self._ports.clock.monotonic()
        if seen_s is None or now_s < seen_s + lease.life_s + GRACE_S:
            raise FileError("EACCES", f"lock {name} is held by {lease.holder}")
        try:
            await self._ports.store.change(ExpireLease(name, lease.version))
        except StaleError as error:
            raise FileError("EACCES", f"lock {name} was refreshed") from error


def _name(path: str) -> str:
    return path.removeprefix(LOCKS + "/")


def _free(path: str) -> str:
    """The name of a lock that programs may handle."""
    name = _name(path)
    if name.startswith(_GUARDED):
        raise FileError("EACCES", f"lock {name} belongs to high availability")
    if "/" in name:
        raise FileError("EACCES", "there is nothing below a lock")
    return name
