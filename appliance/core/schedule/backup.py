"""Which guests, and which of their disks, a backup job takes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Disk:
    """A disk of a guest and whether a backup has it; reason: why, in a few words."""

    key: str
    volume: str
    included: bool
    reason: str


def covered(
    job: Mapping[str, Any], guests: Mapping[int, str], pools: Mapping[str, Sequence[int]]
) -> dict[str, list[int]]:
    """The guests of a job by node. job: decoded options; guests: each one's node.

    A guest that is named and is not there stands under the empty name.
    """
    excluded = [int(number) for number in job.get("exclude") or ()]
    if job.get("pool"):
        wanted = list(pools.get(str(job["pool"]), ()))
    elif job.get("all"):
        wanted = list(guests)
    else:
        wanted = [int(number) for number in job.get("vmid") or ()]
    found: dict[str, list[int]] = {}
    for number in sorted(dict.fromkeys(wanted)):
        node = guests.get(number, "")
        if number in excluded or (job.get("node") and node != job["node"]):
            continue
        found.setdefault(node, []).append(number)
    return dict(sorted(found.items()))


def vm_disk(key: str, volume: str, *, cdrom: bool, backup: bool | None) -> Disk:
    """A drive of a virtual machine. cdrom: it is no disk of the guest's own."""
    if cdrom:
        return Disk(key, volume, False, "CD-ROM")
    if backup is False:
        return Disk(key, volume, False, "backup=no")
    return Disk(key, volume, True, "enabled" if backup is None else "backup=yes")


def ct_disk(key: str, volume: str, *, is_volume: bool, backup: bool | None) -> Disk:
    """The root or a mount point of a container: mount points have to ask for it."""
    if key == "rootfs":
        return Disk(key, volume, True, "rootfs")
    if not is_volume:
        return Disk(key, volume, False, "not a volume")
    if backup:
        return Disk(key, volume, True, "enabled")
    return Disk(key, volume, False, "disabled")
