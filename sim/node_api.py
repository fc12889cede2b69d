"""The API of a simulated node: the product's own, on the ports of one boot."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from appliance.api.api import Api
from appliance.api.operations import build_table
from appliance.api.ports import ApiPorts
from appliance.model.errors import RefusedError
from appliance.ports.clock import Clock
from appliance.ports.journal import Journal
from appliance.ports.local_disk import LocalDisk
from appliance.services.access.accounts import Accounts
from appliance.services.access.ports import AccessPorts
from appliance.services.cluster.ports import ClusterPorts
from appliance.services.tasks.work import TaskPorts, Work
from sim.boards import Boards
from sim.group.cluster import StoreCluster
from sim.journal import NodeJournal, WorldJournal
from sim.outside import Outside
from sim.task_log import TaskShelves
from sim.tasks import Boot


@dataclass(frozen=True, slots=True)
class SimPasswords:
    """Implements the `Passwords` port.

    words: password by user, at the beginning. changed: what became of them on this node.
    """

    words: Mapping[str, str]
    changed: dict[str, str] = field(default_factory=dict, repr=False)

    async def check(self, name: str, password: str) -> bool:
        return self.changed.get(name, self.words.get(name)) == password

    async def change(self, name: str, password: str) -> None:
        if name not in self.words:
            raise RefusedError(f"there is no user '{name}' of the operating system")
        self.changed[name] = password


@dataclass(frozen=True, slots=True)
class SimKeeper:
    """Implements the `Keeper` port on a simulated disk."""

    disk: LocalDisk

    async def verify(self) -> tuple[str, ...]:
        return await self.disk.verify()

    async def backup(self, file: str) -> None:
        raise RefusedError("a simulated node has no file system to write a backup to")

    def found_damaged(self) -> str:
        return ""


def boot_work(
    boot: Boot, clock: Clock, journal: Journal, shelves: TaskShelves, boards: Boards
) -> Work:
    """The tasks of a boot; they learn of those of earlier boots in this instant."""
    ports = TaskPorts(boot.node, clock, boot, shelves.log(boot), boards.open(boot), journal)
    work = Work(ports)
    boot.begin(work.open, "tasks")
    return work


def node_api(
    cluster: StoreCluster,
    node: str,
    journal: WorldJournal,
    passwords: Mapping[str, str] | None = None,
    operations: ClusterPorts | None = None,
    work: Work | None = None,
    outside: Outside | None = None,
) -> Api:
    """For the present boot of the node's daemon."""
    daemon = cluster.daemon(node)
    clock, entropy = daemon.ports.clock, daemon.ports.entropy
    told = NodeJournal(journal, node)
    known = outside or Outside()
    access = AccessPorts(
        daemon.store,
        clock,
        entropy,
        told,
        SimPasswords(passwords or {}, known.passwords_of(node)),
        known.directory,
        known.provider,
    )
    boards = Boards(cluster.kernel, cluster.engine)
    ports = ApiPorts(
        node=node,
        clock=clock,
        tasks=daemon.boot,
        entropy=entropy,
        journal=told,
        membership=daemon.membership,
        store=daemon.store,
        keeper=SimKeeper(daemon.ports.disk),
        accounts=Accounts(access),
        work=work or boot_work(daemon.boot, clock, told, TaskShelves(cluster.entropy), boards),
        cluster=operations,
        member=daemon.store,
    )
    daemon.boot.begin(ports.accounts.keys.prepare, "ticket keys")
    return Api(build_table(), ports)
