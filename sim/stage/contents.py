"""What the store of a served cluster has in it at the beginning, besides what HA needs."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Final

from appliance.model.ha.guest_files import guest_file
from appliance.model.store.changes import File
from appliance.services.cluster.layout import LAYOUT
from sim.clock import WORLD_BEGAN_S
from sim.genesis import MIB, first_files
from sim.layout import GIB, ClusterLayout, GuestSpec, NodeSpec, StorageSpec
from sim.network.conf import conf_of

USERS: Final = "user.cfg"
STORAGES: Final = "storage.cfg"
BRIDGE: Final = "vmbr0"
_ROOT: Final = "user:root@pam:1:0::::::\n"


def served_layout(nodes: int, guests: int) -> ClusterLayout:
    """Nodes pve1, pve2, ... and guests from 100 on, every third a container, all under HA."""
    memory = max(128, 2 * 4 * guests // nodes) * GIB  # room for the guests of a node that dies
    specs = tuple(
        NodeSpec(f"pve{number}", boot_s=20.0, memory_bytes=memory) for number in range(1, nodes + 1)
    )
    return ClusterLayout(
        specs,
        storages=(
            StorageSpec("ceph", capacity_bytes=max(10 * 1024, 64 * guests) * GIB),
            StorageSpec("nfs", capacity_bytes=4 * 1024 * GIB),
            StorageSpec("local", shared=False, capacity_bytes=100 * GIB),
            StorageSpec("local-zfs", shared=False, capacity_bytes=1024 * GIB),
        ),
        guests=tuple(_guest(number, specs) for number in range(guests)),
        name="quorate",
    )


def _guest(number: int, nodes: tuple[NodeSpec, ...]) -> GuestSpec:
    kind = "ct" if number % 3 == 2 else "vm"
    size = 8 * GIB if kind == "ct" else 32 * GIB
    node = nodes[number % len(nodes)].name
    return GuestSpec(f"{kind}:{100 + number}", node, storage="ceph", disk_bytes=size)


def contents(layout: ClusterLayout) -> dict[str, File]:
    """ConfigError for a bad configuration text in the layout."""
    found = first_files(layout)
    writer = layout.node_names()[0]
    for path, text in _texts(layout):
        found[path] = File(text.encode(), 1, WORLD_BEGAN_S, writer)
    return dict(sorted(found.items()))


def _texts(layout: ClusterLayout) -> Iterator[tuple[str, str]]:
    yield LAYOUT, conf_of(layout).text()
    yield USERS, _ROOT
    used = {guest.storage for guest in layout.guests}
    yield STORAGES, "\n".join(_storage(one, one.name in used) for one in layout.storages)
    for guest in layout.guests:
        yield guest_file(guest.sid, guest.node), guest_text(guest)


def _storage(spec: StorageSpec, used: bool) -> str:
    """By its name where that tells what it is. used: guests' disks are on it."""
    lines = _KINDS.get(spec.name) or (_SHARED if spec.shared else _LOCAL)
    if used and spec.name == "local":
        lines = _LOCAL_WITH_DISKS
    text = "".join(f"\t{line}\n" for line in lines[1:]).format(name=spec.name)
    nodes = f"\tnodes {','.join(spec.nodes)}\n" if spec.nodes else ""
    return f"{lines[0]}: {spec.name}\n{text}{nodes}"


_SHARED: Final = ("rbd", "content images,rootdir", "pool {name}", "krbd 0")
_LOCAL: Final = ("zfspool", "content images,rootdir", "pool rpool/{name}", "sparse 1")
_FILES: Final = "iso,vztmpl,backup,snippets,import"
_LOCAL_WITH_DISKS: Final = ("dir", "path /var/lib/vz", f"content images,rootdir,{_FILES}")
_KINDS: Final = {
    "local": ("dir", "path /var/lib/vz", f"content {_FILES}"),
    "local-zfs": ("zfspool", "pool rpool/data", "content images,rootdir", "sparse 1"),
    "nfs": (
        "nfs",
        "export /export/quorate",
        "path /mnt/pve/nfs",
        "server 10.77.0.250",
        "content images,iso,vztmpl,backup,snippets",
    ),
}


def guest_text(guest: GuestSpec) -> str:
    """A configuration file with the guest's processors, memory, disk and network card."""
    kind, _, number = guest.sid.partition(":")
    size = f"{guest.disk_bytes // GIB}G"
    mac = mac_of(guest.sid)
    if kind == "ct":
        return (
            f"arch: amd64\ncores: {guest.cpus}\nhostname: ct{number}\n"
            f"memory: {guest.memory_bytes // MIB}\n"
            f"net0: name=eth0,bridge={BRIDGE},hwaddr={mac},ip=dhcp,type=veth\nostype: debian\n"
            f"rootfs: {guest.storage}:{volume_name(guest.sid)},size={size}\nswap: 512\n"
            "unprivileged: 1\n"
        )
    return (
        f"boot: order=scsi0;net0\ncores: {guest.cpus}\nmemory: {guest.memory_bytes // MIB}\n"
        f"name: vm{number}\nnet0: virtio={mac},bridge={BRIDGE}\nostype: l26\n"
        f"scsi0: {guest.storage}:{volume_name(guest.sid)},size={size}\n"
        "scsihw: virtio-scsi-single\n"
    )


def volume_name(sid: str) -> str:
    """Of a guest's first disk."""
    return f"vm-{sid.partition(':')[2]}-disk-0"


def mac_of(sid: str) -> str:
    """Always the same for the same guest, in a range that such systems use."""
    tail = hashlib.sha256(sid.encode()).hexdigest()[:6].upper()
    return f"BC:24:11:{tail[:2]}:{tail[2:4]}:{tail[4:]}"
