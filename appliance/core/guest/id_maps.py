"""Id maps of containers: which users and groups of the host those of the container are."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from dataclasses import dataclass

from appliance.model.errors import ConfigError

UNPRIVILEGED_START = 100000
UNPRIVILEGED_COUNT = 65536


@dataclass(frozen=True, slots=True)
class IdRange:
    """count ids of the container from `inside` on are those of the host from `outside` on.

    kind    `u` for users, `g` for groups
    """

    kind: str
    inside: int
    outside: int
    count: int


@dataclass(frozen=True, slots=True)
class IdMap:
    """All ranges as written, and what the container's root is on the host."""

    ranges: tuple[IdRange, ...]
    root_uid: int
    root_gid: int


def id_map(raw: Iterable[tuple[str, str]], *, unprivileged: bool) -> IdMap:
    """The map of a container by its `lxc.idmap` lines. ConfigError if ranges overlap.

    Without lines an unprivileged container has 65536 ids from 100000 on; others have the host's.
    """
    ranges = tuple(_range(value) for key, value in raw if key == "lxc.idmap")
    if unprivileged and not ranges:
        ranges = tuple(IdRange(kind, 0, UNPRIVILEGED_START, UNPRIVILEGED_COUNT) for kind in "ug")
    for kind in "ug":
        mine = [r for r in ranges if r.kind == kind]
        _check_apart(sorted((r.inside, r.count) for r in mine), "container", kind)
        _check_apart(sorted((r.outside, r.count) for r in mine), "host", kind)
    return IdMap(ranges, _root(ranges, "u"), _root(ranges, "g"))


def _range(text: str) -> IdRange:
    parts = text.split()
    if len(parts) != 4 or parts[0] not in ("u", "g") or not all(p.isdecimal() for p in parts[1:]):
        raise ConfigError(f"'{text}' is no '<u|g> <inside> <outside> <count>'", field="lxc.idmap")
    return IdRange(parts[0], int(parts[1]), int(parts[2]), int(parts[3]))


def _check_apart(ranges: list[tuple[int, int]], side: str, kind: str) -> None:
    for (first, count), (second, _count) in itertools.pairwise(ranges):
        if first + count > second:
            ids = "users" if kind == "u" else "groups"
            message = f"ranges of {ids} overlap on the {side}'s side: {first}+{count} and {second}"
            raise ConfigError(message, field="lxc.idmap")


def _root(ranges: tuple[IdRange, ...], kind: str) -> int:
    return next((r.outside for r in ranges if r.kind == kind and r.inside == 0), 0)
