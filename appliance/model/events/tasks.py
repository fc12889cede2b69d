"""What tasks tell."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from appliance.model.events.base import Event


@dataclass(frozen=True, slots=True)
class TaskBegins(Event):
    kind: ClassVar[str] = "task"
    text: ClassVar[str] = "task {upid} begins"

    upid: str


@dataclass(frozen=True, slots=True)
class TaskEnds(Event):
    kind: ClassVar[str] = "task-ends"
    text: ClassVar[str] = "task {upid} ends: {status}"

    upid: str
    status: str
