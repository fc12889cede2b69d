"""Runs a scenario on a simulated cluster: steps, expectations, prohibitions, result.

Everything looks at the cluster from outside, at the end of an instant in which the journal grew
(and once more a second later, because what daemons publish is seen a moment after they tell it).
Looking changes nothing, so a run with expectations has the same journal as one without.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Protocol

from appliance.model.errors import ConfigError
from scenarios.checks import Check, ExpectCheck, NeverCheck
from scenarios.explore.mutants import built_in
from scenarios.format.fields import Place
from scenarios.format.values import (
    FaultAction,
    HealAction,
    NodeRef,
    OperatorAction,
    Scenario,
    Step,
)
from scenarios.lines import Recorded
from scenarios.predicates.evaluate import Watch
from scenarios.predicates.explain import explain
from scenarios.predicates.scene import Scene
from scenarios.quantities import about
from scenarios.results import PROMISE, STEP, BrokenPromiseSeen, CheckResult, RunResult
from sim.checkers.liveness import unmet
from sim.events import NodePower, Violation
from sim.faults import Fault
from sim.journal import Record
from sim.kernel import ORDER_FAULT, US, to_us
from sim.world import World

_LOOK_ORDER = 10**9  # after everything else of an instant
_AGAIN_US = US
_STORY = 6


class Observer(Protocol):
    """Somebody who watches a run. `pause_s`: how often the time is told, in simulated seconds."""

    pause_s: float

    def on_record(self, record: Record) -> None: ...
    def on_time(self, now_s: float) -> None: ...


def rehearse(
    scenario: Scenario,
    *,
    seed: int | None = None,
    coasting: bool = True,
    observer: Observer | None = None,
) -> tuple[RunResult, World]:
    """Run it to its end. The world is given back for its journal.

    Raises ConfigError where a step asks for something that is no command, and where a deliberate
    fault is to be built in that is not there.
    """
    with built_in(scenario.mutant):
        rehearsal = Rehearsal(scenario, seed=seed, coasting=coasting)
        return rehearsal.run(observer), rehearsal.world


class Rehearsal:
    """One run of one scenario. Implements what `checks.Check` needs."""

    def __init__(
        self,
        scenario: Scenario,
        *,
        seed: int | None,
        coasting: bool = True,
        world: World | None = None,
    ) -> None:
        """world: at its beginning, if somebody else lets its time pass."""
        self.scenario = scenario
        self.seed = scenario.seed if seed is None else seed
        self.world = world or World(scenario.layout, seed=self.seed, coasting=coasting)
        self.scene = Scene(
            self.world.facts,
            scenario.names,
            lambda: self.world.now_s,
            lambda: unmet(self.world.facts, scenario.layout),
        )
        self._checks: list[Check] = []
        self._waiting: dict[str | None, list[Callable[[], None]]] = {}
        self._whens: list[_When] = []
        self._faults: dict[str, int] = {}
        self._changed: set[str] = set()
        self._touched: dict[str, None] = {}
        self._look_due = False
        self._again_due = False
        self._again_us = 0
        self._failed_steps: list[CheckResult] = []
        self._happened: dict[str, float] = {}

    # the run

    def begin(self, observer: Observer | None = None) -> None:
        """From here on the steps happen as time passes, whoever lets it."""
        self._prepare()
        journal = self.world.journal
        for record in journal.records:
            self._told(record, observer)
        journal.subscribe(lambda record: self._told(record, observer))
        self._begin(None)

    def run(self, observer: Observer | None = None) -> RunResult:
        self.begin(observer)
        end_s = self.scenario.duration_s
        while observer is not None and self.world.now_s + observer.pause_s < end_s:
            self.world.run(self.world.now_s + observer.pause_s)
            observer.on_time(self.world.now_s)
        self.world.run(end_s)
        if observer is not None:
            observer.on_time(end_s)
        self._look()
        return self._result()

    def _prepare(self) -> None:
        for wanted in self.scenario.expectations:
            self._add(ExpectCheck(self, wanted), wanted.after)
        for forbidden in self.scenario.nevers:
            self._add(NeverCheck(self, forbidden), forbidden.after)
        for step in self.scenario.steps:
            ready = self._waiting.setdefault(step.after, [])
            ready.append(lambda step=step: self._await(step))  # type: ignore[misc]

    def _add(self, check: Check, after: str | None) -> None:
        self._checks.append(check)
        self._waiting.setdefault(after, []).append(check.begin)

    def _begin(self, base: str | None) -> None:
        """The start, or a step, has come: whatever counts from it begins."""
        for begin in self._waiting.pop(base, []):
            begin()
        self._look_soon()

    def call_at(self, time_s: float, call: Callable[[], None]) -> None:
        self.world.kernel.call_at(to_us(time_s), call, _LOOK_ORDER)

    # steps

    def _await(self, step: Step) -> None:
        now_us = self.world.kernel.now_us
        if step.at_s is not None:
            due_us = now_us + to_us(step.at_s)
            self.world.kernel.call_at(due_us, lambda: self._do(step), ORDER_FAULT)
            return
        when = _When(self, step)
        self._whens.append(when)
        if step.within_s is not None:
            self.call_at(self.world.now_s + step.within_s, when.too_late)

    def do_now(self, step: Step) -> None:
        """A step whose predicate holds."""
        self.world.kernel.call_soon(lambda: self._do(step), ORDER_FAULT)

    def _do(self, step: Step) -> None:
        try:
            action = self._resolved(step)
        except LookupError as error:
            self.fail_step(step, str(error))
            return
        self._happened[step.name] = self.world.now_s
        self._begin(step.name)
        self._act(step, action)

    def _resolved(self, step: Step) -> Fault | list[str] | None:
        """The action with the nodes that are picked now. Raises LookupError when there is none."""
        match step.action:
            case FaultAction(fault, target):
                node = fault.node if target is None else self._node(target)
                if node is not None:
                    self.scene.hit[step.name] = node
                return fault if target is None else _on_node(fault, node)
            case OperatorAction(commands):
                lines = []
                for command in commands:
                    words = [self._word(step, word) for word in command]
                    lines.append(" ".join(words))
                return lines
            case HealAction():
                return None

    def _word(self, step: Step, word: str | NodeRef) -> str:
        if isinstance(word, str):
            return word
        node = self.scene.hit[step.name] = self._node(word)
        return node

    def _node(self, ref: NodeRef) -> str:
        facts = self.world.facts
        if ref.kind == "step":
            return self.scene.hit[ref.name]
        if ref.kind == "master":
            master = facts.master()
            if master is None:
                raise LookupError("there is no master at that moment")
            return master
        nodes = facts.guest_nodes(ref.name)
        if len(nodes) != 1:
            where = "nowhere" if not nodes else f"on {' and '.join(nodes)}"
            raise LookupError(f"{ref.name} runs {where} at that moment")
        return nodes[0]

    def _act(self, step: Step, action: Fault | list[str] | None) -> None:
        if isinstance(action, Fault):
            self._faults[step.name] = self.world.inject(action)
        elif isinstance(action, list):
            for command in action:
                self._operate(step.place, command)
        elif isinstance(step.action, HealAction) and step.action.step is not None:
            self._heal(step, step.action.step)
        else:
            self.world.heal_all()

    def _heal(self, step: Step, name: str) -> None:
        if name in self._faults:
            self.world.heal(self._faults[name])
        else:
            self.fail_step(step, f"'{name}' has not happened yet, so there is nothing to heal")

    def _operate(self, place: Place, command: str) -> None:
        try:
            self.world.operate(command)
        except ConfigError as error:
            field = f"{place.field}.operator"
            raise ConfigError(
                error.message, file=place.file, line=place.line, field=field
            ) from None

    def fail_step(self, step: Step, why: str, events: tuple[Recorded, ...] = ()) -> None:
        """The step could not happen."""
        what = f"step '{step.name}' happens"
        self._failed_steps.append(
            CheckResult(STEP, what, False, why, self.world.now_s, step.place.line, "", events)
        )

    # looking

    def _told(self, record: Record, observer: Observer | None) -> None:
        event = record.event
        self.scene.record(record.actor, event)
        self._changed.add(event.kind)
        if event.kind == "guest":
            self._touched[event.guest] = None  # type: ignore[attr-defined]
        elif isinstance(event, NodePower):
            self._touched.update(dict.fromkeys(self.scene.meter.last_on(event.node)))
        self._look_soon()
        if observer is not None:
            observer.on_record(record)

    def _look_soon(self) -> None:
        if not self._look_due:
            self._look_due = True
            self.world.kernel.call_soon(self._look, _LOOK_ORDER)

    def _look(self) -> None:
        self._look_due = False
        now_s, facts = self.world.now_s, self.world.facts
        touched, self._touched = self._touched, {}
        for sid in touched:
            self.scene.meter.seen(sid, facts.guest_nodes(sid), now_s)
        changed, self._changed = frozenset(self._changed), set()
        self._look_at_all(changed)
        if changed:
            self._again_us = self.world.kernel.now_us + _AGAIN_US
            self._plan_again()

    def _plan_again(self) -> None:
        if not self._again_due:
            self._again_due = True
            self.world.kernel.call_at(self._again_us, self._look_again, _LOOK_ORDER)

    def _look_again(self) -> None:
        """What daemons told a moment ago is published by now."""
        self._again_due = False
        if self._again_us > self.world.kernel.now_us:
            self._plan_again()  # they told more since
        else:
            self._look_at_all(None)

    def _look_at_all(self, changed: frozenset[str] | None) -> None:
        for check in self._checks:
            if check.open and (changed is None or not changed or check.concerns(changed)):
                check.look()
        for when in list(self._whens):
            if when.look():
                self._whens.remove(when)

    # the end

    def story(self, names: tuple[str, ...], since_s: float, most: int) -> tuple[Recorded, ...]:
        """The last records that name one of these nodes or guests; without names, the last ones."""
        found: list[Recorded] = []
        for record in reversed(self.world.journal.records):
            if record.t_us < to_us(since_s) or len(found) == most:
                break
            if not names or _about(record, names):
                found.append(record)
        return tuple(reversed(found))

    def _result(self) -> RunResult:
        world, scenario = self.world, self.scenario
        for when in self._whens:
            when.too_late()
        for check in self._checks:
            check.finish(world.now_s)
        checks = [check.result for check in self._checks if check.result is not None]
        violations = tuple(_violations(world.journal.records))
        told = (*checks, *self._failed_steps, *self._promises(violations))
        return RunResult(
            name=scenario.name,
            why=scenario.why,
            file=scenario.file,
            seed=self.seed,
            end_s=world.now_s,
            expectations=told,
            violations=violations,
            downtime_s=self.scene.meter.totals_s(world.now_s),
            digest=world.journal.digest(),
            records=len(world.journal.records),
            events=world.kernel.events,
            passed=all(check.held for check in told),
        )

    def _promises(self, violations: tuple[BrokenPromiseSeen, ...]) -> list[CheckResult]:
        """Every violation is a failure, except what comes of the hardware the scenario breaks.

        A guest that runs twice also has two writers: of the violations with the expected cause the
        expected one must be there, and the others are excused.
        """
        expected = self.scenario.violation
        found: list[CheckResult] = []
        excused = 0
        for seen in violations:
            broke = seen.broke or ""
            if expected is not None and broke and (expected.broke or "") in broke:
                excused += seen.promise == expected.promise
                continue
            what = f"promise {seen.promise} is kept"
            detail = f"{seen.detail}{f' ({seen.broke})' if seen.broke else ''}"
            found.append(self._promise(what, detail, seen.t_s, held=False))
        if expected is not None:
            broke = f", naming {expected.broke}" if expected.broke else ""
            what = f"a violation of {expected.promise} is reported{broke}"
            detail = f"{excused} of them" if excused else "it was not"
            line = expected.place.line
            found.append(CheckResult(PROMISE, what, excused > 0, detail, self.world.now_s, line))
        return found

    def _promise(self, what: str, detail: str, t_s: float, *, held: bool) -> CheckResult:
        before = [r for r in self.world.journal.records if r.t_us <= to_us(t_s)]
        names = tuple(name for name in self._all_names() if name in detail)
        events = [record for record in before if _about(record, names)][-_STORY:]
        return CheckResult(
            PROMISE, what, held, f"at {about(t_s)}: {detail}", t_s, 1, "", tuple(events)
        )

    def _all_names(self) -> tuple[str, ...]:
        return (*self.scenario.names.nodes, *self.scenario.names.guests)


class _When:
    """A step that waits for its predicate."""

    def __init__(self, rehearsal: Rehearsal, step: Step) -> None:
        assert step.when is not None
        self._rehearsal, self._step = rehearsal, step
        self._watch = Watch(step.when, rehearsal.scene)
        self._over = False

    def look(self) -> bool:
        """Whether it is over. Begins the step when its predicate holds."""
        if not self._over and self._watch.holds():
            self._end()
            self._rehearsal.do_now(self._step)
        return self._over

    def too_late(self) -> None:
        """Its time is over."""
        if self._over:
            return
        seen = explain(self._watch)
        events = self._rehearsal.story(seen.names, 0.0, _STORY)
        self._end()
        detail = f"'{self._step.text}' did not come true: {seen.sentence()}"
        self._rehearsal.fail_step(self._step, detail, events)

    def _end(self) -> None:
        self._over = True
        self._watch.close()


def _on_node(fault: Fault, node: str | None) -> Fault:
    return replace(fault, node=node)


def _about(record: Recorded, names: tuple[str, ...]) -> bool:
    """Whether a record names one of these in its fields."""
    event = record.event
    values = [getattr(event, field) for field in event.__dataclass_fields__]
    return any(value in names for value in values if isinstance(value, str))


def _violations(records: list[Record]) -> list[BrokenPromiseSeen]:
    return [
        BrokenPromiseSeen(record.t_us / US, event.promise, event.detail, event.broke)
        for record in records
        if isinstance(event := record.event, Violation)
    ]
