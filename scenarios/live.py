"""A rehearsal as it happens, in the terminal: nodes with their guests, faults, events, time.

Whoever runs the world tells it every record and, every `pause_s` of simulated time, the time. It
waits as long as a person needs to follow, and so holds the world up; it changes nothing in it.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING, Self

from rich.console import Console, Group
from rich.live import Live as RichLive

from scenarios.lines import US, Line, Recorded, of_record
from scenarios.live_screen import Screen
from scenarios.pace import DEFAULT_SPEED, Pace
from scenarios.text import TextPrinter
from scenarios.timeline import Fold

if TYPE_CHECKING:
    from sim.layout import ClusterLayout

FRAME_S = 1 / 15
REMEMBERED = 60  # facts told again within so many others are no news


class LiveView:
    """Watches one run. A context manager: the terminal is its own only inside.

    Where the output is no terminal it prints the events as plain lines and never waits.

    duration_s: how long the run is. speed: simulated seconds a second where something happens.
    sleep: waits for so many wall seconds.
    """

    pause_s = 1.0

    def __init__(
        self,
        layout: ClusterLayout,
        title: str,
        duration_s: float,
        *,
        speed: float = DEFAULT_SPEED,
        console: Console | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._console = console or Console(highlight=False)
        self._watched = self._console.is_terminal
        self._printer = TextPrinter(self._console)
        self._fold = Fold()
        self._screen = Screen(layout, title, duration_s)
        self._pace = Pace(speed)
        self._sleep = sleep
        self._lines: deque[Line] = deque(maxlen=200)
        self._recent: deque[str] = deque(maxlen=REMEMBERED)
        self._now_s = 0.0
        self._owed_s = 0.0  # wall time that ought to have passed and has not yet
        self._news = False
        self._live: RichLive | None = None

    def __enter__(self) -> Self:
        if self._watched:
            self._live = RichLive(
                self.frame(), console=self._console, auto_refresh=False, vertical_overflow="crop"
            )
            self._live.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._live is not None:
            self._live.update(self.frame(), refresh=True)
            self._live.stop()
            self._live = None

    def on_record(self, record: Recorded | Line) -> None:
        """One fact, in the order of time."""
        line = record if isinstance(record, Line) else of_record(record)
        if not self._watched:
            self._printer.on_record(line)
            return
        self.on_time(line.t_us / US)
        self._fold.read(line)
        told = f"{line.actor} {line.text}"
        if told not in self._recent:
            self._lines.append(line)
            self._pace.news(self._now_s)
            self._news = True
        self._recent.append(told)

    def on_time(self, now_s: float) -> None:
        """Simulated time is now `now_s`."""
        if not self._watched or now_s <= self._now_s:
            return
        if self._news:
            self._owed_s += self._pace.glance_s()
            self._news = False
        self._owed_s += self._pace.wait_s(now_s)
        self._now_s = now_s
        while self._owed_s >= FRAME_S:
            self._show()

    def frame(self) -> Group:
        """What the screen shows now."""
        width, height = self._console.size
        return self._screen.frame(
            self._fold, self._lines, self._now_s, width=width, height=height - 1
        )

    def _show(self) -> None:
        """Draw, and pay one frame of the time owed; drawing is part of it."""
        begin_s = time.perf_counter()
        if self._live is not None:
            self._live.update(self.frame(), refresh=True)
        drawn_s = time.perf_counter() - begin_s
        wait_s = min(self._owed_s, max(FRAME_S, drawn_s))
        if wait_s > drawn_s:
            self._sleep(wait_s - drawn_s)
        self._owed_s -= wait_s
