"""Guests of the answers, with what HA is asked to do with them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

from scenarios.format.guests import STATES
from scenarios.twin.answers import Answers, Row
from scenarios.twin.storages import name_of
from scenarios.twin.values import flag, number, whole
from sim.layout import GuestSpec, StorageSpec

KINDS: Final = {"qemu": "vm", "lxc": "ct"}
MIB: Final = 1 << 20
_DISK: Final = re.compile(
    r"(?:(?:ide|sata|scsi|virtio|efidisk|tpmstate|mp)[0-9]+|rootfs)", re.ASCII
)
_SIZE: Final = re.compile(r"(?:^|,)size=([0-9.]+)([KMGT]?)(?:,|$)", re.ASCII)
_UNITS: Final = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40}


def guests_of(
    answers: Answers, storages: Sequence[StorageSpec], notes: list[str]
) -> list[GuestSpec]:
    """All but templates, by number."""
    managed = {str(row.get("sid")): row for row in answers.ha_resources}
    rows = [row for row in answers.resources if row.get("type") in KINDS]
    templates = [row for row in rows if flag(row.get("template"))]
    if templates:
        notes.append(f"{len(templates)} templates are left out")
    by_name = {storage.name: storage for storage in storages}
    found = []
    for row in sorted(rows, key=lambda row: whole(row.get("vmid"))):
        if not flag(row.get("template")):
            sid = f"{KINDS[str(row['type'])]}:{row['vmid']}"
            guest = _guest(sid, row, answers.configs.get(whole(row["vmid"]), {}), by_name, notes)
            found.append(_managed(guest, managed.get(sid)))
    return found


def _guest(
    sid: str,
    row: Row,
    config: Row,
    storages: Mapping[str, StorageSpec],
    notes: list[str],
) -> GuestSpec:
    usual = GuestSpec(sid, str(row.get("node")))
    memory = whole(row.get("maxmem"), usual.memory_bytes) or usual.memory_bytes
    share = number(row.get("mem")) / memory
    running = row.get("status") == "running"
    storage, size = _disks(sid, usual.node, config, storages, notes)
    return replace(
        usual,
        storage=storage,
        disk_bytes=size or whole(row.get("maxdisk")) or usual.disk_bytes,
        cpus=max(1, round(number(row.get("maxcpu"), usual.cpus))),
        memory_bytes=max(MIB, memory),
        busy=_share(number(row.get("cpu"))) if running else usual.busy,
        busy_memory=_share(share) if running else usual.busy_memory,
        ha=False,
        state="started" if running else "stopped",
    )


def _share(value: float) -> float:
    return round(min(1.0, max(0.0, value)), 3)


def _disks(
    sid: str, node: str, config: Row, storages: Mapping[str, StorageSpec], notes: list[str]
) -> tuple[str, int]:
    """The storage that decides where the guest can run, and how much it has there.

    A simulated guest lies on one storage: a local one, if any of its disks is on such a one.
    """
    found: dict[str, int] = {}
    for key in sorted(config):
        text = str(config[key])
        pool, colon, volume = text.partition(":")
        name = name_of(pool)
        if _DISK.fullmatch(key) and colon and "media=cdrom" not in volume and name in storages:
            found[name] = found.get(name, 0) + _size(text)
    usable = {name: size for name, size in found.items() if _is_on(storages[name], node)}
    local = [name for name in usable if not storages[name].shared]
    chosen = next(iter(local or usable), None)
    if len(found) > 1 and chosen is not None:
        notes.append(f"{sid} has disks on {', '.join(found)}: here on {chosen} alone")
    if chosen is not None:
        return chosen, usable[chosen]
    usual = next((one for one in storages.values() if one.shared and _is_on(one, node)), None)
    notes.append(f"where {sid} lies is not known: here on {usual.name if usual else 'shared'}")
    return (usual.name, 0) if usual else (GuestSpec(sid, node).storage, 0)


def _is_on(storage: StorageSpec, node: str) -> bool:
    return not storage.nodes or node in storage.nodes


def _size(text: str) -> int:
    match = _SIZE.search(text)
    return round(float(match[1]) * _UNITS[match[2]]) if match else 0


def _managed(guest: GuestSpec, row: Row | None) -> GuestSpec:
    """With the options that HA has for it."""
    if row is None:
        return guest
    state = str(row.get("state") or "started").replace("enabled", "started")
    group = row.get("group")
    return replace(
        guest,
        ha=True,
        state=state if state in STATES else guest.state,
        group=str(group) if group else None,
        failback=flag(row.get("failback"), usual=True),
        max_restart=whole(row.get("max_restart"), guest.max_restart),
        max_relocate=whole(row.get("max_relocate"), guest.max_relocate),
    )
