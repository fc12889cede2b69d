"""A journal as lines of text."""

from __future__ import annotations

import io
from dataclasses import dataclass

import pytest
from rich.console import Console

from appliance.model.errors import ConfigError
from appliance.model.events import Event
from scenarios.lines import US, of_json
from scenarios.text import TextPrinter, clock, duration, plain
from sim.events import GuestChange, ViewChange, Violation

DAY_US = 86_400 * US


@dataclass(frozen=True)
class Told:
    t_us: int
    actor: str
    event: Event


@pytest.mark.parametrize(
    ("t_us", "expected"),
    [
        (0, "00:00:00.0"),
        (125_190_000, "00:02:05.1"),
        (DAY_US - 1, "23:59:59.9"),
        (3 * DAY_US + 3_600 * US, "3d 01:00:00.0"),
    ],
)
def test_clock(t_us: int, expected: str) -> None:
    assert clock(t_us) == expected


@pytest.mark.parametrize(
    ("length_s", "expected"),
    [
        (0, "0.0 s"),
        (4.24, "4.2 s"),
        (59.96, "1m 00s"),
        (125, "2m 05s"),
        (3 * 3600 + 12 * 60, "3h 12m"),
        (2 * 86_400 + 4 * 3600, "2d 4h"),
    ],
)
def test_duration(length_s: float, expected: str) -> None:
    assert duration(round(length_s * US)) == expected


def test_a_fact_is_its_sentence() -> None:
    told = Told(12_500_000, "node1", GuestChange("vm:100", "node1", "running", "started"))
    assert plain(told) == "00:00:12.5  node1           vm:100 on node1: running started"


def test_several_values_are_read_as_words() -> None:
    seen = Told(0, "node1", ViewChange("node1", ("node1", "node2"), True, 3))
    assert plain(seen).endswith("node1 sees node1, node2, quorate: True")
    nobody = Told(0, "node1", ViewChange("node1", (), False, 3))
    assert plain(nobody).endswith("node1 sees none, quorate: False")


def test_a_line_from_a_file_is_made_of_its_fields() -> None:
    (line,) = of_json('{"t": 20, "actor": "node1/crm", "kind": "fence_done", "node": "node3"}\n')
    assert plain(line) == "00:00:20.0  node1/crm       fence done, node node3"


def test_names_cannot_break_lines_nor_reach_the_terminal() -> None:
    told = Told(0, "check", Violation("one\ntwo", "\x1b[31mred"))
    assert plain(told) == "00:00:00.0  check        !! VIOLATION of one two:  [31mred"


def test_a_pipe_gets_plain_lines() -> None:
    out = io.StringIO()
    TextPrinter(Console(file=out)).on_record(Told(0, "check", Violation("[bold]promise", "x")))
    assert out.getvalue() == "00:00:00.0  check        !! VIOLATION of [bold]promise: x\n"


def test_a_terminal_gets_colours_and_no_markup() -> None:
    out = io.StringIO()
    console = Console(file=out, force_terminal=True, color_system="truecolor", width=80)
    TextPrinter(console).on_record(Told(0, "check", Violation("[bold]promise", "x")))
    assert "\x1b[" in out.getvalue()
    assert "[bold]promise" in out.getvalue()


@pytest.mark.parametrize("row", ["{", "[]", '{"t": 1}', '{"t": "x", "actor": "a", "kind": "k"}'])
def test_what_is_no_line_is_refused_with_its_place(row: str) -> None:
    with pytest.raises(ConfigError, match=r"^saved\.jsonl:2: not a line of a journal"):
        of_json(f"\n{row}\n", file="saved.jsonl")
