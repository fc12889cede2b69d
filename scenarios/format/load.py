"""A scenario file as a whole: text, tables, values, and whether it makes sense."""

from __future__ import annotations

import re
import tomllib
from dataclasses import replace
from pathlib import Path

from appliance.model.errors import ConfigError
from scenarios.events import known_kinds
from scenarios.explore.mutants import find_mutant
from scenarios.format.checks import read_expectations, read_nevers
from scenarios.format.cluster import read_cluster
from scenarios.format.fields import Table
from scenarios.format.guests import read_guests
from scenarios.format.locate import locate
from scenarios.format.moments import Moments
from scenarios.format.possible import check_possible
from scenarios.format.steps import read_steps
from scenarios.format.texts import check_texts
from scenarios.format.values import BrokenPromise, Scenario
from scenarios.predicates import Names
from sim.checkers.checkers import PROMISES

_TOML_LINE = re.compile(r"(.*) \(at (?:line (\d+), column \d+|end of document)\)", re.DOTALL)
_MOST_SECONDS = 10 * 366 * 86400.0


def load(path: Path) -> Scenario:
    """Read a scenario file. Raises ConfigError, or OSError when it cannot be read."""
    try:
        text = path.read_text("utf-8")
    except UnicodeDecodeError as error:
        raise ConfigError(f"not UTF-8 text (byte {error.start})", file=str(path)) from None
    return loads(text, str(path))


def loads(text: str, file: str = "scenario") -> Scenario:
    """Read a scenario from its text; `file` is for messages. Raises ConfigError."""
    try:
        values = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise _bad_toml(error, text, file) from None
    root = Table(values, (), locate(text), file)
    scenario = _scenario(root)
    root.end()
    if not (scenario.expectations or scenario.nevers or scenario.violation):
        root.fail(None, "nothing is expected: write [[expect]], [[never]] or violation")
    return scenario


def _bad_toml(error: tomllib.TOMLDecodeError, text: str, file: str) -> ConfigError:
    match = _TOML_LINE.fullmatch(str(error))
    if match is None:
        return ConfigError(str(error), file=file)
    line = int(match[2]) if match[2] else len(text.splitlines())
    return ConfigError(f"{match[1][0].lower()}{match[1][1:]}", file=file, line=line)


def _scenario(root: Table) -> Scenario:
    head = root.table("scenario")
    if "scenario" not in root:
        root.fail(None, "the table [scenario] is missing")
    name, why, seed = _said(head, "name"), _said(head, "why"), head.integer("seed", 1)
    duration_s = head.duration_s("duration")
    if not 1 <= duration_s <= _MOST_SECONDS:
        head.fail("duration", "a duration from one second to ten years is expected")
    cluster = read_cluster(root)
    guests, places = read_guests(root.tables("guest"), cluster.layout)
    check_possible(cluster, guests, places)
    layout = replace(cluster.layout, guests=tuple(guests))
    check_texts(cluster.table, layout, places)
    names = Names(
        nodes=layout.node_names(),
        guests=tuple(guest.sid for guest in guests),
        wanted=tuple(guest.sid for guest in guests if guest.state == "started"),
        kinds=known_kinds(),
    )
    moments = Moments(duration_s)
    steps = read_steps(root, layout, names, moments)
    scenario = Scenario(
        name=name,
        why=why,
        file=head.place().file,
        seed=seed,
        duration_s=duration_s,
        layout=layout,
        names=names,
        steps=tuple(steps),
        expectations=tuple(read_expectations(root, names, moments)),
        nevers=tuple(read_nevers(root, names, moments)),
        violation=_violation(head),
        mutant=_mutant(head),
    )
    head.end()
    return scenario


def _said(head: Table, key: str) -> str:
    text = " ".join(head.text(key).split())
    if not text:
        head.fail(key, "this says nothing")
    return text


def _mutant(head: Table) -> str | None:
    name = head.optional_text("mutant")
    if name is not None:
        try:
            find_mutant(name)
        except ConfigError as error:
            head.fail("mutant", error.message)
    return name


def _violation(head: Table) -> BrokenPromise | None:
    broke = head.optional_text("broke")
    promise = head.choice("violation", PROMISES) if "violation" in head else head.raw("violation")
    if promise is None:
        if broke is not None:
            head.fail("broke", 'this goes with violation = "<promise>"')
        return None
    return BrokenPromise(promise, broke, head.place("violation"))
