"""The part of the replicated configuration store that high availability uses.

Reads are local, immediate and may be old on a node that is cut off. Writes go through the cluster.
Every method may raise UnavailableError; writes raise NotQuorateError without quorum, and StaleError
when their guard no longer holds. A failed write changed nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from appliance.model.ha.datacenter import CrsOptions, HaOptions
from appliance.model.ha.groups import Group
from appliance.model.ha.resources import ServiceConfig
from appliance.model.ha.rules import RuleSet
from appliance.model.ha.status import EMPTY, LrmStatus, ManagerStatus


@dataclass(frozen=True, slots=True)
class DatacenterOptions:
    """The HA part of datacenter.cfg."""

    ha: HaOptions = field(default_factory=HaOptions)
    crs: CrsOptions = field(default_factory=CrsOptions)
    max_workers: int = 4


@dataclass(frozen=True, slots=True)
class HaConfig:
    """Services with their nodes, rules and legacy groups, of one moment.

    rules_digest and groups_digest change when the texts behind them do.
    """

    services: Mapping[str, ServiceConfig] = field(default_factory=lambda: EMPTY)
    rules: RuleSet = field(default_factory=RuleSet)
    rules_digest: str = ""
    groups: tuple[Group, ...] = ()
    groups_digest: str = ""


class HaState(Protocol):
    """What the daemons tell each other."""

    def manager_status(self) -> ManagerStatus: ...

    async def write_manager_status(self, status: ManagerStatus, lease: str) -> None:
        """Only while this node holds that lease, else StaleError."""
        ...

    def lrm_status(self, node: str) -> LrmStatus | None: ...

    async def write_lrm_status(self, status: LrmStatus) -> None:
        """This node's own."""
        ...

    def has_commands(self) -> bool: ...

    async def take_commands(self, lease: str) -> tuple[str, ...]:
        """The queued CRM commands, oldest first; the queue is empty afterwards.

        Only while this node holds that lease, else StaleError: a deposed master takes none.
        """
        ...

    async def queue_command(self, command: str) -> None: ...


class HaConfigStore(Protocol):
    """What people configured, and the few changes the daemons make to it."""

    def config(self) -> HaConfig: ...

    def options(self) -> DatacenterOptions:
        """Never raises UnavailableError: the last known options serve."""
        ...

    async def set_requested_state(self, sid: str, state: str, lease: str | None) -> None:
        """A manager names the lease that it acts under, an operator none."""
        ...

    async def steal_service(self, sid: str, from_node: str, to_node: str, lease: str) -> str:
        """Move a guest's configuration away from a fenced node: one atomic rename.

        Returns where it lies now. That is `to_node`, or another node if it did not lie at
        `from_node` any more: a move can have ended of which the fenced node did not live to tell.
        Then nothing was changed. StaleError if there is no such configuration, or the lease is
        not held.
        """
        ...

    async def remove_lock(self, sid: str, kinds: Sequence[str], lease: str) -> str | None:
        """Remove a leftover configuration lock of one of these kinds; the one removed.

        StaleError if the lease is not held.
        """
        ...

    async def migrate_groups(
        self, rules: RuleSet, failback: Mapping[str, bool], lease: str
    ) -> None:
        """Write these rules, delete all groups, and set `failback` of the services named.

        Atomic. Services lose their `group`. StaleError if the lease is not held.
        """
        ...
