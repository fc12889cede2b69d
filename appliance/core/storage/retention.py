"""Which backups stay: the last few, and the last of each hour, day, week, month, year."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

KEEP: Final = "keep"
REMOVE: Final = "remove"
PROTECTED: Final = "protected"
RENAMED: Final = "renamed"


@dataclass(frozen=True, slots=True)
class Backup:
    """A backup of a list. standard: its name is as backups get it; others are left alone."""

    id: str
    created_s: int
    vmid: int | None = None
    type: str = "unknown"
    standard: bool = True
    protected: bool = False


Span = Callable[[datetime], tuple[int, ...]]

# In this order: what an earlier rule keeps is not counted by a later one.
_SPANS: Final[Mapping[str, Span]] = {
    "keep-hourly": lambda at: (at.year, at.month, at.day, at.hour),
    "keep-daily": lambda at: (at.year, at.month, at.day),
    "keep-weekly": lambda at: tuple(at.isocalendar()[:2]),
    "keep-monthly": lambda at: (at.year, at.month),
    "keep-yearly": lambda at: (at.year,),
}


def marks(backups: Iterable[Backup], keep: Mapping[str, int]) -> list[tuple[Backup, str]]:
    """What becomes of each backup, by id. Without a number above zero all are kept.

    Each guest's backups are counted on their own; spans of time are those of UTC.
    """
    found: dict[str, str] = {}
    groups: dict[tuple[str, int], list[Backup]] = {}
    listed = sorted(backups, key=lambda one: one.id)
    for backup in listed:
        if backup.protected:
            found[backup.id] = PROTECTED
        elif not backup.standard or backup.vmid is None:
            found[backup.id] = RENAMED
        else:
            groups.setdefault((backup.type, backup.vmid), []).append(backup)
    for group in groups.values():
        found |= _group(group, keep)
    return [(backup, found[backup.id]) for backup in listed]


def _group(group: Sequence[Backup], keep: Mapping[str, int]) -> dict[str, str]:
    counts = {name: keep.get(name, 0) for name in ("keep-last", *_SPANS)}
    if keep.get("keep-all") or not any(counts.values()):
        return {backup.id: KEEP for backup in group}
    newest = sorted(group, key=lambda one: (-one.created_s, one.id))
    found: dict[str, str] = {}
    _keep(newest, counts["keep-last"], lambda one: (one.created_s,), found)
    for name, span in _SPANS.items():
        _keep(newest, counts[name], _spanned(span), found)
    return {backup.id: found.get(backup.id, REMOVE) for backup in group}


def _spanned(span: Span) -> Callable[[Backup], tuple[int, ...]]:
    return lambda one: span(datetime.fromtimestamp(one.created_s, UTC))


def _keep(
    newest: Sequence[Backup],
    count: int,
    span: Callable[[Backup], tuple[int, ...]],
    found: dict[str, str],
) -> None:
    """Keep the newest of each span, of so many spans that nothing was kept of before."""
    covered = {span(one): None for one in newest if found.get(one.id) == KEEP}
    new: dict[tuple[int, ...], None] = {}
    for backup in newest:
        own = span(backup)
        if backup.id in found or own in covered:
            continue
        if own in new:
            found[backup.id] = REMOVE
        elif len(new) < count:
            new[own] = None
            found[backup.id] = KEEP
        else:
            return
