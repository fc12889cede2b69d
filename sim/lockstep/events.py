"""What the lock-step hardware itself tells."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from appliance.model.events import Event


@dataclass(frozen=True, slots=True)
class Command(Event):
    kind: ClassVar[str] = "command"
    text: ClassVar[str] = "carry out {command}"
    command: str


@dataclass(frozen=True, slots=True)
class WatchdogExpired(Event):
    kind: ClassVar[str] = "watchdog_expired"
    text: ClassVar[str] = "{node} was switched off by its watchdog"
    node: str


@dataclass(frozen=True, slots=True)
class RoundSkipped(Event):
    """what: CRM or LRM."""

    kind: ClassVar[str] = "round_skipped"
    text: ClassVar[str] = "no {what} has a turn in this round"
    what: str


@dataclass(frozen=True, slots=True)
class Overcommitted(Event):
    """subject: a service or a node; what: cpu or mem."""

    kind: ClassVar[str] = "overcommitted"
    level: ClassVar[str] = "warn"
    text: ClassVar[str] = "{subject} uses more {what} than it has"
    subject: str
    what: str


@dataclass(frozen=True, slots=True)
class RunStarted(Event):
    kind: ClassVar[str] = "run_started"
    text: ClassVar[str] = "the run begins"


@dataclass(frozen=True, slots=True)
class RunEnded(Event):
    kind: ClassVar[str] = "run_ended"
    text: ClassVar[str] = "the run is over"


@dataclass(frozen=True, slots=True)
class RunAborted(Event):
    kind: ClassVar[str] = "run_aborted"
    level: ClassVar[str] = "err"
    text: ClassVar[str] = "the run cannot go on: {reason}"
    reason: str
