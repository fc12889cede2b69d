"""What happens to any daemon: its state, its locks, its end."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from appliance.model.events.base import Event


@dataclass(frozen=True, slots=True)
class StatusChanged(Event):
    """The daemon's own state machine took a step; the first one leaves `startup`."""

    kind: ClassVar[str] = "status"
    text: ClassVar[str] = "now {to}, was {from_}"
    from_: str
    to: str


@dataclass(frozen=True, slots=True)
class LockAcquired(Event):
    """Told on gaining a lock, not on refreshing it."""

    kind: ClassVar[str] = "lock_acquired"
    text: ClassVar[str] = "holds lock {lock} now"
    lock: str


@dataclass(frozen=True, slots=True)
class RoundFailed(Event):
    """The round ended early and wrote nothing; the next one tries again."""

    kind: ClassVar[str] = "error"
    level: ClassVar[str] = "err"
    text: ClassVar[str] = "round given up: {reason}"
    reason: str


@dataclass(frozen=True, slots=True)
class InconsistentState(Event):
    kind: ClassVar[str] = "inconsistent_state"
    level: ClassVar[str] = "notice"
    text: ClassVar[str] = "cluster state could not be brought up to date, sitting this round out"


@dataclass(frozen=True, slots=True)
class Exited(Event):
    kind: ClassVar[str] = "exited"
    text: ClassVar[str] = "left its loop"


@dataclass(frozen=True, slots=True)
class Killed(Event):
    kind: ClassVar[str] = "killed"
    text: ClassVar[str] = "died with the node's power"


@dataclass(frozen=True, slots=True)
class StoreUnreadable(Event):
    """A read of the configuration store failed and the daemon goes on without it."""

    kind: ClassVar[str] = "store_unreadable"
    level: ClassVar[str] = "err"
    text: ClassVar[str] = "cannot read {what}: {reason}"
    what: str
    reason: str


@dataclass(frozen=True, slots=True)
class StoreUnwritable(Event):
    kind: ClassVar[str] = "store_unwritable"
    level: ClassVar[str] = "err"
    text: ClassVar[str] = "cannot write {what}: {reason}"
    what: str
    reason: str
