"""Directories of the host in containers: what must be true of them before and after the mount.

Somebody inside who may write to the source's parents can put a symbolic link into the path between
the look and the mount. So the source is walked part by part without following links and kept open,
and what is mounted in the end is compared with what was opened.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from appliance.model.errors import ConfigError, RefusedError


@dataclass(frozen=True, slots=True)
class Found:
    """What is at a path. identity: device and inode. link: it is a symbolic link."""

    identity: tuple[int, int]
    link: bool = False


@dataclass(frozen=True, slots=True)
class Mounted:
    """What is mounted. writable: as the kernel tells it, whatever was asked for."""

    identity: tuple[int, int]
    writable: bool = True


def parts_of(path: str) -> Iterator[str]:
    """Every path on the way, the source itself last. ConfigError for a path that climbs."""
    names = [name for name in path.split("/") if name]
    if not path.startswith("/") or any(name in (".", "..") for name in names):
        raise ConfigError(f"'{path}' must be an absolute path without '..'", field="volume")
    for count in range(1, len(names) + 1):
        yield "/" + "/".join(names[:count])


def opened_source(path: str, look: Callable[[str], Found | None]) -> Found:
    """The directory that is to be mounted. look: at a path, without following a link at its end.

    RefusedError for a part that is a symbolic link or is not there.
    """
    found = Found((0, 0))
    for part in parts_of(path):
        seen = look(part)
        if seen is None:
            raise RefusedError(f"mount source '{part}' does not exist")
        if seen.link:
            raise RefusedError(f"mount source '{path}' has a symbolic link in it: '{part}'")
        found = seen
    return found


def check_mounted(source: Found, mounted: Mounted, *, read_only: bool) -> None:
    """RefusedError if something else was mounted, or can be written although it must not."""
    if mounted.identity != source.identity:
        raise RefusedError("what was mounted is not the directory that was looked at")
    if read_only and mounted.writable:
        raise RefusedError("the mount is writable although it must be read-only")
