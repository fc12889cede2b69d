"""Forms that only guests use: boot devices, hot plugging, start order, mount points."""

from __future__ import annotations

import re

from appliance.model.formats.form import checked, matching
from appliance.model.formats.storage import has_parent_step
from appliance.model.formats.times import is_timezone

HOTPLUG_FEATURES = ("network", "disk", "cpu", "memory", "usb", "cloudinit")
# How many devices of each kind a VM can have.
DEVICE_COUNTS = {
    "ide": 4,
    "sata": 6,
    "scsi": 31,
    "virtio": 16,
    "net": 32,
    "usb": 14,
    "hostpci": 16,
}
_DEVICE = re.compile(r"([a-z]+)(0|[1-9][0-9]*)", re.ASCII)
_STARTUP = re.compile(r"(?:(?:order=)?[0-9]+|up=[0-9]+|down=[0-9]+)", re.ASCII)
_CPUS = re.compile(r"([0-9]+)(?:-([0-9]+))?", re.ASCII)


def is_boot_device(text: str) -> bool:
    """A disk, a network card, or a passed-through device that exists in number."""
    match = _DEVICE.fullmatch(text)
    return match is not None and int(match[2]) < DEVICE_COUNTS.get(match[1], 0)


def _hotplug(text: str) -> bool:
    if text in ("0", "1"):
        return True
    return all(part in HOTPLUG_FEATURES for part in re.split(r"[,;\s]+", text) if part)


def _startup(text: str) -> bool:
    parts = text.split(",")
    keys = [part.partition("=")[0] if "=" in part else "order" for part in parts]
    return all(_STARTUP.fullmatch(part) for part in parts) and len(set(keys)) == len(keys)


def _cpuset(text: str) -> bool:
    for part in text.split(",") if text else ():
        match = _CPUS.fullmatch(part)
        if match is None or (match[2] is not None and int(match[2]) < int(match[1])):
            return False
    return True


HOTPLUG = checked(
    "pve-hotplug-features", f"1, 0 or some of {', '.join(HOTPLUG_FEATURES)}", _hotplug
)
STARTUP = checked("pve-startup-order", "[order=]<n> [,up=<seconds>] [,down=<seconds>]", _startup)
CPU_SET = checked("pve-cpuset", "numbers and ranges of CPUs, such as 0,5,8-11", _cpuset)
BOOT_DEVICE = checked("pve-qm-bootdev", "a disk, network or passed-through device", is_boot_device)
BOOT_DISK = matching("pve-qm-bootdisk", "a disk", r"(?:ide|sata|scsi|virtio)[0-9]+")
PHYS_BITS = matching("pve-phys-bits", "host or 8 to 64", r"host|[89]|[1-5][0-9]|6[0-4]")
MOUNT_SOURCE = checked(
    "pve-lxc-mp-string", "a path or volume without '..'", lambda text: not has_parent_step(text)
)
DEVICE_PATH = checked(
    "pve-lxc-dev-string",
    "a path below /dev",
    lambda text: text.startswith("/dev/") and not has_parent_step(text),
)
CT_TIMEZONE = checked(
    "pve-ct-timezone", "host or a time zone", lambda text: text == "host" or is_timezone(text)
)

FORMS = (
    HOTPLUG,
    STARTUP,
    CPU_SET,
    BOOT_DEVICE,
    BOOT_DISK,
    PHYS_BITS,
    MOUNT_SOURCE,
    DEVICE_PATH,
    CT_TIMEZONE,
)
