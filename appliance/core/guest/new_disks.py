"""Disks that a call asks for: `storage:GiB`, a cloud-init drive, an image to be imported."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from appliance.core.guest.places import main_key
from appliance.model.errors import ConfigError
from appliance.model.guest.config import Settings, option_of
from appliance.model.guest.devices import drives, nics
from appliance.model.guest.document import GuestKind
from appliance.model.option import Option
from appliance.model.option_table import split_key
from appliance.model.options import ct, vm
from appliance.model.property_string import PropertyString

GIB: Final = 1024**3
MIB: Final = 1024**2
# What the firmware and the TPM keep is of a fixed size, whatever is asked for.
_FIXED_BYTES: Final = {"efidisk": 4 * MIB, "tpmstate": 4 * MIB}
_CLOUDINIT_BYTES: Final = 4 * MIB
_FRESH: Final = re.compile(
    r"([A-Za-z][A-Za-z0-9_.-]*[A-Za-z0-9]):(cloudinit|[0-9]+(?:\.[0-9]+)?)", re.ASCII
)
_DISK_NAMES: Final = (*vm.DISK_OPTIONS, "rootfs", "mp")


@dataclass(frozen=True, slots=True)
class FreshDisk:
    """A volume to be made. source: the volume whose content it gets."""

    key: str
    text: str
    storage: str
    size_bytes: int
    format: str | None = None
    cloudinit: bool = False
    source: str | None = None


def is_disk_key(key: str) -> bool:
    """Whether the key can name a volume that is plugged in."""
    return split_key(key)[0] in _DISK_NAMES or key == "rootfs"


def _api_option(kind: GuestKind, key: str) -> Option | None:
    return (vm.API_OPTIONS if kind == "vm" else ct.API_OPTIONS).find(key)


def values_of(kind: GuestKind, key: str, text: str) -> Mapping[str, object]:
    """The keys of a drive or mount point as a call gives it. ConfigError."""
    option = _api_option(kind, key)
    found = option.decode(text) if option is not None else None
    return found.values if isinstance(found, PropertyString) else {}


def fresh_disk(kind: GuestKind, key: str, text: str) -> FreshDisk | None:
    """What is to be made for this key; None if it names something that is there. ConfigError."""
    if not is_disk_key(key):
        return None
    values = values_of(kind, key, text)
    match = _FRESH.fullmatch(str(values.get(main_key(kind), "")))
    source = values.get("import-from")
    if match is None:
        if source is not None:
            raise ConfigError("import-from needs <storage>:0 as its file", field=key)
        return None
    form = values.get("format")
    storage, what = match[1], match[2]
    if what == "cloudinit":
        return FreshDisk(key, text, storage, _CLOUDINIT_BYTES, _word(form), cloudinit=True)
    size_bytes = _FIXED_BYTES.get(split_key(key)[0]) or int(float(what) * GIB)
    if size_bytes <= 0 and source is None:
        raise ConfigError("a new disk needs a size in GiB, such as <storage>:32", field=key)
    return FreshDisk(key, text, storage, size_bytes, _word(form), source=_word(source))


def _word(value: object) -> str | None:
    return None if value is None else str(value)


def written(kind: GuestKind, key: str, text: str, volume: str, size_bytes: int) -> str:
    """The text that stands in the file once the volume is there."""
    option = option_of(kind, key)
    assert option is not None
    values = dict(values_of(kind, key, text))
    for gone in ("format", "import-from"):
        values.pop(gone, None)
    values[main_key(kind)] = volume
    if "cloudinit" in volume.rpartition("/")[2]:
        values["media"] = "cdrom"
    values["size"] = size_bytes
    return option.encode(PropertyString(values))


def default_boot(settings: Settings) -> str:
    """What a new machine boots from: the first disk, CD drive and network card."""
    found = list(drives(settings))
    disks = [one.key for one in found if not one.cdrom and split_key(one.key)[0] in vm.DRIVE_BUSES]
    media = [one.key for one in found if one.cdrom and not one.cloudinit]
    cards = [nic.key for nic in nics("vm", settings)]
    order = [*disks[:1], *media[:1], *cards[:1]]
    return f"order={';'.join(order)}" if order else ""
