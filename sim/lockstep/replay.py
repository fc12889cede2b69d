"""Replaying case folders: one of them, or all in a folder against what was recorded."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from appliance.model.errors import ConfigError, QuorateError
from appliance.model.events import Event
from sim.lockstep.compare import (
    EXPECTED,
    first_difference,
    read_records,
    read_vocabulary,
    records,
)
from sim.lockstep.driver import Driver
from sim.lockstep.inputs import load_case


@dataclass(frozen=True, slots=True)
class Verdict:
    """How one case compared; `difference` None: it is as recorded."""

    case: str
    difference: str | None


def replay(folder: Path) -> list[tuple[int, str, Event]]:
    """Run one case folder: (time, actor, event) in program order. ConfigError if unreadable."""
    return Driver(load_case(folder)).run()


def case_folders(folder: Path) -> list[Path]:
    """The cases of a folder, by name."""
    if not folder.is_dir():
        raise ConfigError("is no folder", file=str(folder))
    found = sorted(path.parent for path in folder.glob("*/cmdlist"))
    if not found:
        raise ConfigError(
            "no case in this folder: none of its folders has a cmdlist", file=str(folder)
        )
    return found


def compare_all(folder: Path) -> Iterator[Verdict]:
    """Replay every case of a folder, in the order of their names."""
    kinds = read_vocabulary(folder)
    for case in case_folders(folder):
        try:
            difference = _compare(case, kinds)
        except QuorateError as error:
            difference = f"cannot be replayed: {error}"
        yield Verdict(case.name, difference)


def _compare(case: Path, kinds: frozenset[str]) -> str | None:
    if not (case / EXPECTED).is_file():
        return f"has no {EXPECTED}"
    return first_difference(read_records(case / EXPECTED), records(replay(case)), kinds)
