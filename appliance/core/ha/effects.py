"""What a pure round asks of the world, and is sent the answers to.

A round is a generator: it yields one of these, the service loop carries it out and sends the answer
back, or throws the error that came instead. So the decisions know no port and no clock, and a test
can answer as it likes.
"""

from __future__ import annotations

from dataclasses import dataclass

from appliance.model.ha.rules import RuleSet
from appliance.model.ha.status import ManagerStatus


@dataclass(frozen=True, slots=True)
class KeepLock:
    """Take or refresh this daemon's own lock. Answer: whether it is held now.

    `holding`: the daemon acts on the strength of this lock, so losing it is worth another try.
    """

    name: str
    holding: bool = False


@dataclass(frozen=True, slots=True)
class TryAgentLock:
    """Fence a node by obtaining its lock. Answer: whether it was obtained."""

    node: str


@dataclass(frozen=True, slots=True)
class ReleaseLock:
    """Answer: whether it was given up."""

    name: str


@dataclass(frozen=True, slots=True)
class OpenWatchdog:
    """Answer: nothing."""


@dataclass(frozen=True, slots=True)
class PetWatchdog:
    """Answer: nothing."""


@dataclass(frozen=True, slots=True)
class CloseWatchdog:
    """Answer: nothing."""


@dataclass(frozen=True, slots=True)
class ReadAll:
    """Everything a master reads. Answer: `CrmInputs` with `manager`.

    Once in a round, before its first await, unless a lock was newly obtained since then.
    """


@dataclass(frozen=True, slots=True)
class WriteManagerStatus:
    """Publish, guarded by the manager's lock. Answer: nothing."""

    status: ManagerStatus


@dataclass(frozen=True, slots=True)
class TakeCommands:
    """Empty the command queue. Answer: the commands, oldest first."""


@dataclass(frozen=True, slots=True)
class StealService:
    """Move a guest's configuration off a fenced node. Answer: the node where it lies now."""

    sid: str
    from_node: str
    to_node: str


@dataclass(frozen=True, slots=True)
class RemoveLock:
    """Remove a leftover configuration lock of these kinds. Answer: the one removed, or None."""

    sid: str
    kinds: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SetRequestedState:
    """Answer: nothing."""

    sid: str
    state: str


@dataclass(frozen=True, slots=True)
class MigrateGroups:
    """Write these rules, delete the groups, set `failback`. Answer: the configuration after it."""

    rules: RuleSet
    failback: tuple[tuple[str, bool], ...]


@dataclass(frozen=True, slots=True)
class CheckSteady:
    """Answer: whether all of these are configured on this node and run."""

    sids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RunWorkers:
    """Carry out queued orders and settle those that ended. Answer: nothing."""


@dataclass(frozen=True, slots=True)
class WriteLrmStatus:
    """Answer: whether it was written."""
