"""What a node's daemon tells of itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from appliance.model.events.base import Event


@dataclass(frozen=True, slots=True)
class DaemonStarted(Event):
    """It serves. `alone`: in no cluster."""

    kind: ClassVar[str] = "daemon_started"
    text: ClassVar[str] = "serves on {listen}, certificate {fingerprint}"
    listen: tuple[str, ...]
    fingerprint: str
    alone: bool


@dataclass(frozen=True, slots=True)
class DaemonEnds(Event):
    kind: ClassVar[str] = "daemon_ends"
    text: ClassVar[str] = "ends: {reason}"
    reason: str


@dataclass(frozen=True, slots=True)
class TaskFailed(Event):
    """A task died of an exception that nobody expected: a defect."""

    kind: ClassVar[str] = "task_failed"
    level: ClassVar[str] = "err"
    text: ClassVar[str] = "{task} failed: {error}"
    task: str
    error: str


@dataclass(frozen=True, slots=True)
class RequestFailed(Event):
    """A handler died of an exception that nobody expected: a defect."""

    kind: ClassVar[str] = "request_failed"
    level: ClassVar[str] = "err"
    text: ClassVar[str] = "{request} failed: {error}"
    request: str
    error: str


@dataclass(frozen=True, slots=True)
class StoreDamaged(Event):
    """The node's copy is not what was written. What it lacks comes from its peers."""

    kind: ClassVar[str] = "store_damaged"
    level: ClassVar[str] = "err"
    text: ClassVar[str] = "the local database is damaged: {what}"
    what: str


@dataclass(frozen=True, slots=True)
class StoreOpened(Event):
    kind: ClassVar[str] = "store_opened"
    text: ClassVar[str] = "the store is open, {how}"
    how: str


@dataclass(frozen=True, slots=True)
class StoreWaits(Event):
    """Told once, not at every try."""

    kind: ClassVar[str] = "store_waits"
    level: ClassVar[str] = "warn"
    text: ClassVar[str] = "the store cannot be opened yet: {reason}"
    reason: str


@dataclass(frozen=True, slots=True)
class StepUndone(Event):
    """The daemon died within a step between alone and member; the node is what it was before."""

    kind: ClassVar[str] = "step_undone"
    level: ClassVar[str] = "warn"
    text: ClassVar[str] = "an interrupted join was undone"
