"""What a guest needs, read from its configuration file: for guests that no layout describes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Final

from appliance.model.errors import ConfigError
from appliance.model.guest.config import Settings, decoded, parse_guest
from appliance.model.guest.devices import drives, mount_points
from appliance.model.guest.document import GuestKind
from appliance.model.storage.volumes import split_id
from sim.guests.catalog import Catalog
from sim.guests.needs import Chance
from sim.layout import GuestSpec

MIB: Final = 1024**2


def spec_of(
    sid: str, node: str, settings: Settings, old: GuestSpec | None, chance: Chance
) -> GuestSpec:
    """A known guest keeps how busy it is and what is to go wrong with it."""
    kind: GuestKind = "ct" if sid.startswith("ct:") else "vm"
    disks = tuple(_disks(kind, settings))
    known = old or _new(sid, node, kind, chance)
    cpus, memory_bytes = _size(kind, settings)
    known = replace(known, cpus=cpus, memory_bytes=memory_bytes)
    if not disks and old is not None and old.disks is None:
        return known  # a guest of the layout, described without disks
    return replace(known, storage=disks[0][0] if disks else "", disks=disks)


def _new(sid: str, node: str, kind: GuestKind, chance: Chance) -> GuestSpec:
    return GuestSpec(
        sid,
        node,
        busy=0.02 + 0.4 * chance.unit("busy", sid),
        busy_memory=0.3 + 0.5 * chance.unit("busy memory", sid),
        start_s=1.5 if kind == "ct" else 3.0,
        stop_s=2.0 if kind == "ct" else 6.0,
        ha=False,
    )


def _size(kind: GuestKind, settings: Settings) -> tuple[int, int]:
    """CPUs, and bytes of memory."""
    memory = settings.get("memory") or "512"
    cores = _number(kind, settings, "cores") or 1
    sockets = _number(kind, settings, "sockets") or 1
    memory_mib = int(memory.rpartition("=")[2].split(",")[0])
    return _number(kind, settings, "vcpus") or cores * sockets, memory_mib * MIB


def _number(kind: GuestKind, settings: Settings, key: str) -> int:
    value = decoded(kind, settings, key) if settings.get(key) else None
    return value if isinstance(value, int) else 0


def _disks(kind: GuestKind, settings: Settings) -> list[tuple[str, str]]:
    """Pool and name of what it writes to."""
    if kind == "vm":
        found = [drive.volume for drive in drives(settings) if not drive.cdrom]
    else:
        found = [point.volume for point in mount_points(settings)]
    return [split_id(volume) for volume in dict.fromkeys(found) if volume is not None]


class Specs:
    """Keeps the catalog up to date with the configuration files, as one boot sees them.

    read(sid): the text of its file and the node where it lies; None: there is none.
    """

    def __init__(
        self, catalog: Catalog, chance: Chance, read: Callable[[str], tuple[str, str] | None]
    ) -> None:
        self._catalog, self._chance, self._read = catalog, chance, read
        self._seen: dict[str, tuple[str, str]] = {}

    def refresh(self, sid: str) -> None:
        """Look at a guest's file; one that says nothing new costs next to nothing."""
        found = self._read(sid)
        if found is None or self._seen.get(sid) == found:
            return
        self._seen[sid] = found
        text, node = found
        kind: GuestKind = "ct" if sid.startswith("ct:") else "vm"
        self.put(sid, node, parse_guest(text, kind).current)

    def settings(self, sid: str) -> Settings:
        """What its file says now; nothing without one."""
        found = self._read(sid)
        kind: GuestKind = "ct" if sid.startswith("ct:") else "vm"
        return Settings() if found is None else parse_guest(found[0], kind).current

    def put(self, sid: str, node: str, settings: Settings) -> None:
        """The guest is like that from now on."""
        old = self._catalog.spec(sid) if self._catalog.known(sid) else None
        try:
            self._catalog.put(spec_of(sid, node, settings, old, self._chance))
        except (ConfigError, ValueError):
            return  # a file that nobody can start a guest from changes nothing
