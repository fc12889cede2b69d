"""What the live view draws: one frame from the present state of a run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.box import ROUNDED
from rich.console import Group
from rich.panel import Panel
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from scenarios.lines import US, Line
from scenarios.text import clock, duration, one_line, styled
from scenarios.timeline import FaultSpan, Fold, natural
from scenarios.timeline.tracks import GuestTrack, NodeTrack

if TYPE_CHECKING:
    from sim.layout import ClusterLayout

STATUS = {
    "on": ("● on", "green"),
    "off": ("○ off", "bold red"),
    "booting": ("◐ booting", "yellow"),
    "shutting down": ("◑ shutting down", "yellow"),
    "hung": ("✕ hung", "bold magenta"),
    "paused": ("‖ paused", "bold magenta"),
    "no quorum": ("● no quorum", "bold yellow"),
    "maintenance": ("● on", "cyan"),
}
HA_STATES = {"online": "green", "maintenance": "cyan", "fence": "bold red", "unknown": "yellow"}
LRM_SHORT = {
    "wait_for_agent_lock": "waits",
    "active": "active",
    "maintenance": "maintenance",
    "lost_agent_lock": "lost lock",
}
# How a guest is written: before its name, after it, in which style.
GUESTS = {
    "running": ("", "", ""),
    "moving": ("", "→", "bold cyan"),
    "starting": ("", "…", "yellow"),
    "stopping": ("", "↓", "yellow"),
    "frozen": ("", "*", "magenta"),
    "double": ("!", "!", "bold white on red"),
}
# Wide enough for what may come, so that nothing jumps about.
COLUMNS = {"node": 6, "power": 11, "quorum": 7, "CRM": 8, "HA": 11, "LRM": 11}
ONLY_WIDE = frozenset({"quorum", "LRM"})
WIDE = 100  # columns of a terminal that has room for everything
HEAD_LINES, TABLE_LINES, EVENTS_EDGE = 3, 4, 2
LEAST_EVENTS = 5
MOST_FAULTS = 4


class Screen:
    """Frames of one run."""

    def __init__(self, layout: ClusterLayout, title: str, duration_s: float) -> None:
        self._title, self._duration_s = title, duration_s
        self._nodes = sorted(layout.node_names(), key=natural)
        self._prefixes = len({guest.sid.partition(":")[0] for guest in layout.guests}) > 1

    def frame(
        self, fold: Fold, lines: Sequence[Line], now_s: float, *, width: int, height: int
    ) -> Group:
        """The whole screen: at most `height` lines, unless there are very few."""
        below = [*self._elsewhere(fold), *self._faults(fold, now_s)]
        room = height - HEAD_LINES - TABLE_LINES - EVENTS_EDGE - len(below)
        shown = self._nodes_shown(fold, max(1, room - LEAST_EVENTS))
        if len(shown) < len(self._nodes):
            below.insert(0, Text(f"  and {len(self._nodes) - len(shown)} nodes more", "dim"))
            room -= 1
        most = max(1, room - len(shown))
        told = Text("\n").join(styled(line) for line in list(lines)[-most:])
        told.no_wrap, told.overflow = True, "ellipsis"
        return Group(
            self._head(now_s),
            self._node_table(fold, shown, wide=width >= WIDE),
            *below,
            Panel(told, title="events", title_align="left", border_style="dim", padding=(0, 1)),
        )

    def _nodes_shown(self, fold: Fold, most: int) -> list[str]:
        """All nodes if there is room, else first those that are not as they should be."""
        if len(self._nodes) <= most:
            return self._nodes
        first = sorted(self._nodes, key=lambda name: _is_well(fold.nodes.get(name)))
        chosen = frozenset(first[: max(1, most - 1)])
        return [name for name in self._nodes if name in chosen]

    def _head(self, now_s: float) -> Panel:
        grid = Table.grid(expand=True, padding=(0, 1))
        grid.add_column(ratio=3, no_wrap=True, overflow="ellipsis")
        grid.add_column(justify="right", no_wrap=True)
        grid.add_column(ratio=2)
        grid.add_column(justify="right", no_wrap=True)
        grid.add_row(
            Text(one_line(self._title), style="bold"),
            Text(clock(round(now_s * US)), style="bold cyan"),
            ProgressBar(total=self._duration_s, completed=min(now_s, self._duration_s)),
            Text(f"of {duration(round(self._duration_s * US))}", style="dim"),
        )
        return Panel(grid, border_style="cyan", padding=(0, 1))

    def _node_table(self, fold: Fold, shown: Sequence[str], *, wide: bool) -> Table:
        table = Table(
            expand=True, box=ROUNDED, border_style="dim", header_style="dim", show_edge=True
        )
        names = [name for name in COLUMNS if wide or name not in ONLY_WIDE]
        for name in names:
            table.add_column(name, no_wrap=True, min_width=COLUMNS[name])
        table.add_column("guests", ratio=1, no_wrap=True, overflow="ellipsis")
        for node in shown:
            row = self._node_row(node, fold.nodes.get(node) or NodeTrack())
            cells = [cell for name, cell in zip(COLUMNS, row, strict=True) if name in names]
            table.add_row(*cells, self._guests_on(fold, node))
        return table

    def _node_row(self, name: str, track: NodeTrack) -> tuple[Text, ...]:
        master = track.master.state is not None
        told, style = STATUS.get(track.status.state or "", ("?", "dim"))
        quorate = track.quorum.state
        state, lrm = track.state.state or "", track.lrm.state or ""
        return (
            Text(name, style="bold" if master else ""),
            Text(told, style=style),
            Text(_quorum(quorate), style="green" if quorate == "quorate" else "bold red"),
            Text("★ master" if master else "", style="bold yellow"),
            Text(state, style=HA_STATES.get(state, "")),
            Text(LRM_SHORT.get(lrm, lrm), style="red" if lrm == "lost_agent_lock" else ""),
        )

    def _guests_on(self, fold: Fold, node: str) -> Text:
        """The guests of one node; those that do something special come first."""
        here = [
            (guest.process.state == "running", natural(sid), sid, guest)
            for sid, guest in fold.guests.items()
            if node in _places(guest)
        ]
        text = Text()
        if here:
            text.append(f"{len(here):>3} ", style="dim")
        for place, (_, _, sid, guest) in enumerate(sorted(here, key=lambda one: one[:2])):
            before, after, style = GUESTS.get(guest.process.state or "", ("", "", ""))
            text.append(" " if place else "")
            text.append(f"{before}{self._short(sid)}{after}", style=style)
        return text

    def _short(self, sid: str) -> str:
        return sid if self._prefixes else sid.partition(":")[2] or sid

    def _elsewhere(self, fold: Fold) -> list[Text]:
        """Guests that run nowhere though they should."""
        down = [
            (sid, guest)
            for sid, guest in sorted(fold.guests.items(), key=lambda item: natural(item[0]))
            if guest.process.state in ("down", "relocating")
        ]
        if not down:
            return []
        text = Text(f"  down {len(down)}: ", style="bold red", no_wrap=True, overflow="ellipsis")
        text.append(", ".join(_down(self._short(sid), guest) for sid, guest in down), style="red")
        return [text]

    def _faults(self, fold: Fold, now_s: float) -> list[Text]:
        lasting = [fault for fault in fold.faults.values() if not fault.healed]
        shown = [_fault(fault, now_s) for fault in lasting[-MOST_FAULTS:]]
        if len(lasting) > MOST_FAULTS:
            shown.insert(0, Text(f"  and {len(lasting) - MOST_FAULTS} more faults", "magenta"))
        return shown


def _is_well(track: NodeTrack | None) -> bool:
    """Whether there is nothing to see: on, quorate, online, and not the master."""
    if track is None:
        return True
    return track.status.state == "on" and track.state.state == "online" and not track.master.state


def _quorum(state: str | None) -> str:
    return {"quorate": "quorate", "no quorum": "LOST"}.get(state or "", "")


def _places(guest: GuestTrack) -> tuple[str, ...]:
    """The nodes on whose row a guest is written."""
    if guest.process.state not in GUESTS:
        return ()
    detail = guest.process.detail
    if guest.process.state == "moving":
        return (detail.partition(" → ")[0],)
    return tuple(detail.split(" and "))


def _down(name: str, guest: GuestTrack) -> str:
    state = guest.service.state
    return f"{name} ({state})" if state not in (None, "started") else name


def _fault(fault: FaultSpan, now_s: float) -> Text:
    lasts = duration(round(now_s * US) - fault.begin_us)
    what = one_line(f"fault {fault.number}: {fault.kind.replace('_', ' ')} {fault.what}")
    return Text(f"  {what}, for {lasts}", style="bold magenta", no_wrap=True, overflow="ellipsis")
