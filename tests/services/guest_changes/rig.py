"""A node with two guests, for tests of what is changed about them."""

from __future__ import annotations

from collections.abc import Callable

from appliance.model.errors import QuorateError
from appliance.model.guest.running import GuestState
from appliance.model.store.changes import Put
from appliance.services.guest_changes.files import GuestFile, GuestFiles
from appliance.services.guest_changes.machines import Machines
from appliance.services.guest_changes.ports import ChangePorts
from tests.services.guest_changes.instant import (
    Clock,
    Hosts,
    InstantStore,
    Moves,
    Pools,
    Shelf,
    Steps,
    Tokens,
    context,
    run,
)

VM = """agent: 1
boot: order=scsi0
ide2: local:iso/debian.iso,media=cdrom
memory: 1024
name: web
net0: virtio=BC:24:11:00:00:01,bridge=vmbr0
scsi0: thin:vm-100-disk-0,discard=on,size=8G
scsi1: ceph:vm-100-disk-0,size=1G
smbios1: uuid=11111111-1111-1111-1111-111111111111
unused0: thin:vm-100-disk-9
vmgenid: 22222222-2222-2222-2222-222222222222
"""
CT = """arch: amd64
hostname: db
memory: 512
mp0: thin:vm-101-disk-1,mp=/srv,backup=1,size=2G
mp1: /mnt/host,mp=/host
net0: name=eth0,bridge=vmbr0,hwaddr=BC:24:11:00:00:02,type=veth
ostype: debian
rootfs: thin:vm-101-disk-0,size=4G
"""
GIB = 1 << 30
VOLUMES = {
    "thin:vm-100-disk-0": 8 * GIB,
    "ceph:vm-100-disk-0": GIB,
    "thin:vm-100-disk-9": GIB,
    "thin:vm-101-disk-0": 4 * GIB,
    "thin:vm-101-disk-1": 2 * GIB,
}


class Rig:
    """VM 100 and container 101 on n1; `files` are the guests of the store by number."""

    def __init__(self, vm: str = VM, ct: str = CT) -> None:
        self.steps = Steps()
        self.store = InstantStore(self.steps)
        self.shelf = Shelf(self.steps)
        self.hosts = Hosts(self.steps)
        self.there: dict[str, GuestState] = {}  # what runs on the other node
        pools = Pools(self.shelf)
        machines = Machines(self.hosts, self.hosts)
        self.ports = ChangePorts(
            "n1",
            Clock(),
            Tokens(),
            self.store,
            pools,
            pools,
            pools,
            machines,
            Moves(self.shelf, self.hosts, self.there),
        )
        self.task, self.log = context()
        for volume, size in VOLUMES.items():
            self.shelf.put(volume, size)
        for path, text in (("qemu-server/100", vm), ("lxc/101", ct)):
            run(self.store.change(Put(f"nodes/n1/{path}.conf", text.encode())))
        self.steps.taken.clear()

    def guest(self, vmid: int = 100) -> GuestFile:
        return GuestFiles(self.store).find(vmid)

    def text(self, vmid: int = 100) -> str:
        return self.store.text(self.guest(vmid).path)

    def leftovers(self) -> list[str]:
        """Volumes that no guest's file names, other than at the beginning."""
        files = [self.store.text(path) for path in self.store.paths("nodes/")]
        return [volid for volid in self.shelf.ids() if not any(volid in text for text in files)]

    def locks(self) -> list[str]:
        """The locks in guests' files."""
        texts = [self.store.text(path) for path in self.store.paths("nodes/")]
        return [line for text in texts for line in text.split("\n") if line.startswith("lock:")]


def running() -> Rig:
    """Both guests run."""
    rig = Rig()
    rig.hosts.run("vm:100")
    rig.hosts.run("ct:101")
    return rig


def every_step(act: Callable[[Rig], None], rig: Callable[[], Rig] = Rig) -> list[Rig]:
    """A rig for each call that an operation makes, in which this call failed it."""
    whole = rig()
    whole.steps.taken.clear()
    act(whole)
    found = []
    for step in range(len(whole.steps.taken)):
        broken = rig()
        broken.steps.taken.clear()
        broken.steps.fail_at = step
        try:
            act(broken)
        except QuorateError:
            found.append(broken)
    assert found
    return found
