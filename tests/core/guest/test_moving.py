"""What can move to another node, and what has to be copied."""

from __future__ import annotations

import pytest

from appliance.core.guest.moving import (
    MovedVolume,
    MoveWish,
    StorageMap,
    check_target,
    lacking_storages,
    local_disks,
    local_resources,
    mapped_resources,
    plan_move,
    storage_map,
)
from appliance.model.errors import ConfigError, RefusedError
from appliance.model.storage.config import parse_storages
from tests.core.guest.files import CT, VM, ct, vm

STORAGES = parse_storages(
    "zfspool: tank\n\tpool tank\n\tcontent images,rootdir\n\n"
    "rbd: ceph\n\tpool rbd\n\tcontent images\n\n"
    "lvmthin: thin\n\tvgname v\n\tthinpool t\n\tnodes n1,n2\n\tcontent images\n"
).storages
NO_ISO = VM.replace("ide2: local:iso/debian.iso,media=cdrom\n", "")
WISH = MoveWish("n2")


def test_storage_maps() -> None:
    assert storage_map("1") == StorageMap()
    assert storage_map("a:b, c:d;e") == StorageMap({"a": "b", "c": "d"}, "e")
    assert storage_map("a:b,e").of("a") == "b"
    assert storage_map("a:b,e").of("x") == "e"
    assert storage_map("a:b,1").of("x") == "x"


def test_what_is_copied() -> None:
    names = ("tank:vm-100-disk-0", "tank:vm-100-disk-1", "tank:vm-100-disk-9")
    plan = plan_move(vm(NO_ISO), WISH, STORAGES, running=False)
    assert plan == tuple(MovedVolume(name, "tank") for name in names)
    wish = MoveWish("n2", online=True, local_disks=True, storages=StorageMap(usual="ceph"))
    live = plan_move(vm(NO_ISO), wish, STORAGES, running=True)
    assert [(volume.storage, volume.live) for volume in live] == [
        ("ceph", True),
        ("ceph", True),
        ("ceph", False),  # what is not plugged in is written to by nobody
    ]


def test_everything_in_the_way_is_told_at_once() -> None:
    text = f"hostpci0: 01:00.0\nide3: cdrom,media=cdrom\n{VM}"
    with pytest.raises(RefusedError) as error:
        plan_move(vm(text), WISH, STORAGES, running=False)
    for words in ("local devices: hostpci0", "local cdrom drive", "local cdrom image"):
        assert words in str(error.value)


def test_devices() -> None:
    text = "hostpci0: mapping=gpu,pcie=1\nhostpci1: 01:00.0\nusb0: spice\nusb1: host=1-2\n"
    text += "usb2: mapping=key\nserial0: socket\nserial1: /dev/ttyS0\nparallel0: /dev/parport0\n"
    config = vm(text)
    assert local_resources(config) == ["hostpci1", "parallel0", "serial1", "usb1"]
    assert mapped_resources(config.current) == {"hostpci0": "gpu", "usb2": "key"}


def test_nodes_that_lack_a_storage() -> None:
    config = vm(f"{NO_ISO}scsi2: thin:vm-100-disk-0\n")
    assert lacking_storages(config, "n2", STORAGES) == []
    assert lacking_storages(config, "n3", STORAGES) == ["thin"]
    with pytest.raises(RefusedError, match="'thin' is not available on node 'n3'"):
        plan_move(config, MoveWish("n3"), STORAGES, running=False)


def test_linked_clones_stay_with_their_base() -> None:
    config = vm("scsi0: tank:base-9-disk-0/vm-100-disk-0,size=1G\n")
    with pytest.raises(RefusedError, match="it is a clone of 'base-9-disk-0'"):
        plan_move(config, WISH, STORAGES, running=False)


def test_containers() -> None:
    config = ct(CT.replace("mp1: /mnt/host,mp=/host", "mp1: /mnt/host,mp=/host,shared=1"))
    volumes = [disk.volume for disk in local_disks(config, STORAGES)]
    assert volumes == ["tank:subvol-101-disk-0", "tank:subvol-101-disk-1"]
    assert len(plan_move(config, WISH, STORAGES, running=False)) == 2
    with pytest.raises(RefusedError, match="local bind mount point 'mp1'"):
        plan_move(ct(), WISH, STORAGES, running=False)


def test_targets() -> None:
    nodes = {"n1": True, "n2": True, "n3": False}
    check_target("n2", "n1", nodes)
    for target, error in (("n1", ConfigError), ("n9", ConfigError), ("n3", RefusedError)):
        with pytest.raises(error, match=r"target|online"):
            check_target(target, "n1", nodes)
