"""Runs pure rounds by hand: a picture in, answers to their effects, what they told and decided."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from appliance.core.ha.constants import ACTIVE_PERIOD_S
from appliance.core.ha.effects import RemoveLock, StealService, TakeCommands, TryAgentLock
from appliance.core.ha.manager import manage
from appliance.core.ha.memory import ManagerInputs, ManagerMemory, Outcome, take_over
from appliance.core.ha.order import fresh_uid
from appliance.core.ha.seen import Seen
from appliance.model.errors import QuorateError
from appliance.model.events import Event, as_fields
from appliance.model.ha.datacenter import CrsOptions
from appliance.model.ha.groups import Group
from appliance.model.ha.resources import ServiceConfig
from appliance.model.ha.rules import RuleSet, parse_rules
from appliance.model.ha.stats import NodeStats, ServiceStats
from appliance.model.ha.status import (
    Disarm,
    LrmStatus,
    ManagerStatus,
    OrderResult,
    ServiceStatus,
)
from appliance.ports.ha_store import DatacenterOptions, HaConfig
from appliance.ports.membership import View

NODES = ("node1", "node2", "node3")
NOW_S = 1000.0
LONG_AGO_S = NOW_S - 60
SHORT_AGO_S = NOW_S - 59.5
SID = "vm:100"

Answer = Callable[[Any], Any]


def service(state: str, node: str = "node1", uid: str = "old", **more: Any) -> ServiceStatus:
    return ServiceStatus(state, node, uid, **more)


def asked(
    state: str = "started", node: str = "node1", sid: str = SID, **more: Any
) -> ServiceConfig:
    return ServiceConfig(sid, node, state, **more)


@dataclass
class Picture:
    """What one manager round sees. Everything is as in a healthy cluster unless said otherwise."""

    services: dict[str, ServiceStatus] = field(default_factory=dict)
    configs: dict[str, ServiceConfig] = field(default_factory=dict)
    nodes: dict[str, str] = field(default_factory=lambda: dict.fromkeys(NODES, "online"))
    online: tuple[str, ...] = NODES
    members: tuple[str, ...] = NODES
    seen: dict[str, float] = field(default_factory=dict)
    results: dict[str, int] = field(default_factory=dict)  # uid -> exit code
    modes: dict[str, str] = field(default_factory=dict)
    lrm_states: dict[str, str] = field(default_factory=dict)
    checked: dict[str, int] = field(default_factory=dict)
    answered: dict[str, LrmStatus] = field(default_factory=dict)  # instead of all these
    rules: str = ""
    groups: tuple[Group, ...] = ()
    crs: CrsOptions = field(default_factory=CrsOptions)
    commands: tuple[str, ...] = ()
    maintenance: frozenset[str] = frozenset()
    disarm: Disarm | None = None
    node_stats: Mapping[str, NodeStats] = field(default_factory=dict)
    service_stats: Mapping[str, ServiceStats] = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=dict)
    round: int = 7
    now_s: float = NOW_S
    broken_store: QuorateError | None = None

    def memory(self) -> ManagerMemory:
        status = ManagerStatus(
            "node1",
            0.0,
            self.round,
            dict(sorted(self.nodes.items())),
            self.services,
            self.maintenance,
            self.disarm,
        )
        before = dict.fromkeys(self.nodes, self.now_s - ACTIVE_PERIOD_S) | self.seen
        return replace(take_over(status, self.crs.mode), seen=Seen((), 0.0, before))

    def inputs(self) -> ManagerInputs:
        return ManagerInputs(
            "node1",
            self.now_s,
            self.now_s,
            View(self.members, self.online, True, 1),
            self.broken_store or {node: self._lrm(node) for node in self.nodes},
            self.config(),
            DatacenterOptions(crs=self.crs),
            bool(self.commands),
            self.node_stats,
            self.service_stats,
            {},
            self.versions,
        )

    def config(self) -> HaConfig:
        rules = parse_rules(self.rules) if self.rules else RuleSet()
        return HaConfig(self.configs, rules, self.rules, self.groups, str(len(self.groups)))

    def _lrm(self, node: str) -> LrmStatus:
        if node in self.answered:
            return self.answered[node]
        results = {
            uid: OrderResult(sid, status.state, self.results[uid])
            for sid, status in self.services.items()
            if status.node == node and (uid := status.uid) in self.results
        }
        return LrmStatus(
            self.lrm_states.get(node, "active"),
            self.modes.get(node, "active"),
            results=results,
            checked_round=self.checked.get(node),
        )


@dataclass
class Decision:
    """How a round went."""

    outcome: Outcome
    told: list[Event]
    effects: list[Any]

    @property
    def services(self) -> Mapping[str, ServiceStatus]:
        return self.outcome.memory.status.services

    @property
    def nodes(self) -> Mapping[str, str]:
        return self.outcome.memory.status.nodes

    @property
    def service(self) -> ServiceStatus:
        return self.services[SID]

    def kinds(self) -> list[str]:
        return [event.kind for event in self.told]

    def fields(self, kind: str) -> list[dict[str, Any]]:
        """The events of that kind as plain data."""
        return [as_fields(event) for event in self.told if event.kind == kind]


def decide(picture: Picture, answer: Answer | None = None, **changes: Any) -> Decision:
    """One manager round over the picture; agent locks are refused unless `answer` says so."""
    for name, value in changes.items():
        setattr(picture, name, value)
    return decide_with(picture, picture.memory(), answer)


def decide_with(picture: Picture, memory: ManagerMemory, answer: Answer | None = None) -> Decision:
    """One manager round with a memory that is not the picture's own."""
    told: list[Event] = []
    replies = answer or (lambda effect: default_answer(picture, effect))
    outcome, effects = run(manage(picture.inputs(), memory, told), replies)
    return Decision(outcome, told, effects)


def one(status: ServiceStatus, config: ServiceConfig | None, **changes: Any) -> Decision:
    """A round over a picture with one service."""
    answer = changes.pop("answer", None)
    configs = {} if config is None else {config.sid: config}
    picture = Picture(services={SID: status}, configs=configs)
    return decide(picture, answer, **changes)


def default_answer(picture: Picture, effect: Any) -> Any:
    if isinstance(effect, TryAgentLock):
        return False
    if isinstance(effect, TakeCommands):
        return picture.commands
    if isinstance(effect, StealService):
        return effect.to_node
    return None


def granting(picture: Picture | None = None, lock: str | None = None) -> Answer:
    """Agent locks are obtained; `lock` is the leftover lock that is removed."""

    def answer(effect: Any) -> Any:
        if isinstance(effect, TryAgentLock):
            return True
        if isinstance(effect, RemoveLock):
            return lock
        return default_answer(picture or Picture(), effect)

    return answer


def run(steps: Generator[Any, Any, Any], answer: Answer) -> tuple[Any, list[Any]]:
    """Drive a generator of effects; an answer that is an error is thrown into it."""
    effects: list[Any] = []
    reply: Any = None
    while True:
        try:
            failed = isinstance(reply, QuorateError)
            effect = steps.throw(reply) if failed else steps.send(reply)
        except StopIteration as stop:
            return stop.value, effects
        effects.append(effect)
        reply = answer(effect)


def fresh(sid: str = SID, picture: Picture | None = None) -> str:
    """The name a new order gets in the round after the picture's."""
    return fresh_uid(sid, (picture or Picture()).round + 1)
