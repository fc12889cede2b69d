"""How fast a copy may go: the limits of storages and of the datacenter, and who may lift them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

Limits = Mapping[str, float]
"""By operation (clone, migration, move, restore), and `default`; KiB per second."""

May = Callable[[str, str], bool]
"""Whether who asks has a privilege on a path: path, privilege."""


def bandwidth_limit(
    operation: str,
    storages: Sequence[tuple[str, Limits | None]],
    datacenter: Limits | None,
    *,
    asked_kib_s: float | None = None,
    may: May = lambda _path, _privilege: False,
) -> float:
    """The limit in KiB per second, 0 is none.

    storages: those that it reads and writes, with their own limits. asked_kib_s: what the call asks
    for, None: nothing; only then the rights of who asks matter.
    """
    limit, asked = asked_kib_s or 0.0, asked_kib_s is not None
    own_for_all = bool(storages)
    if storages and asked and may("/storage", "Datastore.Allocate"):
        return limit
    for storage, limits in dict(storages).items():
        if asked and may(f"/storage/{storage}", "Datastore.Allocate"):
            continue
        own = _of(operation, limits)
        if own is None:
            own_for_all = False
        else:
            limit = _lower(limit, own)
    if own_for_all or (asked and may("/", "Sys.Modify")):
        return limit
    common = _of(operation, datacenter)
    return limit if common is None else _lower(limit, common)


def _of(operation: str, limits: Limits | None) -> float | None:
    if limits is None:
        return None
    return limits.get(operation, limits.get("default"))


def _lower(limit: float, other: float) -> float:
    return other if not limit or other < limit else limit
