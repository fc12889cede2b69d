"""What a backup of a guest is made of, how it is called, and what its notes say."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final

from appliance.core.guest import places
from appliance.core.guest.places import Place
from appliance.core.guest.restore import SavedDrive, archived_text
from appliance.model.errors import ConfigError
from appliance.model.guest.config import GuestConfig, write_guest
from appliance.model.guest.document import GuestKind
from appliance.model.storage.archives import archive_name

MODES: Final = ("snapshot", "suspend", "stop")
_ENDINGS: Final[Mapping[str, str]] = {"0": "", "1": ".lzo", "lzo": ".lzo", "gzip": ".gz",
                                      "zstd": ".zst"}  # fmt: skip
_TYPES: Final[Mapping[GuestKind, tuple[str, str]]] = {"vm": ("qemu", "vma"), "ct": ("lxc", "tar")}
_ESCAPES: Final = {"\\n": "\n", "\\\\": "\\"}


def backup_disks(config: GuestConfig) -> tuple[Place, ...]:
    """The disks that a backup has: those that are not left out of backups."""
    return tuple(p for p in places.disks(config.kind, config.current) if p.backup)


def backup_name(storage_type: str, kind: GuestKind, vmid: int, now_s: float, packed: str) -> str:
    """The name of a new backup. packed: how, as the option `compress` says."""
    if storage_type == "pbs":
        time = datetime.fromtimestamp(int(now_s), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        return f"backup/{kind}/{vmid}/{time}"
    name, form = _TYPES[kind]
    return f"backup/{archive_name(name, vmid, now_s, form + _ENDINGS[packed])}"


def backup_config(config: GuestConfig, formats: Mapping[str, str]) -> str:
    """The text that lies in the backup. formats: of the disks that are saved, by key."""
    text = write_guest(config)
    if config.kind == "ct":
        return f"{text.partition(chr(10) + '[')[0].rstrip()}\n"
    drives = tuple(
        SavedDrive(
            place.key,
            f"drive-{place.key}",
            place.volume.partition(":")[0],
            "" if formats[place.key] == "raw" else formats[place.key],
        )
        for place in backup_disks(config)
    )
    return archived_text(text, drives)


def filled_notes(template: str, words: Mapping[str, str]) -> str:
    """A template with `{{cluster}}`, `{{guestname}}`, `{{node}}` and `{{vmid}}` filled in.

    ConfigError for another word between the braces.
    """
    text = template
    for written, meant in _ESCAPES.items():
        text = text.replace(written, meant)
    for word, value in words.items():
        text = text.replace(f"{{{{{word}}}}}", value)
    unknown = text.partition("{{")[2].partition("}}")
    if unknown[1]:
        allowed = ", ".join(f"{{{{{word}}}}}" for word in words)
        message = f"'{{{{{unknown[0][:40]}}}}}' is not known, allowed are {allowed}"
        raise ConfigError(message, field="notes-template")
    return text


def guest_name(config: GuestConfig, vmid: int) -> str:
    """How people call it."""
    return config.current.get("name" if config.kind == "vm" else "hostname") or str(vmid)
