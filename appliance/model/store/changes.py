"""What is in the store and how it can be changed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, NamedTuple, TypeAlias

ABSENT: Final = 0  # the version of what is not there
LEASE_MARK: Final = "\x01"  # begins the key of a lease; no path contains it


class File(NamedTuple):
    """version: of the entry that wrote it. mtime_s: the writer's wall clock, for people only."""

    content: bytes
    version: int
    mtime_s: int
    writer: str


class Lease(NamedTuple):
    """A lock with a life time. Each renewal has a new version."""

    holder: str
    version: int
    life_s: float


Cell: TypeAlias = File | Lease
Cells: TypeAlias = tuple[tuple[str, Cell | None], ...]  # None: it is gone


def lease_key(name: str) -> str:
    """The key of a lease among the cells."""
    return LEASE_MARK + name


# Steps. `expect`: the version that the file must have, ABSENT for none, None for any.


class Put(NamedTuple):
    """Make this the whole file, new or not."""

    path: str
    content: bytes
    expect: int | None = None


@dataclass(frozen=True, slots=True)
class Delete:
    path: str
    expect: int | None = None


@dataclass(frozen=True, slots=True)
class Rename:
    """Move a file to where none is."""

    path: str
    target: str
    expect: int | None = None


@dataclass(frozen=True, slots=True)
class Expect:
    """Only if the file has this version."""

    path: str
    version: int


@dataclass(frozen=True, slots=True)
class TakeLease:
    """Take it if it is free, renew it if it is one's own."""

    name: str
    life_s: float


@dataclass(frozen=True, slots=True)
class DropLease:
    """Give up one's own."""

    name: str


@dataclass(frozen=True, slots=True)
class ExpireLease:
    """Free it from a holder who was silent for its life; nothing if it has changed since."""

    name: str
    version: int


@dataclass(frozen=True, slots=True)
class HoldLease:
    """Only if this node holds it."""

    name: str


Step: TypeAlias = Put | Delete | Rename | Expect | TakeLease | DropLease | ExpireLease | HoldLease
Steps: TypeAlias = tuple[Step, ...]


class Epoch(NamedTuple):
    """A session's name. Greater is newer; nobody uses one twice."""

    number: int
    founder: str
    nonce: str


FIRST_EPOCH: Final = Epoch(0, "", "")


class Point(NamedTuple):
    """A place in the history of the cluster; the greater of two is the newer."""

    epoch: Epoch
    version: int
    digest: bytes


ORIGIN: Final = Point(FIRST_EPOCH, 0, b"")


class RequestId(NamedTuple):
    """Who asked for a change: node, nonce of its boot, number within the boot."""

    node: str
    nonce: str
    number: int


class Entry(NamedTuple):
    """One step of the history. `body`: its encoded form, over which the digest is made."""

    point: Point
    request: RequestId | None
    cells: Cells
    body: bytes

    @property
    def version(self) -> int:
        return self.point.version
