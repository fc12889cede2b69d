"""Expectations and prohibitions of a scenario while it runs.

Each begins when its base (the start, or a step) has come, looks at its predicate whenever that may
have changed, and ends once, held or not.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Protocol

from scenarios.format.fields import Place
from scenarios.format.values import Expectation, Never
from scenarios.lines import Recorded
from scenarios.predicates import Predicate
from scenarios.predicates.evaluate import Watch
from scenarios.predicates.explain import explain
from scenarios.predicates.scene import Scene
from scenarios.quantities import about, duration_text
from scenarios.results import EXPECT, NEVER, CheckResult

_TOLD = 6  # records in a story


class Stage(Protocol):
    """What a check needs of the run."""

    scene: Scene

    def call_at(self, time_s: float, call: Callable[[], None]) -> None:
        """Call at the end of that instant."""
        ...

    def story(self, names: tuple[str, ...], since_s: float, most: int) -> tuple[Recorded, ...]:
        """The last records about these nodes and guests."""
        ...


class Check:
    """What expectations and prohibitions share."""

    kind = ""

    def __init__(self, stage: Stage, place: Place, that: Predicate, what: str, why: str) -> None:
        self._stage, self._place, self._that = stage, place, that
        self._what, self._why = what, why
        self._watch: Watch | None = None
        self._since_s = 0.0
        self.result: CheckResult | None = None

    @property
    def open(self) -> bool:
        """Whether it looks at the cluster at this moment."""
        return self.result is None and self._watch is not None

    def begin(self) -> None:
        """Its base has come."""
        raise NotImplementedError

    def concerns(self, changed: frozenset[str]) -> bool:
        """Whether records of these kinds may change what it looks at."""
        assert self._watch is not None
        return self._watch.kinds is None or not self._watch.kinds.isdisjoint(changed)

    def look(self) -> None:
        """The cluster may have changed."""
        raise NotImplementedError

    def finish(self, now_s: float) -> None:
        """The scenario is over."""
        raise NotImplementedError

    # for those who inherit

    @property
    def _now_s(self) -> float:
        return self._stage.scene.now_s()

    def _start_watch(self) -> Watch:
        self._watch = Watch(self._that, self._stage.scene)
        self._since_s = self._now_s
        return self._watch

    def _holds(self) -> bool:
        assert self._watch is not None
        return self._watch.holds()

    def _end(self, held: bool, detail: str) -> None:
        events: tuple[Recorded, ...] = ()
        if not held and self._watch is not None:
            seen = explain(self._watch)
            detail = f"{detail}: {seen.sentence()}" if seen.facts else detail
            events = self._stage.story(seen.names, self._since_s, _TOLD)
        self.result = CheckResult(
            self.kind,
            self._what,
            held,
            detail,
            self._now_s,
            self._place.line,
            self._why,
            events,
        )
        if self._watch is not None:
            self._watch.close()

    def _end_unbegun(self, after: str | None) -> None:
        self._end(
            held=False, detail=f"the step '{after}' never happened, so this was not looked at"
        )


class ExpectCheck(Check):
    """Something that must become true in time, or be true at a time, and then stay so for long."""

    kind = EXPECT

    def __init__(self, stage: Stage, wanted: Expectation) -> None:
        super().__init__(stage, wanted.place, wanted.that, _expected(wanted), wanted.why)
        self._wanted = wanted
        self._base_s = 0.0
        self._true_since_s: float | None = None

    def begin(self) -> None:
        self._base_s = self._now_s
        self._start_watch()
        at_s, within_s = self._wanted.at_s, self._wanted.within_s
        if within_s is not None:
            self._stage.call_at(self._base_s + within_s, self._deadline)
        elif at_s is not None and at_s != math.inf:
            self._stage.call_at(self._base_s + at_s, self._deadline)

    def look(self) -> None:
        if self._wanted.at_s is not None and self._true_since_s is None:
            return  # its moment has not come
        if self._holds():
            if self._true_since_s is None:
                self._became_true()
        elif self._true_since_s is not None:
            self._became_false()

    def _became_true(self) -> None:
        self._true_since_s = since_s = self._now_s
        if self._wanted.for_s == 0:
            self._held()
        else:
            until_s = since_s + self._wanted.for_s
            self._stage.call_at(until_s, lambda: self._lasted(since_s))

    def _became_false(self) -> None:
        since_s = self._true_since_s
        assert since_s is not None
        self._true_since_s = None
        limit_s = self._wanted.within_s
        if limit_s is None or self._now_s >= self._base_s + limit_s:
            lasted = about(self._now_s - since_s)
            self._end(held=False, detail=f"was true, but only for {lasted}")

    def _lasted(self, since_s: float) -> None:
        if self.result is None and self._true_since_s == since_s:
            self.look()
        if self.result is None and self._true_since_s == since_s:
            self._held()

    def _deadline(self) -> None:
        if self.result is not None or self._true_since_s is not None:
            return
        if self._holds():
            self._became_true()
        else:
            self._end(held=False, detail=f"at {about(self._now_s)}")

    def _held(self) -> None:
        assert self._true_since_s is not None
        delay_s = self._true_since_s - self._base_s
        self._end(held=True, detail=f"after {about(delay_s)}" if delay_s else "at once")

    def finish(self, now_s: float) -> None:
        if self.result is not None:
            return
        if self._watch is None:
            self._end_unbegun(self._wanted.after)
        elif self._wanted.at_s == math.inf:
            self._end(held=self._holds(), detail=f"at the end, {about(now_s)}")
        else:
            self._end(held=False, detail="the scenario ended first")


class NeverCheck(Check):
    """Something that must not be true between two moments."""

    kind = NEVER

    def __init__(self, stage: Stage, wanted: Never) -> None:
        super().__init__(stage, wanted.place, wanted.that, _forbidden(wanted), wanted.why)
        self._wanted = wanted

    def begin(self) -> None:
        base_s = self._now_s
        if self._wanted.from_s:
            self._stage.call_at(base_s + self._wanted.from_s, self._from)
        else:
            self._start_watch()
        if self._wanted.until_s is not None:
            self._stage.call_at(base_s + self._wanted.until_s, self._until)

    def _from(self) -> None:
        self._start_watch()
        self.look()

    def look(self) -> None:
        if self._holds():
            self._end(held=False, detail=f"at {about(self._now_s)}")

    def _until(self) -> None:
        if self.open:
            self.look()
        if self.result is None:
            self._end(held=True, detail="never")

    def finish(self, now_s: float) -> None:
        if self.open:
            self.look()
        if self.result is None and self._watch is None:
            self._end_unbegun(self._wanted.after)
        elif self.result is None:
            self._end(held=True, detail="never")


def _expected(wanted: Expectation) -> str:
    if wanted.within_s is not None:
        when = f"within {duration_text(wanted.within_s)}"
    elif wanted.at_s == math.inf:
        when = "at the end"
    else:
        when = f"at {duration_text(wanted.at_s or 0.0)}"
    base = f" after {wanted.after}" if wanted.after else ""
    lasts = f", for {duration_text(wanted.for_s)}" if wanted.for_s else ""
    return f"{wanted.text}, {when}{base}{lasts}"


def _forbidden(wanted: Never) -> str:
    begin = f" from {duration_text(wanted.from_s)}" if wanted.from_s else ""
    end = f" until {duration_text(wanted.until_s)}" if wanted.until_s is not None else ""
    base = f" after {wanted.after}" if wanted.after else ""
    return f"never {wanted.text}{',' if begin or end or base else ''}{begin}{end}{base}"
