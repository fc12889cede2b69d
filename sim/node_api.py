"""The API of a simulated node: the product's own, on the ports of one boot."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from appliance.api.api import Api
from appliance.api.operations import build_table
from appliance.api.ports import ApiPorts
from appliance.model.errors import RefusedError
from appliance.ports.local_disk import LocalDisk
from appliance.services.access.accounts import Accounts
from appliance.services.access.ports import AccessPorts
from appliance.services.cluster.ports import ClusterPorts
from sim.group.cluster import StoreCluster
from sim.journal import NodeJournal, WorldJournal


@dataclass(frozen=True, slots=True)
class SimPasswords:
    """Implements the `Passwords` port. words: password by user."""

    words: Mapping[str, str]

    async def check(self, name: str, password: str) -> bool:
        return self.words.get(name) == password


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


def node_api(
    cluster: StoreCluster,
    node: str,
    journal: WorldJournal,
    passwords: Mapping[str, str] | None = None,
    operations: ClusterPorts | None = None,
) -> Api:
    """For the present boot of the node's daemon."""
    daemon = cluster.daemon(node)
    clock, entropy = daemon.ports.clock, daemon.ports.entropy
    told = NodeJournal(journal, node)
    access = AccessPorts(daemon.store, clock, entropy, told, SimPasswords(passwords or {}))
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
        cluster=operations,
        member=daemon.store,
    )
    return Api(build_table(), ports)
