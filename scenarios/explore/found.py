"""Writes what was found down as a scenario, so that `quorate rehearse` shows it again."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from scenarios.explore.run import Outcome
from scenarios.explore.toml import quoted, scenario_text
from scenarios.quantities import duration_text
from scenarios.shipped import FOUND, ROOT
from sim.checkers.checkers import LIVENESS, PROMISES
from sim.checkers.liveness import NO_MASTER

_SID = re.compile(r"\b(?:vm|ct):\d+")


def found_folder() -> Path:
    """scenarios/found of the checkout; below the current folder where there is none."""
    in_checkout = (ROOT.parent / "pyproject.toml").is_file()
    return ROOT / FOUND if in_checkout else Path("scenarios") / FOUND


def file_name(outcome: Outcome, mutant: str | None = None) -> str:
    finding = outcome.finding
    assert finding is not None
    prefix = f"mutant-{mutant}-" if mutant else ""
    return f"{prefix}{finding.promise}-{outcome.case.seed}.toml"


def as_scenario(outcome: Outcome, mutant: str | None = None) -> str:
    """The text of the scenario file."""
    finding = outcome.finding
    assert finding is not None
    moves = (*outcome.made, *outcome.after)
    head = [
        ("name", quoted(f"Found: {finding.promise}, seed {outcome.case.seed}")),
        ("why", quoted(_why(outcome, mutant))),
        ("seed", str(outcome.case.seed)),
        ("duration", quoted(duration_text(float(math.ceil(outcome.ended_s))))),
    ]
    if mutant is not None:
        head.append(("mutant", quoted(mutant)))
    case = replace(outcome.case, moves=moves)
    return scenario_text(case, head, _expectations(outcome))


def _why(outcome: Outcome, mutant: str | None) -> str:
    finding = outcome.finding
    assert finding is not None
    sentences = [
        "Written by the explorer.",
        f"Here this promise was broken: {PROMISES.get(finding.promise, finding.promise)}.",
        f"What was seen: {finding.detail}.",
    ]
    if mutant:
        sentences.append(f"The deliberate fault {mutant} is built in.")
    return " ".join(sentences)


def _expectations(outcome: Outcome) -> Iterator[str]:
    """Nothing may be broken; and for liveness, everything stands at the end."""
    finding = outcome.finding
    assert finding is not None
    if finding.promise != LIVENESS:
        yield from ("[[never]]", 'that = "event(violation)"')
        return
    points = _whole_cluster(outcome) if outcome.after else _named(finding.detail)
    for point in points:
        yield from ("[[expect]]", f"that = {quoted(point)}", 'at = "end"', "")


def _whole_cluster(outcome: Outcome) -> list[str]:
    """Everything is healed, so everything has to stand."""
    nodes = outcome.case.layout.node_names()
    points = [f"online({node})" for node in nodes]
    if outcome.requested:
        points += [f"node({node}) == online" for node in nodes]
    for sid, requested in outcome.requested:
        if requested == "started":
            points += _runs(sid)
        elif requested in ("stopped", "disabled"):
            points.append(f"not running({sid})")
    return points


def _named(detail: str) -> list[str]:
    """In the middle of a run only what the finding names is known to be expected."""
    points = ["master != none"] if NO_MASTER in detail else []
    for sid in dict.fromkeys(_SID.findall(detail)):
        points += _runs(sid)
    return points


def _runs(sid: str) -> list[str]:
    return [f"running({sid})", f"service({sid}) == started"]


def write_found(outcome: Outcome, folder: Path, mutant: str | None = None) -> Path:
    """Write the file and return its path."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / file_name(outcome, mutant)
    path.write_text(as_scenario(outcome, mutant), "utf-8")
    return path
