"""A small world with a storage of every type, named after it, and `spare` for copies."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any, Final

from appliance.model.storage.volumes import parse_name, split_id
from appliance.model.store.changes import File
from appliance.services.storage.ports import StoragePorts
from sim.boot import NodeBoot
from sim.genesis import first_files
from sim.layout import GIB, ClusterLayout, NodeSpec, StorageSpec
from sim.storage.contents import Content
from sim.storage.world import NodeStorage
from sim.tasks import SimTask
from sim.world import World

FILES: Final = "backup,images,import,iso,rootdir,snippets,vztmpl"
STORAGES: Final = f"""\
btrfs: btrfs
\tpath /btrfs
\tcontent {FILES}

cephfs: cephfs
\tpath /mnt/pve/cephfs
\tcontent backup,iso,snippets,vztmpl,import

cifs: cifs
\tpath /mnt/pve/cifs
\tserver files
\tshare things
\tcontent {FILES}

dir: dir
\tpath /dir
\tcontent {FILES}

esxi: esxi
\tserver esxi
\tusername root

iscsi: iscsi
\tportal 10.0.0.1
\ttarget iqn.2026-01.lab:one

iscsidirect: iscsidirect
\tportal 10.0.0.1
\ttarget iqn.2026-01.lab:two

lvm: lvm
\tvgname lvm
\tcontent images,rootdir

lvmthin: lvmthin
\tthinpool data
\tvgname thin

nfs: nfs
\texport /srv
\tpath /mnt/pve/nfs
\tserver files
\tcontent {FILES}

pbs: pbs
\tdatastore main
\tserver backup

rbd: rbd
\tpool rbd
\tcontent images,rootdir

zfs: zfs
\tblocksize 16k
\tiscsiprovider LIO
\tpool tank
\tportal 10.0.0.1
\ttarget iqn.2026-01.lab:three

zfspool: zfspool
\tpool rpool/data

dir: spare
\tpath /spare
\tcontent {FILES}
"""


class StorageRig:
    """Nodes n1 to n3, nothing else running on them."""

    here, there = "n1", "n2"

    def __init__(self, *specs: StorageSpec, storages: str = STORAGES) -> None:
        layout = ClusterLayout(
            tuple(NodeSpec(name) for name in ("n1", "n2", "n3")),
            storages=(StorageSpec("spare", shared=False, capacity_bytes=100 * GIB), *specs),
        )
        files = {**first_files(layout), "storage.cfg": File(storages.encode(), 1, 0, "n1")}
        self._found: dict[str, tuple[NodeBoot, NodeStorage]] = {}
        self.world = World(layout, files=dict(sorted(files.items())))
        self.kernel = self.world.kernel
        self.world.run(10)

    def node(self, name: str = "") -> NodeStorage:
        """The storages of the present boot of a node."""
        boot = self.world.machines[name or self.here].boot
        assert boot is not None
        found = self._found.get(name)
        if found is None or found[0] is not boot:
            found = boot, self.world.volumes.boot(boot.boot, boot.store)
            self._found[name] = found
        return found[1]

    def ports(self, name: str = "") -> StoragePorts:
        return self.node(name).ports

    def spawn(self, name: str, coro: Coroutine[Any, Any, Any]) -> SimTask[Any]:
        boot = self.world.machines[name].boot
        assert boot is not None
        return boot.boot.spawn(coro, "test")

    def finish(self, name: str, coro: Coroutine[Any, Any, Any], within_s: float = 3600.0) -> Any:
        """Let time pass until it has ended; what it gave, or its error."""
        task = self.spawn(name, coro)
        self.wait(task, within_s)
        return task.result()

    def wait(self, task: SimTask[Any], within_s: float = 3600.0) -> None:
        until_s = self.world.now_s + within_s
        while not task.done():
            assert self.world.now_s < until_s, "it has not ended"
            self.world.run(self.world.now_s + 0.1)

    def contents(self, volid: str, node: str = "") -> Content:
        """What is in a volume as a node sees it."""
        storage, name = split_id(volid)
        kind = self.node().storages.find(storage).type
        return self.world.volumes.content(storage, node or self.here, parse_name(kind, name).own)
