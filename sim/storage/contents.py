"""What is in volumes: not their bytes but a number that stands for them, and what is kept beside.

Two volumes with the same mark hold the same; whoever writes to one gives it a new mark. That tells
whether a copy, a rollback or a restore brought the right thing, at no cost.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from appliance.model.storage.pool import Archive
from sim.clock import WORLD_BEGAN_S
from sim.guests.storage import Storage, Volume
from sim.kernel import Kernel

EMPTY: Final = 0
HEAD_BYTES: Final = 1024**2
"""So much of a file is kept as it is; behind that it reads as zeroes."""


@dataclass(frozen=True, slots=True)
class Moment:
    """A volume as a snapshot keeps it."""

    name: str
    mark: int
    size_bytes: int
    taken_s: int


@dataclass(slots=True)
class Content:
    """What is known of one volume.

    parent    the name of the base image that this one needs
    head      the beginning of a file
    marks     of the disks in an archive, by key of the configuration
    """

    size_bytes: int
    created_s: int
    mark: int = EMPTY
    parent: str | None = None
    snapshots: list[Moment] = field(default_factory=list)
    notes: str = ""
    protected: bool = False
    head: bytes = b""
    archive: Archive | None = None
    marks: Mapping[str, int] = field(default_factory=dict)

    def moment(self, name: str) -> Moment | None:
        return next((one for one in self.snapshots if one.name == name), None)


class Shelves:
    """The contents of all volumes of a world. A volume that is new to it is an empty disk.

    marks: how many contents there were so far.
    """

    def __init__(self, kernel: Kernel, storage: Storage) -> None:
        self._kernel, self.storage = kernel, storage
        self._contents: dict[Volume, Content] = {}
        self.marks = EMPTY
        storage.watch_volumes(self)

    def of(self, volume: Volume) -> Content:
        """KeyError: there is no such volume."""
        if not self.storage.exists(volume):
            raise KeyError(volume)
        if volume not in self._contents:
            size = self.storage.size_bytes(volume)
            self._contents[volume] = Content(size, WORLD_BEGAN_S)
        return self._contents[volume]

    def put(self, volume: Volume, content: Content) -> None:
        self._contents[volume] = content

    def now_s(self) -> int:
        return WORLD_BEGAN_S + int(self._kernel.now_s)

    def new_mark(self) -> int:
        """That of a content that never was before."""
        self.marks += 1
        return self.marks

    # what the physics tells

    def removed(self, volume: Volume) -> None:
        self._contents.pop(volume, None)

    def renamed(self, volume: Volume, to: Volume) -> None:
        if volume in self._contents:
            self._contents[to] = self._contents.pop(volume)

    def copied(self, volume: Volume, copy: Volume) -> None:
        content = self.of(volume)
        twin = Content(content.size_bytes, content.created_s, content.mark, content.parent)
        twin.snapshots = list(content.snapshots)
        self._contents[copy] = twin

    def opened(self, volume: Volume) -> None:
        if self.storage.exists(volume):
            self.of(volume).mark = self.new_mark()
