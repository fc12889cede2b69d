"""What runs and what is configured, side by side."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

Row = Mapping[str, Any]
Rows = Mapping[str, Row]  # by id
NEW: Final = "new"
CHANGED: Final = "changed"
DELETED: Final = "deleted"


def pending_rows(running: Rows, configured: Rows, same: tuple[str, ...]) -> list[dict[str, Any]]:
    """Everything that runs or is configured, by id: as it runs, and under `pending` what waits.

    same: what names a thing and its type, which never waits. A key that is taken out waits as
    `deleted`.
    """
    return [
        _row(running.get(name), configured.get(name), same)
        for name in sorted({*running, *configured})
    ]


def _row(now: Row | None, wanted: Row | None, same: tuple[str, ...]) -> dict[str, Any]:
    if wanted is None:
        assert now is not None
        return {**now, "state": DELETED}
    if now is None:
        fixed = {key: wanted[key] for key in same if key in wanted}
        return {**fixed, "state": NEW, "pending": _without(wanted, same)}
    waits = {
        key: value
        for key, value in _without(wanted, same).items()
        if key not in now or now[key] != value
    }
    waits |= {key: DELETED for key in _without(now, same) if key not in wanted}
    return {**now, "state": CHANGED, "pending": waits} if waits else dict(now)


def _without(row: Row, names: tuple[str, ...]) -> dict[str, Any]:
    return {key: value for key, value in row.items() if key not in names}


def waits(running: Mapping[str, Rows], configured: Mapping[str, Rows]) -> bool:
    """Whether anything waits to be applied."""
    kinds = {*running, *configured}
    return any(dict(running.get(kind, {})) != dict(configured.get(kind, {})) for kind in kinds)
