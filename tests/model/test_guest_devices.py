from __future__ import annotations

from appliance.model.guest.config import parse_guest
from appliance.model.guest.devices import drives, mount_points, nics, unused_volumes, volumes

VM = """net1: e1000=BC:24:11:00:00:02,bridge=vmbr1,tag=7,firewall=1
net0: virtio
scsi10: local:100/vm-100-disk-1.qcow2,size=4G,replicate=0
scsi2: /dev/sda
ide2: none,media=cdrom
ide3: local:cloudinit,media=cdrom
efidisk0: lvm:vm-100-disk-0
unused3: lvm:vm-100-disk-9
"""
CT = """rootfs: lvm:vm-200-disk-0,size=8G
mp1: /srv,mp=/mnt,ro=1
mp0: lvm:vm-200-disk-1,mp=/a,backup=1
"""


def test_drives_come_by_bus_and_number() -> None:
    config = parse_guest(VM, "vm")
    found = {drive.key: drive for drive in drives(config.current)}
    assert list(found) == ["ide2", "ide3", "scsi2", "scsi10", "efidisk0"]
    assert (found["ide2"].cdrom, found["ide2"].volume, found["ide3"].cloudinit) == (
        True,
        None,
        True,
    )
    assert (found["scsi10"].size_bytes, found["scsi10"].replicate) == (4 << 30, False)
    assert found["scsi2"].volume is None
    assert dict(unused_volumes("vm", config.current)) == {"unused3": "lvm:vm-100-disk-9"}


def test_cards_of_a_machine() -> None:
    first, second = nics("vm", parse_guest(VM, "vm").current)
    assert (first.key, first.model, first.mac) == ("net0", "virtio", None)
    assert (second.mac, second.bridge, second.tag) == ("BC:24:11:00:00:02", "vmbr1", 7)


def test_mount_points_tell_volumes_from_directories() -> None:
    config = parse_guest(CT, "ct")
    found = list(mount_points(config.current))
    assert [(m.key, m.kind, m.path, m.backup) for m in found] == [
        ("rootfs", "volume", "/", True),
        ("mp0", "volume", "/a", True),
        ("mp1", "bind", "/mnt", False),
    ]
    assert volumes("ct", config.current) == {
        "lvm:vm-200-disk-0": "rootfs",
        "lvm:vm-200-disk-1": "mp0",
    }
