"""The live view: what it shows, and how long a person watches."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from scenarios.lines import US, Line
from scenarios.live import LiveView
from scenarios.pace import Pace
from scenarios.text import plain
from sim.layout import ClusterLayout, GuestSpec, NodeSpec
from tests.scenarios.journals import Story, large, power_loss


class Watched:
    """A view of five nodes on a terminal of its own, whose waiting is counted, not waited."""

    def __init__(
        self,
        *,
        terminal: bool = True,
        title: str = "power loss",
        size: tuple[int, int] = (120, 36),
        nodes: int = 5,
    ) -> None:
        self.waited_s = 0.0
        self.out = io.StringIO()
        self.console = Console(
            file=self.out,
            force_terminal=terminal,
            width=size[0],
            height=size[1],
            color_system=None,
            highlight=False,
        )
        layout = ClusterLayout(
            nodes=tuple(NodeSpec(f"node{number}") for number in range(1, nodes + 1)),
            guests=tuple(GuestSpec(f"vm:{100 + number}", "node1") for number in range(12)),
        )
        self.view = LiveView(layout, title, 650, console=self.console, sleep=self._sleep)

    def _sleep(self, wait_s: float) -> None:
        self.waited_s += wait_s

    def play(self, lines: list[Line], until_s: float) -> None:
        now_s = 0.0
        for line in lines:
            while now_s + 1 < min(until_s, line.t_us / US):
                now_s += 1
                self.view.on_time(now_s)
            if line.t_us > until_s * US:
                break
            self.view.on_record(line)
        while now_s < until_s:
            now_s += 1
            self.view.on_time(now_s)

    def screen(self) -> list[str]:
        with self.console.capture() as captured:
            self.console.print(self.view.frame())
        return captured.get().splitlines()

    def row(self, start: str) -> str:
        return next(line for line in self.screen() if start in line)


def cells(row: str) -> list[str]:
    return [cell.strip() for cell in row.strip("│").split("│")]


def test_while_a_node_is_off() -> None:
    watched = Watched()
    watched.play(power_loss(), 150)
    assert cells(watched.row("│ node1")) == [
        "node1",
        "● on",
        "quorate",
        "★ master",
        "online",
        "active",
        "3 100 105 110",
    ]
    assert cells(watched.row("│ node3")) == ["node3", "○ off", "", "", "fence", "", ""]
    assert "down 2: 102 (fence), 107 (fence)" in watched.row("down")
    assert "fault 1: power of node3, for 1m 30s" in watched.row("fault 1:")
    assert "00:02:30.0" in watched.row("power loss")
    assert "fence try, node node3" in watched.row("00:02:10.1")


def test_after_the_recovery_nothing_is_down() -> None:
    watched = Watched()
    watched.play(power_loss(), 650)
    assert cells(watched.row("│ node2"))[-1] == "4 101 102 106 111"
    assert not any("down" in line or "fault 1:" in line for line in watched.screen())


def test_a_migrating_guest_is_on_its_source_and_comes_first() -> None:
    watched = Watched()
    watched.play(power_loss(), 575)
    assert cells(watched.row("│ node1"))[-1] == "3 100→ 105 110"


@pytest.mark.parametrize("size", [(120, 36), (80, 24), (200, 60)])
@pytest.mark.parametrize(("nodes", "journal"), [(5, power_loss()), (32, large(cuts=1))])
def test_a_frame_fits_the_terminal(size: tuple[int, int], nodes: int, journal: list[Line]) -> None:
    for until_s in (5.0, 130.0, 43_275.0, 43_500.0):
        watched = Watched(size=size, nodes=nodes)
        watched.play(journal, until_s)
        screen = watched.screen()
        assert len(screen) <= watched.console.size.height
        assert max(len(line) for line in screen) <= watched.console.size.width


def test_where_room_is_short_what_is_wrong_is_shown() -> None:
    watched = Watched(size=(80, 24), nodes=32)
    watched.play(large(cuts=1), 43_275)
    assert "○ off" in watched.row("│ node8")
    assert "★ master" in watched.row("│ node1 ")
    assert any("nodes more" in line for line in watched.screen())


def test_a_person_can_follow() -> None:
    watched = Watched()
    with watched.view:
        watched.play(power_loss(), 650)
    assert 15 < watched.waited_s + 2 < 40
    assert "○ off" in watched.out.getvalue()


def test_without_a_terminal_lines_come_at_once() -> None:
    watched = Watched(terminal=False)
    with watched.view:
        watched.play(power_loss(), 650)
    assert watched.waited_s == 0
    assert watched.out.getvalue().splitlines() == [plain(line) for line in power_loss()]


def test_what_is_told_again_and_again_is_shown_once() -> None:
    story = Story(5, 1)
    for at_s in range(10, 600, 10):
        story.tell(at_s, "node1/crm", "recovery_no_node", service="vm:100")
    watched = Watched()
    watched.play(story.done(), 600)
    assert sum("recovery no node" in line for line in watched.screen()) == 1


def test_a_title_is_text_never_markup() -> None:
    watched = Watched(title="[bold red]loss[/]\nof power")
    assert "[bold red]loss[/] of power" in watched.screen()[1]


def waited(speed: float, moments: list[float], news: list[float]) -> float:
    pace, total_s = Pace(speed), 0.0
    for at_s in sorted({*moments, *news}):
        total_s += pace.wait_s(at_s)
        if at_s in news:
            pace.news(at_s)
    return total_s


def test_a_quiet_day_takes_seconds() -> None:
    assert 2 < waited(10, [86_400.0], []) < 10


def test_news_slow_it_down() -> None:
    assert waited(10, [600.0], [100.0, 200.0, 300.0]) > 2 * waited(10, [600.0], [])


def test_speed_is_a_factor() -> None:
    assert waited(20, [600.0], [50.0]) == pytest.approx(waited(10, [600.0], [50.0]) / 2)


times = st.lists(st.floats(0, 1e5), max_size=20)


@given(times, times)
def test_how_often_the_time_is_told_changes_nothing(
    moments: list[float], news: list[float]
) -> None:
    end_s = max([1.0, *moments, *news])
    few, many = waited(10, [end_s], news), waited(10, [*moments, end_s], news)
    assert many == pytest.approx(few, abs=1e-6)
    assert many >= 0
