"""What somebody must be allowed to do to set or delete an option of a guest."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from appliance.core.guest.new_disks import is_disk_key, values_of
from appliance.model.errors import ConfigError
from appliance.model.guest.document import GuestKind
from appliance.model.option_table import split_key
from appliance.model.options.make import words

ROOT_ALONE: Final = ""  # nobody but root@pam
_VM: Final = {
    "VM.Config.CPU": words("affinity cores cpu cpulimit cpuunits numa smp sockets vcpus"),
    "VM.Config.Memory": words("allow-ksm balloon hugepages keephugepages memory shares"),
    "VM.Config.Disk": words("boot bootdisk unused vmstatestorage"),
    "VM.Config.Network": words("net"),
    "VM.Config.Cloudinit": words(
        "cicustom cipassword citype ciupgrade ciuser ipconfig nameserver searchdomain sshkeys"
    ),
    "VM.Config.HWType": words(
        "acpi arch audio hotplug kvm machine rng scsihw serial smbios1 tablet usb vga vmgenid"
        " watchdog"
    ),
    ROOT_ALONE: words("args hookscript ivshmem lock parallel"),
}
_CT: Final = {
    "VM.Config.CPU": words("cores cpulimit cpuunits"),
    "VM.Config.Memory": words("memory swap"),
    "VM.Config.Disk": words("unused"),
    "VM.Config.Network": words("hostname nameserver net searchdomain"),
    ROOT_ALONE: words("dev env hookscript lock"),
}
_BY_NAME: Final = {
    "vm": {name: privilege for privilege, names in _VM.items() for name in names},
    "ct": {name: privilege for privilege, names in _CT.items() for name in names},
}


def needed(kind: GuestKind, key: str, text: str | None) -> str:
    """The privilege on the guest, or ROOT_ALONE. text: None where the key is deleted."""
    name = split_key(key)[0]
    if is_disk_key(key):
        return _disk(kind, key, text)
    if kind == "vm" and name in ("hostpci", "usb", "virtiofs"):
        mapped = text is None or "mapping=" in text or text.startswith("spice")
        return "VM.Config.HWType" if mapped else ROOT_ALONE
    if kind == "vm" and name == "serial" and text not in (None, "socket"):
        return ROOT_ALONE
    if kind == "ct" and key == "features":
        return "VM.Allocate" if text in (None, "nesting=1", "nesting=0") else ROOT_ALONE
    table = _BY_NAME[kind]
    return table.get(key, table.get(name, "VM.Config.Options"))


def _disk(kind: GuestKind, key: str, text: str | None) -> str:
    """Media need less than disks, paths of the host more."""
    if text is None:
        return "VM.Config.Disk"
    try:
        values = values_of(kind, key, text)
    except ConfigError:
        return "VM.Config.Disk"
    source = str(values.get("file" if kind == "vm" else "volume", ""))
    if source.startswith("/"):
        return ROOT_ALONE
    if values.get("media") == "cdrom" or source in ("none", "cdrom"):
        return "VM.Config.Cloudinit" if source.endswith(":cloudinit") else "VM.Config.CDROM"
    return "VM.Config.Cloudinit" if source.endswith(":cloudinit") else "VM.Config.Disk"


def all_needed(
    kind: GuestKind, texts: Iterable[tuple[str, str]], deleted: Iterable[str]
) -> Iterator[tuple[str, str]]:
    """Each key with what it needs."""
    for key, text in texts:
        yield key, needed(kind, key, text)
    for key in deleted:
        yield key, needed(kind, key, None)
