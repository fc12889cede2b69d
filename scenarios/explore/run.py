"""Runs one case: faults and requests first, then everything healed and a cluster that converges."""

from __future__ import annotations

from dataclasses import dataclass

from scenarios.explore.calm import Calm
from scenarios.explore.case import Case, Move
from scenarios.explore.referee import CUTS_OFF, GUEST_ORDERS, refuses
from scenarios.explore.tally import Tally, Totals
from sim.checkers.checkers import ACTOR, LIVENESS
from sim.checkers.liveness import BOUND_S, unmet
from sim.events import FaultBegins, FaultHeals, Violation
from sim.faults import INSTANT
from sim.journal import Record
from sim.kernel import US
from sim.world import World

BOOTED_S = 240.0  # after this every machine that can boot has booted
CLEARED_S = 60.0  # a guest in error is disabled for so long before it is asked to start again
LOOK_S = 20.0
CLAUSES = 3
SLICE_S = 1800.0
ORDER_S = 30.0  # an operator's order has reached the manager and the node after so long
AT_REST = frozenset({"started", "stopped", "freeze", "error", None})
LEAVING = frozenset({"restart", "shutdown"})  # modes of a local resource manager that ends


@dataclass(frozen=True, slots=True)
class Finding:
    """The first promise that did not hold, and when (simulated seconds)."""

    promise: str
    detail: str
    at_s: float
    broke: str | None = None

    def in_short(self) -> str:
        """The detail without the many more guests that are in the same case."""
        clauses = self.detail.split("; ")
        more = f"; and {len(clauses) - CLAUSES} more" if len(clauses) > CLAUSES else ""
        return f"{'; '.join(clauses[:CLAUSES])}{more}"


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a case went.

    made: the moves that the referee let through. after: what was done after them, to heal the
    cluster; empty when a promise broke before that. requested: what was asked of each guest at the
    end.
    """

    case: Case
    finding: Finding | None
    made: tuple[Move, ...]
    after: tuple[Move, ...]
    totals: Totals
    ended_s: float
    requested: tuple[tuple[str, str], ...] = ()


class Run:
    """A world, its case, and what has been seen of it so far."""

    def __init__(self, case: Case, *, polled: bool = False) -> None:
        self.case = case
        self.world = World(case.layout, seed=case.seed, coasting=not polled)
        self.finding: Finding | None = None
        self._calm = Calm(case)
        self._ordered_s: float | None = None  # when an operator last asked something of a guest
        self._made: list[Move] = []
        self._after: list[Move] = []
        self._active: dict[int, str] = {}  # faults that have not healed, with their kinds
        self._tally = Tally(self.world.facts.guest_nodes)
        self.world.journal.subscribe(self._tally.on_record)
        self.world.journal.subscribe(self._on_record)

    def _on_record(self, record: Record) -> None:
        event = record.event
        if isinstance(event, Violation):
            if self.finding is None:
                self.finding = Finding(event.promise, event.detail, record.t_us / US, event.broke)
        elif isinstance(event, FaultBegins):
            if event.fault_kind not in INSTANT:
                self._active[event.fault] = event.fault_kind
        elif isinstance(event, FaultHeals):
            self._active.pop(event.fault, None)

    # what the referee asks

    def unprotected(self) -> str | None:
        facts = self.world.facts
        if facts.disarmed() is not None:
            return None
        for sid, requested in facts.requested_states().items():
            if requested == "ignored" or facts.service_state(sid) == "error":
                continue
            for node in facts.guest_nodes(sid):
                if not self.world.checkers.in_tenure(node):
                    return sid
        return None

    def in_motion(self) -> str | None:
        facts = self.world.facts
        if self._ordered_s is not None and self.world.now_s - self._ordered_s < ORDER_S:
            return "an order"
        for sid in facts.requested_states():
            if facts.service_state(sid) not in AT_REST:
                return sid
        return None

    def leaving(self) -> str | None:
        facts = self.world.facts
        for node in self.case.layout.node_names():
            power = facts.node_power(node)
            if power == "stopping" or (power == "on" and facts.lrm_mode(node) in LEAVING):
                return node
        return None

    def cut_off(self) -> bool:
        facts = self.world.facts
        return any(kind in CUTS_OFF for kind in self._active.values()) or any(
            facts.node_power(node) not in ("off", "booting") and not facts.online(node)
            for node in self.case.layout.node_names()
        )

    def frail(self) -> str | None:
        if not self.case.layout.quorum.qdevice:
            return None
        if self._active:
            return "a fault is active"
        facts = self.world.facts
        for node in self.case.layout.node_names():
            if facts.node_power(node) != "on" or not facts.online(node):
                return f"{node} is not there"
        return None

    # the two phases

    def run(self) -> Outcome:
        self._safety()
        if self.finding is None:
            self._liveness()
        totals = self._tally.totals
        totals.simulated_s = self.world.now_s
        totals.events = self.world.kernel.events
        made, after = tuple(self._made), tuple(self._after)
        requested = tuple(sorted(self.world.facts.requested_states().items()))
        now_s = self.world.now_s
        return Outcome(self.case, self.finding, made, after, totals, now_s, requested)

    def _safety(self) -> None:
        for move in self.case.moves:
            self._run_calmly(move.at_s)
            if self.finding is not None:
                return
            if refuses(move, self) is not None:
                self._tally.totals.withheld += 1
                continue
            self._made.append(move)
            self._make(move)
            self._calm.on_move(move)
        self._run_calmly(self.case.length_s)

    def _run_calmly(self, until_s: float) -> None:
        """Let time pass; if nothing changes for long, look whether all is well."""
        calm = self._calm
        while self.finding is None:
            change_s = min(until_s, calm.next_end_s())
            due_s = calm.changed_s + BOUND_S
            if self.world.now_s < due_s < change_s:
                self._run(due_s)
                self._look(calm)
            self._run(change_s)
            if change_s >= until_s:
                return
            calm.on_end(change_s)

    def _run(self, until_s: float) -> None:
        """Let time pass, not much further than a finding: a broken cluster may be busy for good."""
        world = self.world
        while self.finding is None and world.now_s + SLICE_S < until_s:
            world.run(world.now_s + SLICE_S)
        if self.finding is None:
            world.run(until_s)

    def _look(self, calm: Calm) -> None:
        points = "; ".join(calm.unmet(self.world.facts))
        if points and self.finding is None:
            self.world.journal.emit(ACTOR, Violation(LIVENESS, points))

    def _make(self, move: Move) -> None:
        if move.heal_all:
            self.world.heal_all()
        if move.fault is not None:
            self.world.inject(move.fault)
        if move.command is not None:
            if move.command.startswith(GUEST_ORDERS):
                self._ordered_s = self.world.now_s
            self.world.operate(move.command)

    def _liveness(self) -> None:
        world, facts = self.world, self.world.facts
        self._afterwards(Move(world.now_s, heal_all=True))
        for node in self.case.layout.node_names():
            if facts.node_power(node) == "off":
                self._operate(f"node poweron {node}")
        self._wait(BOOTED_S)
        self._clean_up()
        due_s = world.now_s + BOUND_S
        self._wait(LOOK_S)
        open_points = unmet(facts, self.case.layout)
        while open_points and world.now_s < due_s and self.finding is None:
            self._wait(LOOK_S)
            open_points = unmet(facts, self.case.layout)
        if open_points and self.finding is None:
            world.journal.emit(ACTOR, Violation(LIVENESS, "; ".join(open_points)))

    def _afterwards(self, move: Move) -> None:
        self._after.append(move)
        self._make(move)

    def _operate(self, command: str) -> None:
        self._afterwards(Move(self.world.now_s, command=command))

    def _wait(self, seconds: float) -> None:
        self.world.run(self.world.now_s + seconds)

    def _clean_up(self) -> None:
        """What an operator does after the storm: arm, end maintenance, clear errors."""
        facts = self.world.facts
        if facts.disarmed() is not None:
            self._operate("ha-manager crm-command arm-ha")
            self._wait(CLEARED_S)
        for node in self.case.layout.node_names():
            if facts.node_state(node) == "maintenance":
                self._operate(f"ha-manager crm-command node-maintenance disable {node}")
        requested = facts.requested_states()
        failed = [sid for sid in sorted(requested) if facts.service_state(sid) == "error"]
        if failed and not self._calm.spoilt:
            detail = f"{', '.join(failed)} in error although nothing kept them from starting"
            self.world.journal.emit(ACTOR, Violation(LIVENESS, detail))
            return
        for sid in failed:
            self._operate(f"ha-manager set {sid} --state disabled")
        if failed:
            self._wait(CLEARED_S)
        for sid in failed:
            self._operate(f"ha-manager set {sid} --state {requested[sid]}")


def run_case(case: Case, *, polled: bool = False) -> Outcome:
    """Run it in a world of its own."""
    return Run(case, polled=polled).run()
