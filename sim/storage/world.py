"""All storages of a world, and their ports for each boot of a node."""

from __future__ import annotations

from appliance.model.errors import RefusedError, UnavailableError
from appliance.model.storage.config import Storage
from appliance.ports.config_store import ConfigStore
from appliance.ports.storage import StoragePool
from appliance.services.storage.ports import StoragePorts
from appliance.services.storage.storages import Storages
from sim.guests.needs import Paths
from sim.guests.processes import GuestHost
from sim.layout import StorageSpec
from sim.storage.archives import SimArchives
from sim.storage.contents import Content, Shelves
from sim.storage.disks import MachineDisks, SimDisks
from sim.storage.files import SimFiles
from sim.storage.flows import Flows
from sim.storage.pool import SimPool, Surroundings
from sim.storage.scan import SimScan
from sim.storage.transfer import SimTransfer
from sim.storage.web import SimDownloads, Web
from sim.tasks import Boot


class StorageWorld:
    """The volumes of a world: what is in them, and the bytes that move."""

    def __init__(self, host: GuestHost, paths: Paths) -> None:
        self.physics = host.storage
        self.shelves = Shelves(host.kernel, host.storage)
        self.flows = Flows(host, paths)
        self.host = host
        self.web = Web()
        self._machines: dict[str, MachineDisks] = {}

    def machine(self, node: str) -> MachineDisks:
        """The disks in a node, the same in each of its boots."""
        return self._machines.setdefault(node, MachineDisks(node))

    def boot(self, boot: Boot, store: ConfigStore) -> NodeStorage:
        """The storages as a new boot of a node sees them."""
        return NodeStorage(self, boot, store)

    def content(self, pool: str, node: str, name: str) -> Content:
        """What is in a volume, for tests and checkers. KeyError."""
        return self.shelves.of(self.physics.volume(pool, node, name))


class NodeStorage:
    """Of one boot. `ports` is what the appliance gets; implements `StorageBackends`."""

    def __init__(self, world: StorageWorld, boot: Boot, store: ConfigStore) -> None:
        self._world, self._boot = world, boot
        self.storages = Storages(boot.node, store, self)
        transfer = SimTransfer(self.sim_pool, self._far)
        self.ports = StoragePorts(
            self.storages,
            SimFiles(self.sim_pool),
            transfer,
            SimArchives(self.sim_pool),
            SimDownloads(boot, world.web),
            SimDisks(boot, world.machine(boot.node), world.physics),
            SimScan(boot),
        )

    def open(self, storage: Storage) -> StoragePool:
        return self._open(storage)

    def sim_pool(self, storage: str) -> SimPool:
        """As `StoragePools.pool`."""
        self.storages.pool(storage)
        return self._open(self.storages.find(storage))

    def _open(self, storage: Storage, node: str | None = None) -> SimPool:
        world = self._world
        world.physics.ensure(StorageSpec(storage.id, shared=storage.shared))
        around = Surroundings(self._boot, node or self._boot.node, world.shelves, world.flows)
        return SimPool(around, storage)

    def _far(self, node: str, storage: str) -> SimPool:
        """A storage as another node sees it; the time is that of this boot."""
        found = self.storages.find(storage)
        if not self._world.host.is_up(node):
            raise UnavailableError(f"{node} cannot be reached")
        if not found.used_on(node):
            raise RefusedError(f"storage '{storage}' is not available on node '{node}'")
        return self._open(found, node)
