"""Changes that wait for a guest's next start: noted, taken back, applied, shown.

They stand in the part `pending` of the file: new texts by key, and in `delete` the keys that go,
with `!` in front of those whose volume is removed too.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from appliance.model.guest.config import GuestConfig, Settings
from appliance.model.option_table import split_key

_SEPARATOR = re.compile(r"[,;\s\0]+", re.ASCII)


@dataclass(frozen=True, slots=True)
class PendingRow:
    """A key as it is and as it will be. delete: it goes; 2 means with its volume."""

    key: str
    value: str | None = None
    pending: str | None = None
    delete: int = 0


def parse_pending_delete(text: str) -> dict[str, bool]:
    """The keys that go, and whether by force."""
    parts = (part for part in _SEPARATOR.split(text) if part)
    return {part.removeprefix("!"): part.startswith("!") for part in parts}


def format_pending_delete(keys: Mapping[str, bool]) -> str:
    return ",".join(f"!{key}" if keys[key] else key for key in sorted(keys))


def pending_delete(pending: Settings) -> dict[str, bool]:
    """The keys that these pending changes take away."""
    return parse_pending_delete(pending.get("delete") or "")


def with_pending_delete(pending: Settings, key: str, *, force: bool = False) -> Settings:
    """A key goes at the next start; a new value that waited for it is forgotten."""
    return _with_delete(pending.without([key]), {**pending_delete(pending), key: force})


def without_pending_delete(pending: Settings, keys: Iterable[str]) -> Settings:
    """These keys stay."""
    gone = frozenset(keys)
    return _with_delete(
        pending, {k: f for k, f in pending_delete(pending).items() if k not in gone}
    )


def clean(config: GuestConfig) -> GuestConfig:
    """Without pending changes that change nothing: values that hold, deletions of what is unset."""
    current, pending = config.current, config.pending
    same = [k for k, text in pending.values.items() if k != "delete" and current.get(k) == text]
    missing = [key for key in pending_delete(pending) if key not in current.values]
    return replace(config, pending=without_pending_delete(pending.without(same), missing))


def changed_later(config: GuestConfig, changes: Mapping[str, str]) -> GuestConfig:
    """These texts hold from the next start on."""
    pending = without_pending_delete(config.pending, changes).with_values(changes)
    return clean(replace(config, pending=pending))


def deleted_later(config: GuestConfig, keys: Iterable[str], *, force: bool = False) -> GuestConfig:
    """These keys go with the next start."""
    pending = config.pending
    for key in keys:
        pending = with_pending_delete(pending, key, force=force)
    return clean(replace(config, pending=pending))


def reverted(config: GuestConfig, keys: Iterable[str]) -> GuestConfig:
    """What waits for these keys is forgotten."""
    names = tuple(keys)
    return replace(config, pending=without_pending_delete(config.pending, names).without(names))


def applied(config: GuestConfig, keys: Iterable[str] | None = None) -> GuestConfig:
    """What waits for these keys (None: for all) holds now."""
    pending = clean(config).pending
    deletes = pending_delete(pending)
    waiting = [key for key in (*pending.values, *deletes) if key != "delete"]
    chosen = waiting if keys is None else [key for key in keys if key in waiting]
    values = {key: pending.values[key] for key in chosen if key in pending.values}
    current = config.current.without(key for key in chosen if key in deletes).with_values(values)
    return reverted(replace(config, current=current, pending=pending), chosen)


def with_pending(config: GuestConfig) -> Settings:
    """What will hold after the next start."""
    return applied(config).current


def rows(config: GuestConfig) -> list[PendingRow]:
    """Every key with what it is and what it will be, in the order of their names."""
    deletes = pending_delete(config.pending)
    keys = dict.fromkeys((*config.current.values, *config.pending.values, *deletes))
    keys.pop("delete", None)
    found = [
        PendingRow(
            key,
            config.current.get(key),
            config.pending.get(key),
            (2 if deletes[key] else 1) if key in deletes else 0,
        )
        for key in sorted(keys, key=lambda key: (split_key(key)[0], split_key(key)[1] or 0, key))
    ]
    notes = config.current.description
    return [*found, PendingRow("description", notes)] if notes else found


def _with_delete(pending: Settings, keys: Mapping[str, bool]) -> Settings:
    if not keys:
        return pending.without(["delete"])
    return pending.with_values({"delete": format_pending_delete(keys)})
