"""What a round is given and what a master remembers between rounds: values only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from appliance.core.ha.constants import GROUPS_FIRST_TRY
from appliance.core.ha.rules import CompiledRules
from appliance.core.ha.seen import Seen
from appliance.model.errors import QuorateError
from appliance.model.ha.resources import ServiceConfig
from appliance.model.ha.stats import NodeStats, ServiceStats
from appliance.model.ha.status import EMPTY, LrmStatus, ManagerStatus
from appliance.ports.ha_store import DatacenterOptions, HaConfig
from appliance.ports.membership import View


@dataclass(frozen=True, slots=True)
class ManagerInputs:
    """Everything a manager round reads, read before its first await.

    A read that failed stands here as its error and is raised where the round comes to it, so that
    what the round decided before that still counts. `lrm` has the statuses of the members and of
    the nodes known so far; nodes without one are left out. Stats may be left out in mode basic,
    `versions` where there are no groups. `now_s` is the monotonic clock, `wall_s` is for people.
    """

    node: str
    now_s: float
    wall_s: float
    view: View
    lrm: Mapping[str, LrmStatus] | QuorateError
    config: HaConfig | QuorateError
    options: DatacenterOptions
    has_commands: bool | QuorateError = False
    node_stats: Mapping[str, NodeStats] = field(default_factory=lambda: EMPTY)
    service_stats: Mapping[str, ServiceStats] = field(default_factory=lambda: EMPTY)
    guests: Mapping[str, tuple[str, bool]] = field(default_factory=lambda: EMPTY)
    versions: Mapping[str, str] = field(default_factory=lambda: EMPTY)


@dataclass(frozen=True, slots=True)
class RulesMemory:
    """The compiled rules and what they were compiled from; `bound` are the services they name."""

    compiled: CompiledRules
    bound: frozenset[str]
    rules_digest: str
    groups_digest: str
    membership: tuple[tuple[str, str], ...]  # (service, group) of all services in groups


@dataclass(frozen=True, slots=True)
class ManagerMemory:
    """What a master knows beside the published status; lost when it stops being master.

    status            the status as the master believes it. It is the published one, unless a round
                      failed: then the decisions of that round are kept and not yet published
    attempt           the highest round number ever tried; a number is never used twice, because a
                      write whose outcome is unknown may have been read by the nodes
    seen              when each node was last seen online
    mode              the scheduler mode last told
    rules             compiled rules
    config            the services of the last configuration, before and after `failback` of groups
    groups_wait       rounds until legacy groups are tried again
    imbalance_rounds  for how many rounds the load has been uneven
    fruitless         what the last search for a balancing move looked at, if it found none
    search_every      how many rounds of uneven load there are from one search to the next
    """

    status: ManagerStatus
    attempt: int = 0
    seen: Seen = field(default_factory=Seen)
    mode: str = "basic"
    rules: RulesMemory | None = None
    config: tuple[HaConfig, Mapping[str, ServiceConfig]] | None = None
    groups_wait: int = GROUPS_FIRST_TRY
    imbalance_rounds: int = 0
    fruitless: tuple[object, ...] | None = None
    search_every: int = 1


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a manager round ended.

    status     to be published, or None if the round ended before
    error      why it was given up, or None
    disarmed   the round found HA disarmed and nothing left to finish
    quiet      nothing was decided, told or remembered that was not so before
    wake_at_s  when time alone may change that; None: never
    """

    memory: ManagerMemory
    status: ManagerStatus | None = None
    error: str | None = None
    disarmed: bool = False
    quiet: bool = False
    wake_at_s: float | None = None


def take_over(status: ManagerStatus, mode: str) -> ManagerMemory:
    """The memory of a new master. Of the old one's status it takes what is still true."""
    taken = replace(status, services=dict(sorted(status.services.items())))
    return ManagerMemory(taken, attempt=status.round, mode=mode)


def fast_forward(memory: ManagerMemory, skipped: int, last_s: float) -> ManagerMemory:
    """The memory after so many quiet rounds, the last at `last_s`.

    Each of them published the same status under the next number and saw the same nodes online.
    """
    passed_s = last_s - memory.seen.online_s
    status = replace(
        memory.status,
        round=memory.status.round + skipped,
        timestamp_s=memory.status.timestamp_s + passed_s,
    )
    counting = memory.config is not None and bool(memory.config[0].groups)
    return replace(
        memory,
        status=status,
        attempt=memory.attempt + skipped,
        seen=replace(memory.seen, online_s=last_s),
        groups_wait=memory.groups_wait - skipped if counting else memory.groups_wait,
        imbalance_rounds=count_on(memory, skipped),
    )


def count_on(memory: ManagerMemory, rounds: int) -> int:
    """For how many rounds the load has been uneven after so many that all search in vain."""
    if memory.fruitless is None:
        return memory.imbalance_rounds
    return (memory.imbalance_rounds + rounds) % memory.search_every
