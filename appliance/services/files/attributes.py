"""What `stat` shows: kinds and permissions follow from the path alone."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from appliance.model.store.paths import is_private


class Kind(Enum):
    FILE = "file"
    FOLDER = "folder"
    LINK = "link"


@dataclass(frozen=True, slots=True)
class Attributes:
    """mode: permission bits. links: 0 for a removed file that is still open."""

    number: int
    kind: Kind
    mode: int
    size_bytes: int
    mtime_s: int
    links: int = 1


@dataclass(frozen=True, slots=True)
class Owner:
    """Who all files belong to. The group reads what is not private."""

    uid: int = 0
    gid: int = 0


@dataclass(frozen=True, slots=True)
class Usage:
    """What `df` shows."""

    total_bytes: int
    free_bytes: int
    total_files: int
    free_files: int


def mode_of(path: str, kind: Kind, *, writable: bool) -> int:
    """0640 and 0755, 0600 and 0700 where private; without the bits to write where nobody may."""
    mode = 0o640 if kind is Kind.FILE else 0o755
    if is_private(path):
        mode &= 0o700
    return mode if writable else mode & ~0o222
