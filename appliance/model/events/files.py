"""The mounted view: where it is, and what programs did to it, if its `.debug` says so."""

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


@dataclass(frozen=True, slots=True)
class FilesMounted(Event):
    kind: ClassVar[str] = "files_mounted"
    text: ClassVar[str] = "the configuration is mounted at {folder}"
    folder: str


@dataclass(frozen=True, slots=True)
class FilesUnmounted(Event):
    kind: ClassVar[str] = "files_unmounted"
    text: ClassVar[str] = "{folder} is unmounted: {reason}"
    folder: str
    reason: str


@dataclass(frozen=True, slots=True)
class MountFailed(Event):
    """It is tried again."""

    kind: ClassVar[str] = "mount_failed"
    level: ClassVar[str] = "warning"
    text: ClassVar[str] = "the configuration cannot be mounted: {reason}"
    reason: str
