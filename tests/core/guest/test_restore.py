"""What a backup keeps of a guest and what is made of it again."""

from __future__ import annotations

from appliance.core.guest.restore import (
    SavedDrive,
    archived_text,
    restored_container,
    restored_text,
    saved_drives,
)
from appliance.model.guest.config import parse_guest
from tests.core.guest.files import CT, VM

MAC = "BC:24:11:AA:BB:CC"
SAVED = (
    SavedDrive("scsi0", "drive-scsi0", "tank", ""),
    SavedDrive("scsi1", "drive-scsi1", "tank", ""),
)


def test_a_vm_comes_back_on_its_new_volumes() -> None:
    archived = archived_text(f"{VM}\n[old]\ncores: 9\n", SAVED)
    assert saved_drives(archived) == SAVED
    text = restored_text(archived, {"scsi0": "dir:7/a.qcow2", "scsi1": "dir:7/b.qcow2"})
    config = parse_guest(text, "vm", strict=True)
    assert config.current.get("scsi0") == "dir:7/a.qcow2,discard=on,size=8G"
    assert config.current.get("scsi1") == "dir:7/b.qcow2,size=1G"
    assert (config.current.get("unused0"), config.snapshots) == (None, {})
    assert config.current.get("ide2") == "local:iso/debian.iso,media=cdrom"


def test_what_was_not_saved_is_a_comment() -> None:
    text = restored_text(archived_text(VM, SAVED[:1]), {"scsi0": "dir:7/a.qcow2"})
    assert "#scsi1: tank:vm-100-disk-1,size=1G\n" in text
    assert parse_guest(text, "vm").current.get("scsi1") is None


def test_addresses_of_its_own() -> None:
    text = restored_text(archived_text(VM, ()), {}, lambda: MAC)
    assert f"net0: virtio={MAC},bridge=vmbr0\n" in text


def test_a_container_comes_back() -> None:
    config = restored_container(
        f"lock: backup\nunused0: tank:x\n{CT}", {"rootfs": "dir:7/r.raw"}, lambda: MAC
    )
    assert config.current.get("rootfs") == "dir:7/r.raw,size=4G"
    assert (config.current.get("mp0"), config.current.get("unused0")) == (None, None)
    assert config.current.get("mp1") == "/mnt/host,mp=/host"
    assert config.current.get("lock") is None
    assert f"hwaddr={MAC}" in (config.current.get("net0") or "")
    assert config.current.raw == (("lxc.idmap", "u 0 100000 65536"),)
