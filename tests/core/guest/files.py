"""Guests' configurations for tests."""

from __future__ import annotations

from appliance.model.guest.config import GuestConfig, parse_guest

VM = """# notes of the guest
boot: order=scsi0
cores: 2
ide2: local:iso/debian.iso,media=cdrom
memory: 2048
name: web
net0: virtio=BC:24:11:00:00:01,bridge=vmbr0
scsi0: tank:vm-100-disk-0,discard=on,size=8G
scsi1: tank:vm-100-disk-1,size=1G
unused0: tank:vm-100-disk-9
vmgenid: 11111111-1111-1111-1111-111111111111
"""
CT = """arch: amd64
hostname: db
memory: 512
mp0: tank:subvol-101-disk-1,mp=/srv,size=2G
mp1: /mnt/host,mp=/host
net0: name=eth0,bridge=vmbr0,hwaddr=BC:24:11:00:00:02,type=veth
ostype: debian
rootfs: tank:subvol-101-disk-0,size=4G
swap: 512
lxc.idmap: u 0 100000 65536
"""


def vm(text: str = VM) -> GuestConfig:
    return parse_guest(text, "vm", strict=True)


def ct(text: str = CT) -> GuestConfig:
    return parse_guest(text, "ct", strict=True)
