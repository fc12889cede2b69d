"""How a rehearsal ended: expectations, violations, downtime, and what identifies the run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from scenarios.lines import Recorded

EXPECT = "expect"
NEVER = "never"
STEP = "step"
PROMISE = "promise"


@dataclass(frozen=True, slots=True)
class CheckResult:
    """One thing that had to hold.

    kind: expect, never, step (it had to happen) or promise (a safety violation that was not, or
    was, expected). what: the thing in words. detail: when it held, or what was there instead.
    at_s: when that was decided. events: the last records about it, only when it did not hold.
    """

    kind: str
    what: str
    held: bool
    detail: str
    at_s: float
    line: int
    why: str = ""
    events: tuple[Recorded, ...] = ()


@dataclass(frozen=True, slots=True)
class BrokenPromiseSeen:
    """A violation that a checker reported. broke: the hardware promise that was broken before."""

    t_s: float
    promise: str
    detail: str
    broke: str | None


@dataclass(frozen=True, slots=True)
class RunResult:
    """One rehearsal of one scenario. `downtime_s`: guest -> seconds without a process."""

    name: str
    why: str
    file: str
    seed: int
    end_s: float
    expectations: tuple[CheckResult, ...]
    violations: tuple[BrokenPromiseSeen, ...]
    downtime_s: Mapping[str, float]
    digest: str
    records: int
    events: int
    passed: bool = field(default=False)

    def failures(self) -> tuple[CheckResult, ...]:
        return tuple(check for check in self.expectations if not check.held)

    def as_data(self) -> dict[str, Any]:
        """For the last line of a journal in JSON."""
        return {
            "kind": "result",
            "file": self.file,
            "name": self.name,
            "seed": self.seed,
            "passed": self.passed,
            "checks": [
                {
                    "check": check.kind,
                    "line": check.line,
                    "what": check.what,
                    "held": check.held,
                    "detail": check.detail,
                    "at": round(check.at_s, 6),
                }
                for check in self.expectations
            ],
            "violations": [
                {"t": seen.t_s, "promise": seen.promise, "detail": seen.detail, "broke": seen.broke}
                for seen in self.violations
            ],
            "downtime_s": {sid: round(down_s, 3) for sid, down_s in self.downtime_s.items()},
            "simulated_s": self.end_s,
            "records": self.records,
            "events": self.events,
            "digest": self.digest,
        }
