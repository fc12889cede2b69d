"""The steps of a scenario that have a fixed time, put on the clock of a cluster without guests.

What waits for a predicate, or picks its node when it happens, needs the whole world of a rehearsal.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial

from scenarios.format.values import FaultAction, HealAction, Step
from sim.kernel import ORDER_FAULT, to_us
from sim.operations.faults import OperatedInjector


def plan_faults(injector: OperatedInjector, steps: Iterable[Step], end_s: float) -> tuple[str, ...]:
    """Let them happen; a sentence on each step until `end_s` that cannot."""
    times_s: dict[str | None, float] = {None: 0.0}
    numbers: dict[str, int] = {}
    notes = []
    for step in steps:
        base_s = times_s.get(step.after)
        if step.at_s is None or base_s is None:
            notes.append(f"step '{step.name}' waits for what is not simulated here")
            continue
        time_s = times_s[step.name] = base_s + step.at_s
        if time_s >= end_s:
            continue
        act = _action(injector, step, numbers)
        if act is None:
            notes.append(f"step '{step.name}' is about what is not simulated here")
        else:
            injector.call_at(to_us(time_s), act, ORDER_FAULT)
    return tuple(notes)


def _action(
    injector: OperatedInjector, step: Step, numbers: dict[str, int]
) -> Callable[[], None] | None:
    match step.action:
        case FaultAction(fault, None) if injector.can(fault.kind):

            def begin() -> None:
                numbers[step.name] = injector.begin(fault)

            return begin
        case HealAction(None):
            return injector.heal_all
        case HealAction(str(name)):
            return partial(_heal, injector, numbers, name)
    return None


def _heal(injector: OperatedInjector, numbers: dict[str, int], name: str) -> None:
    if name in numbers:
        injector.heal(numbers[name])
