"""The report as a file: what it holds, and that it holds everything itself."""

from __future__ import annotations

import base64
import gzip
import json
import re
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from scenarios.lines import US, Line
from scenarios.report import data as report_data
from scenarios.report import render, write_report
from scenarios.report.data import page_data
from scenarios.timeline import read
from tests.scenarios.journals import Story, large, power_loss

EVIL = "</script><img src=x onerror=alert(1)>&{{data}}"
LIMIT_BYTES = 3_000_000  # of which the library is nearly two


@dataclass(frozen=True)
class Expected:
    what: str
    held: bool
    detail: str = "after 143 s"
    kind: str = "expect"
    why: str = ""
    at_s: float = 203.0


@dataclass(frozen=True)
class Ended:
    """A result as the report wants it."""

    expectations: tuple[Expected, ...] = (Expected("all guests running", held=True),)
    name: str = "power loss"
    why: str = "a node is lost, its guests are not"
    seed: int = 7
    end_s: float = 650
    digest: str = "0123456789abcdef0123456789abcdef"
    passed: bool = True


@dataclass
class Page(HTMLParser):
    """Tags with their attributes, and texts outside scripts and styles."""

    source: str
    tags: list[tuple[str, dict[str, str | None]]] = field(default_factory=list)
    text: str = ""

    def __post_init__(self) -> None:
        super().__init__()
        self._raw = False
        self.feed(self.source)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self._raw = tag in ("script", "style")

    def handle_endtag(self, tag: str) -> None:
        self._raw = False

    def handle_data(self, data: str) -> None:
        if not self._raw:
            self.text += data


def packed(page: str, name: str) -> str:
    found = re.search(f'id="packed-{name}">([^<]*)<', page)
    assert found is not None
    return gzip.decompress(base64.b64decode(found[1])).decode()


def told(page: str) -> Any:
    return json.loads(packed(page, "data"))


@pytest.fixture(scope="module")
def small() -> str:
    return render(power_loss(), Ended())


def test_every_node_and_guest_has_a_lane(small: str) -> None:
    names = [lane["name"] for lane in told(small)["lanes"]]
    assert names == [f"node{n}" for n in range(1, 6)] + [f"vm:{n}" for n in range(100, 112)]


def test_every_event_is_there_with_the_lanes_that_it_is_about(small: str) -> None:
    data = told(small)
    events = data["events"]
    assert len(events["texts"]) == len(events["about"]) == len(events["flat"]) // 4
    assert len(events["texts"]) == len(power_loss())
    names = [lane["name"] for lane in data["lanes"]]
    kinds = [data["words"][number] for number in events["flat"][2::4]]
    about = events["about"][kinds.index("recovered")]
    assert [names[number] for number in about] == ["node1", "node2", "node3", "vm:102"]


def test_spans_are_those_of_the_timeline(small: str) -> None:
    data = told(small)
    lane = next(lane for lane in data["lanes"] if lane["name"] == "vm:102")
    flat, words = lane["layers"]["process"], data["words"]
    shown = [
        (begin, end, words[state], words[detail])
        for begin, end, state, detail in zip(*(flat[at::4] for at in range(4)), strict=True)
    ]
    assert shown == [
        (0, 16_220, "waiting", ""),
        (16_220, 60_000, "running", "node3"),
        (60_000, 198_000, "down", "node3"),
        (198_000, 202_000, "starting", "node2"),
        (202_000, 650_000, "running", "node2"),
    ]


def test_the_page_says_how_it_ended(small: str) -> None:
    page = Page(small)
    assert "All 1 expectations held · 0 violations" in page.text
    assert "all guests running" in page.text
    assert "simulated time 00:10:50.0 · seed 7 · journal 0123456789abcdef" in page.text


def test_a_failed_expectation_is_the_verdict() -> None:
    expectations = (Expected("a", held=True), Expected("runs(vm:1) == node2", held=False))
    page = Page(render(power_loss(), Ended(expectations, passed=False)))
    assert "1 of 2 expectations failed · 0 violations" in page.text
    assert ("li", {"class": "failed"}) in page.tags


def violated(broke: str | None) -> list[Line]:
    story = Story(2, 1)
    detail = "vm:100 runs on node1 and node2"
    told = {"promise": "guest-once", "detail": detail, **({"broke": broke} if broke else {})}
    story.tell(9, "check", "violation", **told)
    return story.done()


def test_a_violation_is_the_verdict_of_a_run_without_expectations() -> None:
    page = Page(render(violated(None), None))
    assert "1 violation" in page.text
    assert ("p", {"class": "verdict failed"}) in page.tags
    assert "vm:100 runs on node1 and node2" in page.text
    assert "this is a defect of the appliance" in page.text


def test_a_violation_names_the_promise_of_the_hardware_that_broke() -> None:
    page = Page(render(violated("watchdog of node1"), Ended()))
    assert "a promise of the hardware was broken before: watchdog of node1" in page.text
    assert "All 1 expectations held · 1 violation, as it should find" in page.text


def test_without_violations_there_is_no_section_of_them(small: str) -> None:
    assert "violations" not in {attributes.get("id") for _, attributes in Page(small).tags}


def test_downtime_is_in_the_page_longest_first(small: str) -> None:
    order = [
        attributes["data-lane"]
        for tag, attributes in Page(small).tags
        if tag == "tr" and attributes
    ]
    assert order[:2] == ["vm:107", "vm:102"]
    assert len(order) == 12
    text = Page(small).text
    assert "2m 23s" in text
    assert "78.154 %" in text
    assert "Of all 12 guests: median 0.0 s, 90 % 2m 22s, 99 % 2m 23s, most 2m 23s." in text


def test_a_guest_that_was_down_is_never_shown_as_always_available() -> None:
    story = Story(1, 1)
    story.guest(0, "vm:100", "node1", "running")
    story.guest(10, "vm:100", "node1", "crashed")
    story.guest(10.001, "vm:100", "node1", "running")
    story.tell(86_400, "world", "end")
    assert "99.999 %" in Page(render(story.done(), None)).text


def test_nothing_is_loaded_from_anywhere(small: str) -> None:
    """No element refers to another file, and the policy forbids what a script might try."""
    page = Page(small)
    loading = {"src", "srcset", "data", "poster", "action", "background"}
    assert [tag for tag in page.tags if loading & tag[1].keys()] == []
    links = {attributes["href"] for _, attributes in page.tags if "href" in attributes}
    assert links == {"#timeline"}
    assert "link" not in {tag for tag, _ in page.tags}
    assert not re.search(r"@import|url\(|https?://", small)
    (policy,) = (
        attributes["content"]
        for tag, attributes in page.tags
        if tag == "meta" and attributes.get("http-equiv") == "Content-Security-Policy"
    )
    assert policy is not None
    assert "default-src 'none'" in policy
    assert "connect-src" not in policy


def test_the_library_is_in_the_page(small: str) -> None:
    assert packed(small, "library").startswith("/**\n* plotly.js")


def evil() -> list[Line]:
    story = Story(1, 1, name=EVIL)
    story.power(0, "node1", "on", EVIL)
    story.guest(5, EVIL, "node1", "running", why=EVIL)
    story.tell(6, EVIL, "violation", promise=EVIL, detail=EVIL)
    return story.done()


def test_names_are_text_never_markup() -> None:
    ended = Ended((Expected(EVIL, held=False, detail=EVIL),), name=EVIL, why=EVIL, passed=False)
    whole = render(evil(), ended)
    page = Page(whole)
    assert "<img" not in whole
    assert page.text.count(EVIL) >= 5
    assert {tag for tag, _ in page.tags}.isdisjoint({"img", "iframe", "object"})
    assert EVIL in [lane["name"] for lane in told(whole)["lanes"]]


def test_the_same_run_gives_the_same_page(small: str) -> None:
    assert render(power_loss(), Ended()) == small


def test_a_large_run_stays_a_small_file(tmp_path: Path) -> None:
    path = tmp_path / "made" / "report.html"
    write_report(large(), None, path)
    assert path.stat().st_size < LIMIT_BYTES
    assert len(told(path.read_text("utf-8"))["lanes"]) == 352


def test_events_beyond_the_limit_go_the_less_grave_first(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(report_data, "MAX_EVENTS", 50)
    lines = power_loss()
    data = page_data(read(lines), lines, 650 * US)
    assert data["left_out"] == len(lines) - 50
    times = data["events"]["flat"][::4]
    assert len(times) == 50
    assert times == sorted(times)


def test_a_journal_of_nothing_is_a_page() -> None:
    page = Page(render([], None))
    assert "A run" in page.text
    assert "No guest was down." in page.text
