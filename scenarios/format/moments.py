"""When the steps of a scenario happen, as far as that can be known before it runs.

A step at a fixed time has one moment. A step that waits for a predicate has an earliest one, and a
latest one if it says `within`.
"""

from __future__ import annotations

from dataclasses import dataclass

from scenarios.format.fields import Table
from scenarios.format.values import Step
from scenarios.predicates import Names, Predicate
from scenarios.predicates.uses import steps_used
from scenarios.quantities import duration_text
from scenarios.suggest import did_you_mean


@dataclass(frozen=True, slots=True)
class _Moment:
    earliest_s: float
    latest_s: float | None
    before: tuple[str, ...]  # steps that have happened by then, itself last
    hits: bool


class Moments:
    """Learns the steps from top to bottom; a step can follow only a step above it."""

    def __init__(self, duration_s: float) -> None:
        self.duration_s = duration_s
        self._moments: dict[str, _Moment] = {}

    def after(self, table: Table) -> str | None:
        """The step named by `after`."""
        name = table.optional_text("after")
        if name is not None and name not in self._moments:
            known = [step for step in self._moments if " " not in step]
            table.fail("after", f"no step above has the name '{name}'" + did_you_mean(name, known))
        return name

    def add(self, table: Table, step: Step, *, hits: bool) -> None:
        if step.name in self._moments:
            table.fail("name", f"there is a step '{step.name}' already")
        base = self._base(step.after)
        if step.at_s is not None:
            earliest_s = base.earliest_s + step.at_s
            latest_s = None if base.latest_s is None else base.latest_s + step.at_s
            self._in_time(table, "at", latest_s or earliest_s, "happens")
        else:
            earliest_s, latest_s = base.earliest_s, None
            if step.within_s is not None and base.latest_s is not None:
                latest_s = base.latest_s + step.within_s
            self._in_time(table, "within", latest_s or earliest_s, "happens")
        self._moments[step.name] = _Moment(earliest_s, latest_s, (*base.before, step.name), hits)

    def _base(self, after: str | None) -> _Moment:
        return self._moments[after] if after is not None else _Moment(0.0, 0.0, (), hits=False)

    def _in_time(self, table: Table, key: str, time_s: float, what: str) -> None:
        if time_s > self.duration_s:
            end, late = duration_text(self.duration_s), duration_text(time_s)
            table.fail(
                key if key in table else None,
                f"the scenario ends at {end}, this {what} at {late}",
            )

    def deadline(self, table: Table, key: str, after: str | None, delay_s: float) -> None:
        """A moment of an expectation has to lie before the end."""
        base = self._base(after)
        latest_s = base.earliest_s if base.latest_s is None else base.latest_s
        self._in_time(table, key, latest_s + delay_s, "is due")

    def predicate(self, table: Table, key: str, names: Names, after: str | None) -> Predicate:
        """A predicate that may use `@step` of steps that have happened when it is looked at."""
        hitting = tuple(name for name, moment in self._moments.items() if moment.hits)
        found = table.predicate(
            key, Names(names.nodes, names.guests, names.wanted, hitting, names.kinds)
        )
        for step in steps_used(found):
            self.must_be_before(table, key, step, after)
        return found

    def must_be_before(self, table: Table, key: str, step: str, after: str | None) -> None:
        """`@step` is known only once that step has happened."""
        hitting = [name for name, moment in self._moments.items() if moment.hits]
        if step not in hitting:
            better = did_you_mean(step, hitting)
            table.fail(key, f"no step above named '{step}' hits a node{better}")
        if step not in self._base(after).before:
            table.fail(key, f"'@{step}' is known only after that step: add after = \"{step}\"")
