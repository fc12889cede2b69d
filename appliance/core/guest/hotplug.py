"""Which changes take effect while a guest runs, and which wait for its next start."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from appliance.core.guest.cloudinit import OPTIONS
from appliance.model.guest.config import Settings
from appliance.model.guest.document import GuestKind
from appliance.model.option_table import split_key
from appliance.model.options.make import words

# Nothing of a running guest depends on these.
_PAPER: Final = {
    "vm": frozenset(
        words(
            "description hookscript lock migrate_downtime migrate_speed name onboot protection"
            " shares startup tags vmstatestorage unused template parent"
        )
    ),
    "ct": frozenset(
        words("description hookscript lock onboot protection startup tags unused template parent")
    ),
}
_CGROUP: Final = {
    "vm": frozenset(words("cpulimit cpuunits balloon")),
    "ct": frozenset(words("cpulimit cpuunits cores memory swap net mp")),
}
_FEATURES: Final = {
    "network": ("net",),
    "disk": ("scsi", "virtio"),
    "usb": ("usb", "tablet"),
    "cpu": ("vcpus",),
    "memory": ("memory",),
    "cloudinit": (*sorted(OPTIONS), "ipconfig"),
}
_DEFAULT: Final = "network,disk,usb"


def is_paper(kind: GuestKind, key: str) -> bool:
    """Whether the key takes effect by being written."""
    name = key if key in _PAPER[kind] else split_key(key)[0]
    return name in _PAPER[kind]


def live_keys(kind: GuestKind, settings: Settings, keys: Iterable[str]) -> tuple[str, ...]:
    """Those of the keys that a running guest with these settings takes up at once."""
    features = _features(settings) if kind == "vm" else ()
    names = {name for feature in features for name in _FEATURES.get(feature, ())}
    names |= _CGROUP[kind]
    return tuple(
        key for key in keys if is_paper(kind, key) or key in names or split_key(key)[0] in names
    )


def _features(settings: Settings) -> tuple[str, ...]:
    text = settings.get("hotplug") or _DEFAULT
    if text == "0":
        return ()
    return tuple((_DEFAULT if text == "1" else text).replace(";", ",").replace(" ", ",").split(","))
