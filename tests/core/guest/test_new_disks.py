"""Disks that a call asks for, and what becomes of those that are plugged out."""

from __future__ import annotations

import pytest

from appliance.core.guest.detached import settled
from appliance.core.guest.hotplug import live_keys
from appliance.core.guest.new_disks import FreshDisk, default_boot, fresh_disk, written
from appliance.core.guest.privileges import ROOT_ALONE, needed
from appliance.model.errors import ConfigError
from appliance.model.guest.config import GuestConfig, Settings, parse_guest, write_guest
from appliance.model.guest.document import GuestKind

GIB = 1 << 30


@pytest.mark.parametrize(
    ("kind", "key", "text", "size_bytes", "form", "cloudinit", "source"),
    [
        ("vm", "scsi0", "thin:8", 8 * GIB, None, False, None),
        ("vm", "scsi0", "file=thin:0.5,ssd=1", GIB // 2, None, False, None),
        ("vm", "virtio3", "local:1,format=qcow2", GIB, "qcow2", False, None),
        ("vm", "ide2", "thin:cloudinit", 4 << 20, None, True, None),
        ("vm", "efidisk0", "thin:1,efitype=4m", 4 << 20, None, False, None),
        ("vm", "tpmstate0", "thin:1,version=v2.0", 4 << 20, None, False, None),
        ("vm", "scsi0", "thin:0,import-from=nfs:import/a.raw", 0, None, False, "nfs:import/a.raw"),
        ("ct", "rootfs", "thin:4", 4 * GIB, None, False, None),
        ("ct", "mp3", "volume=thin:1,mp=/d", GIB, None, False, None),
    ],
)
def test_what_is_to_be_made(
    kind: GuestKind,
    key: str,
    text: str,
    size_bytes: int,
    form: str | None,
    cloudinit: bool,
    source: str | None,
) -> None:
    disk = fresh_disk(kind, key, text)
    assert disk is not None
    storage = "local" if "local" in text else "thin"
    assert disk == FreshDisk(key, text, storage, size_bytes, form, cloudinit, source)


@pytest.mark.parametrize(
    ("kind", "key", "text"),
    [
        ("vm", "scsi0", "thin:vm-100-disk-0"),
        ("vm", "ide2", "none,media=cdrom"),
        ("vm", "ide2", "local:iso/x.iso,media=cdrom"),
        ("vm", "net0", "virtio,bridge=vmbr0"),
        ("vm", "name", "thin:8"),
        ("ct", "mp0", "/mnt/host,mp=/d"),
    ],
)
def test_what_is_there_already(kind: GuestKind, key: str, text: str) -> None:
    assert fresh_disk(kind, key, text) is None


@pytest.mark.parametrize("text", ["thin:0", "thin:vm-1-disk-0,import-from=nfs:import/a.raw"])
def test_what_cannot_be_made(text: str) -> None:
    with pytest.raises(ConfigError) as caught:
        fresh_disk("vm", "scsi0", text)
    assert caught.value.field == "scsi0"


def test_how_it_stands_in_the_file() -> None:
    text = written("vm", "scsi1", "thin:8,ssd=1,format=raw", "thin:vm-100-disk-1", 8 * GIB)
    assert text == "thin:vm-100-disk-1,size=8G,ssd=1"
    made = written("vm", "ide2", "thin:cloudinit", "thin:vm-100-cloudinit", 4 << 20)
    assert made == "thin:vm-100-cloudinit,media=cdrom,size=4M"


def test_what_a_new_machine_boots_from() -> None:
    settings = Settings(
        {
            "net1": "virtio=BC:24:11:00:00:01,bridge=vmbr0",
            "ide2": "local:iso/x.iso,media=cdrom",
            "efidisk0": "thin:vm-1-disk-9",
            "virtio0": "thin:vm-1-disk-1",
            "sata0": "thin:vm-1-disk-0",
        }
    )
    assert default_boot(settings) == "order=sata0;ide2;net1"
    assert default_boot(Settings()) == ""


BEFORE = """\
ide2: thin:vm-100-cloudinit,media=cdrom
ide3: local:iso/x.iso,media=cdrom
scsi0: thin:vm-100-disk-0,size=8G
scsi1: thin:vm-100-disk-1,size=1G
scsi2: thin:vm-101-disk-0,size=1G
unused0: thin:vm-100-disk-5
"""


def after(gone: str, forced: tuple[str, ...] = (), more: str = "") -> tuple[str, tuple[str, ...]]:
    before = parse_guest(BEFORE + more, "vm")
    changed = GuestConfig(
        "vm",
        before.current.without(gone.split()),
        snapshots=before.snapshots,
    )
    found = settled(before, changed, lambda volume: "vm-100-" in volume, forced)
    return write_guest(found.config), found.free


def test_own_disks_become_unused() -> None:
    text, free = after("scsi0 scsi1")
    assert "unused1: thin:vm-100-disk-0" in text
    assert "unused2: thin:vm-100-disk-1" in text
    assert free == ()


def test_media_and_others_disks_are_let_go_and_what_is_made_again_is_freed() -> None:
    text, free = after("ide2 ide3 scsi2 unused0")
    assert "unused" not in text
    assert free == ("thin:vm-100-cloudinit", "thin:vm-100-disk-5")


def test_by_force_it_is_freed_unless_a_snapshot_has_it() -> None:
    assert after("scsi1", ("scsi1",))[1] == ("thin:vm-100-disk-1",)
    snapshot = "\n[old]\nscsi1: thin:vm-100-disk-1,size=1G\nsnaptime: 1\n"
    text, free = after("scsi1", ("scsi1",), snapshot)
    assert free == ()
    assert "unused1" not in text


def test_what_is_plugged_in_is_not_unused() -> None:
    before = parse_guest(BEFORE, "vm")
    plugged = before.current.with_values({"scsi5": "thin:vm-100-disk-5,size=1G"})
    found = settled(before, GuestConfig("vm", plugged), lambda volume: True)
    assert "unused0" not in found.config.current.values
    assert found.free == ()


@pytest.mark.parametrize(
    ("kind", "hotplug", "keys", "live"),
    [
        ("vm", None, "net1 scsi2 ide0 usb1 cores memory", "net1 scsi2 usb1"),
        ("vm", None, "cores name tags balloon", "name tags balloon"),
        ("vm", "0", "net1 scsi2 name", "name"),
        ("vm", "1", "net1 memory", "net1"),
        ("vm", "network,memory,cpu", "net1 scsi2 memory vcpus", "net1 memory vcpus"),
        ("vm", "cloudinit", "ciuser ipconfig0 net0", "ciuser ipconfig0"),
        ("vm", None, "ciuser ipconfig0", ""),
        ("ct", None, "cores memory swap net0 mp1 onboot", "cores memory swap net0 mp1 onboot"),
        ("ct", None, "hostname features rootfs", ""),
    ],
)  # fmt: skip
def test_what_a_running_guest_takes_up(
    kind: GuestKind, hotplug: str | None, keys: str, live: str
) -> None:
    settings = Settings({} if hotplug is None else {"hotplug": hotplug})
    assert live_keys(kind, settings, keys.split()) == tuple(live.split())


@pytest.mark.parametrize(
    ("kind", "key", "text", "privilege"),
    [
        ("vm", "cores", "2", "VM.Config.CPU"),
        ("vm", "scsi0", "thin:8", "VM.Config.Disk"),
        ("vm", "scsi0", "/dev/sda", ROOT_ALONE),
        ("vm", "ide2", "local:iso/x.iso,media=cdrom", "VM.Config.CDROM"),
        ("vm", "ide2", "none", "VM.Config.CDROM"),
        ("vm", "ide2", "thin:cloudinit", "VM.Config.Cloudinit"),
        ("vm", "net3", None, "VM.Config.Network"),
        ("vm", "hostpci0", "01:00.0", ROOT_ALONE),
        ("vm", "hostpci0", "mapping=gpu", "VM.Config.HWType"),
        ("vm", "serial0", "socket", "VM.Config.HWType"),
        ("vm", "serial0", "/dev/ttyS0", ROOT_ALONE),
        ("vm", "args", "-x", ROOT_ALONE),
        ("vm", "tags", "a", "VM.Config.Options"),
        ("ct", "mp0", "/mnt,mp=/d", ROOT_ALONE),
        ("ct", "mp0", "thin:1,mp=/d", "VM.Config.Disk"),
        ("ct", "features", "nesting=1", "VM.Allocate"),
        ("ct", "features", "mount=nfs", ROOT_ALONE),
        ("ct", "hostname", "x", "VM.Config.Network"),
    ],
)
def test_what_an_option_needs(kind: GuestKind, key: str, text: str | None, privilege: str) -> None:
    assert needed(kind, key, text) == privilege
