"""What programs did to the mounted view, told only while its `.debug` says so."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from appliance.model.events.base import Event


@dataclass(frozen=True, slots=True)
class FileOperation(Event):
    """outcome: `ok` or the name of an errno. Never what is in a file."""

    kind: ClassVar[str] = "file_operation"
    text: ClassVar[str] = "{operation} {path}: {outcome}"
    operation: str
    path: str
    outcome: str


@dataclass(frozen=True, slots=True)
class FileViewFailed(Event):
    """A defect: the program got EIO."""

    kind: ClassVar[str] = "file_view_failed"
    level: ClassVar[str] = "err"
    text: ClassVar[str] = "{operation} {path} failed: {reason}"
    operation: str
    path: str
    reason: str
