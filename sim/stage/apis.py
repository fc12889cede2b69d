"""The API of each node of a simulated world: one for each boot, on that boot's ports."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace

from appliance.api.api import Api
from appliance.api.operations import build_table
from appliance.api.peers import ApiPeers
from appliance.api.ports import ApiPorts
from appliance.api.table import Operation, Table
from appliance.model.corosync_conf import CorosyncConf
from appliance.model.errors import RefusedError
from appliance.ports.clock import Clock
from appliance.services.access.accounts import Accounts
from appliance.services.access.ports import AccessPorts
from appliance.services.cluster.follower import Follower
from appliance.services.cluster.passing import Passing
from appliance.services.cluster.ports import ClusterPorts
from appliance.services.guest_changes.machines import Machines
from appliance.services.guest_changes.ports import ChangePorts
from appliance.services.guests.bulk import start_with_node
from appliance.services.guests.ports import GuestPorts
from appliance.services.storage.ports import StoragePorts
from sim.boards import Boards
from sim.boot import NodeBoot
from sim.entropy import Entropy
from sim.group.membership import SimLiveMembership
from sim.guests.history import SimHistory
from sim.guests.moving import SimGuestMoves
from sim.journal import NodeJournal
from sim.network.conf import address_of
from sim.node_api import SimPasswords, boot_work
from sim.node_system import NodeSystems, installed
from sim.operations.calls import SimHost, SimTransport, certificate_of
from sim.outside import Outside
from sim.stage.courier import SimCourier
from sim.stage.guests import boot_guests
from sim.task_log import TaskShelves
from sim.tasks import Boot
from sim.world import World

PASSWORDS = {"root": "quorate"}  # of the realm pam, on every node


@dataclass(frozen=True, slots=True)
class Settings:
    """passwords: of the realm pam. operations: besides the product's own.

    credentials: the clock that tickets and second factors go by, None: the node's own.
    certificates: what nodes show, as PEM; those that are not named show a mere text.
    entropy: where secrets come from, None: the world's own.
    tasks: what each node's disk has of tasks at the beginning, by file.
    """

    passwords: Mapping[str, str] = field(default_factory=lambda: PASSWORDS)
    operations: tuple[Operation, ...] = ()
    credentials: Clock | None = None
    outside: Outside = field(default_factory=Outside)
    certificates: Mapping[str, bytes] = field(default_factory=dict)
    entropy: Entropy | None = None
    tasks: Mapping[str, Mapping[str, bytes]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class FixedService:
    """Implements the `ClusterService` port: the cluster is as it was laid out, for ever."""

    world: World
    node: str

    def layout(self) -> CorosyncConf | None:
        return self.world.engine.layout(self.node)

    def make_key(self) -> bytes:
        raise _fixed()

    async def found(self, layout: CorosyncConf, key: bytes) -> None:
        raise _fixed()

    async def enter(self, layout: CorosyncConf, key: bytes) -> str:
        raise _fixed()

    async def leave(self) -> None:
        raise _fixed()

    async def device_files(self, host: str, cluster: str) -> Mapping[str, bytes]:
        raise _fixed()

    async def follow_device(self, files: Mapping[str, bytes]) -> None:
        """Its client runs where the layout has a device."""


class SharedKeeper:
    """Implements the `Keeper` port of a store that is computed once for all nodes."""

    async def verify(self) -> tuple[str, ...]:
        return ()

    async def backup(self, file: str) -> None:
        raise RefusedError("a simulated node has no file system to write a backup to")

    def found_damaged(self) -> str:
        return ""


def _fixed() -> RefusedError:
    return RefusedError("nodes neither join nor leave this cluster")


@dataclass(slots=True)
class Answering:
    """A boot that answers."""

    boot: NodeBoot
    api: Api
    ports: ApiPorts
    membership: SimLiveMembership


class Apis:
    """Of all nodes of a world. Implements `sim.operations.calls.Town`."""

    def __init__(self, world: World, settings: Settings | None = None) -> None:
        self.world, self.settings = world, settings or Settings()
        self._entropy = self.settings.entropy or world.entropy
        self.table: Table = build_table(self.settings.operations)
        self._now: dict[str, Answering] = {}
        self.shelves = TaskShelves(world.entropy.child("stage"))
        for node, files in self.settings.tasks.items():
            self.shelves.platter(node).files.update(
                {path: bytearray(content) for path, content in files.items()}
            )
        self.boards = Boards(world.kernel, world.engine)
        for spec in map(world.guests.catalog.spec, world.guests.catalog.sids()):
            # Their files name these disks; what a guest of the same number has later is its own.
            disks = world.guests.catalog.disks(spec.sid)
            world.guests.catalog.put(replace(spec, disks=disks))
        self.history = SimHistory(world.guests, world.entropy)
        self._listeners: list[Callable[[str], None]] = []
        names = world.layout.node_names()
        links = range(len(world.layout.links))
        self._addresses = {
            name: tuple(address_of(number, link) for link in links)
            for number, name in enumerate(names, 1)
        }
        first = {name: own[0] for name, own in self._addresses.items()}
        self.systems = NodeSystems(world.journal, first, installed())
        world.on_view(self._told)
        world.on_boot(self._booted)

    def on_boot(self, listener: Callable[[str], None]) -> None:
        """Call it with the name of every node that begins to answer from now on."""
        self._listeners.append(listener)

    def _told(self, node: str) -> None:
        found = self._now.get(node)
        if found is not None:
            found.membership.told()

    def _booted(self, boot: NodeBoot) -> None:
        node = boot.boot.node
        membership = SimLiveMembership(boot.boot, self.world.engine)
        ports = self._ports(boot, membership)
        self._now[node] = Answering(boot, Api(self.table, ports), ports, membership)
        self._begin(boot.boot, ports)
        for listener in self._listeners:
            listener(node)

    def _changes(self, boot: NodeBoot, guests: GuestPorts, storage: StoragePorts) -> ChangePorts:
        moves = SimGuestMoves(boot.boot, self.world.mover, self.world.specs(boot.guests))
        return ChangePorts(
            guests.node,
            guests.clock,
            guests.entropy,
            guests.store,
            storage.pools,
            storage.transfer,
            storage.archives,
            Machines(guests.host, guests.vms),
            moves,
        )

    def _ports(self, boot: NodeBoot, membership: SimLiveMembership) -> ApiPorts:
        node, own = boot.boot.node, boot.ports
        journal = NodeJournal(self.world.journal, node)
        entropy = self._entropy.child("api", node, boot.boot.number)
        cluster = ClusterPorts(
            node,
            boot.clock,
            boot.store,
            membership,
            FixedService(self.world, node),
            SimHost(self, node),
            ApiPeers(SimTransport(self, boot.boot)),
        )
        access = AccessPorts(
            boot.store,
            self.settings.credentials or boot.clock,
            entropy,
            journal,
            SimPasswords(self.settings.passwords, self.settings.outside.passwords_of(node)),
            self.settings.outside.directory,
            self.settings.outside.provider,
        )
        work = boot_work(boot.boot, boot.clock, journal, self.shelves, self.boards)
        board = self.boards.boards[node]
        storage = self.world.volumes.boot(boot.boot, boot.store).ports
        guests = boot_guests(self.world, boot, entropy, work, storage, board, self.history)
        return ApiPorts(
            node=node,
            clock=boot.clock,
            tasks=own.tasks,
            entropy=entropy,
            journal=journal,
            membership=membership,
            store=boot.store,
            keeper=SharedKeeper(),
            accounts=Accounts(access),
            work=work,
            cluster=cluster,
            passing=Passing(cluster, SimCourier(self, boot.boot)),
            storage=storage,
            changes=self._changes(boot, guests.ports, storage),
            guests=guests,
            system=self.systems.system(node),
        )

    def _begin(self, boot: Boot, ports: ApiPorts) -> None:
        """What runs beside the API, for as long as the boot."""
        boot.begin(ports.accounts.keys.prepare, "ticket keys")
        if ports.guests is not None:
            boot.begin(ports.guests.watch.run, "storages")
            guests, membership = ports.guests, ports.membership
            boot.begin(lambda: start_with_node(guests, membership), "guests that start with it")
        if ports.cluster is not None:
            follower = Follower(ports.cluster, NodeJournal(self.world.journal, boot.node))
            boot.spawn(follower.run(), "layout follower")

    # who answers, and the town that calls go through

    def answering(self, node: str) -> Answering | None:
        """None while no operating system runs there. KeyError for an unknown node."""
        boot = self.world.machines[node].boot
        found = self._now.get(node)
        return found if boot is not None and found is not None and found.boot is boot else None

    def newest(self) -> Answering:
        """The last boot of a node that knows most: of one that runs and is quorate, if any."""

        def rank(node: str) -> tuple[bool, bool, int]:
            found = self._now[node]
            running = self.answering(node) is not None
            quorate = running and self.world.engine.view(node).quorate
            return quorate, running, found.boot.boot.number

        return self._now[max(self._now, key=rank)]

    def certificate(self, node: str) -> bytes:
        return self.settings.certificates.get(node) or certificate_of(node)

    def process(self, node: str) -> tuple[Boot, Api] | None:
        found = self.answering(node) if node in self.world.machines else None
        return None if found is None else (found.boot.boot, found.api)

    def addresses(self, node: str) -> tuple[str, ...]:
        return self._addresses.get(node, ())

    def node_at(self, address: str) -> str | None:
        return next((name for name, own in self._addresses.items() if address in own), None)

    def reaches(self, node: str, other: str) -> bool:
        machines = self.world.machines
        if other not in machines or not machines[node].running or not machines[other].running:
            return False
        return node == other or self.world.fabric.mutual(node, other)

    @property
    def nodes(self) -> Iterable[str]:
        return self._addresses
