"""The configuration inside a backup, and what becomes of it when a guest is made from it.

A backup of a VM has the guest's file and after it a line for each drive that was saved:
`#qmdump#map:<key>:<device>:<storage>:<format>:`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from appliance.core.guest import places
from appliance.core.guest.identity import with_mac, with_own_macs
from appliance.model.guest.config import GuestConfig, Settings, option_of, parse_guest
from appliance.model.guest.devices import unused_volumes

_MAP = re.compile(r"#qmdump#map:(\S+?):(\S+?):(\S*?):(\S*?):", re.ASCII)
_LEFT_OUT = re.compile(r"(unused\d+|parent|lock):", re.ASCII)


@dataclass(frozen=True, slots=True)
class SavedDrive:
    """A drive that is in a backup. format: of its image, empty for raw."""

    key: str
    device: str
    storage: str
    format: str


def saved_drives(archived: str) -> tuple[SavedDrive, ...]:
    """The drives that the backup has, in its order."""
    matches = (_MAP.fullmatch(line) for line in archived.split("\n"))
    return tuple(SavedDrive(m[1], m[2], m[3], m[4]) for m in matches if m is not None)


def cloudinit_drives(archived: str) -> dict[str, str]:
    """Drives of cloud-init, which are made anew: key -> the storage where they lay."""
    config = parse_guest(archived, "vm")
    return {
        place.key: place.volume.partition(":")[0]
        for place in places.own_disks("vm", config.current)
        if place.cloudinit
    }


def archived_text(text: str, drives: tuple[SavedDrive, ...]) -> str:
    """What a backup keeps of a VM: the part of the guest as it is, and the map of its drives."""
    body = text.partition("\n[")[0].rstrip("\n")
    maps = [f"#qmdump#map:{d.key}:{d.device}:{d.storage}:{d.format}:" for d in drives]
    return "\n".join([body, *maps]) + "\n"


def restored_text(
    archived: str, volumes: Mapping[str, str], new_mac: Callable[[], str] | None = None
) -> str:
    """The file of the restored VM. volumes: by key, what was made for the drives of the backup.

    Drives that were not saved become comments, so that one sees what is missing. State of the
    source (locks, snapshots' parents, unused volumes) is left out. new_mac: for a guest that runs
    beside its source.
    """
    lines = []
    for line in archived.split("\n"):
        if line.startswith(("#qmdump#", "#vzdump#")) or _LEFT_OUT.match(line):
            continue
        lines.append(_restored_line(line, volumes, new_mac))
    return "\n".join(lines)


def _restored_line(line: str, volumes: Mapping[str, str], new_mac: Callable[[], str] | None) -> str:
    key, colon, text = line.partition(": ")
    option = option_of("vm", key) if colon else None
    if option is None:
        return line
    if option.name == "net" and new_mac is not None:
        return f"{key}: {with_mac('vm', key, text, new_mac())}"
    if option.name not in ("ide", "sata", "scsi", "virtio", "efidisk", "tpmstate"):
        return line
    if key in volumes:
        return f"{key}: {places.with_volume('vm', text, key, volumes[key])}"
    if "media=cdrom" in text and "cloudinit" not in text:
        return line
    return f"#{line}"


def restored_container(
    archived: str, volumes: Mapping[str, str], new_mac: Callable[[], str] | None = None
) -> GuestConfig:
    """A container's configuration for a restore: mount points on the volumes made for them.

    Mount points of which nothing was saved go, except directories and devices of the host.
    """
    config = parse_guest(archived, "ct")
    current = config.current.without(["lock", "parent", "snaptime", "snapstate", "template"])
    gone = [key for key, _v in unused_volumes("ct", current)]
    texts = {}
    for place in places.places("ct", current):
        if place.key in volumes:
            text = current.values[place.key]
            texts[place.key] = places.with_volume("ct", text, place.key, volumes[place.key])
        else:
            gone.append(place.key)
    made = GuestConfig("ct", current.without(gone).with_values(texts))
    return (
        made
        if new_mac is None
        else replace(made, current=with_own_macs("ct", made.current, new_mac))
    )


def as_backed_up(config: GuestConfig) -> Settings:
    """What a backup keeps: the guest as it is, without the lock that the backup took."""
    return config.current.without(["lock"])
