"""A journal as lines that a person reads: time, who, what; coloured by level on a terminal."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from scenarios.lines import US, Line, Recorded, of_record

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

ACTOR_WIDTH = 12
SIGNS = {"info": "  ", "notice": "- ", "warn": "! ", "err": "!!"}  # the level, without colours too
STYLES = {"info": "", "notice": "cyan", "warn": "yellow", "err": "bold red"}
# Facts of the world itself, whatever their level: what a reader looks for first.
KIND_STYLES = {
    "fault": "bold magenta",
    "fault_healed": "magenta",
    "operator": "bold blue",
    "violation": "bold white on red",
    "recovered": "green",
    "fence_done": "green",
}
DAY_S = 86_400


def clock(t_us: int) -> str:
    """A time of a run: `00:02:05.1`, from one day on `3d 00:02:05.1`."""
    tenths = t_us * 10 // US
    seconds, tenth = divmod(tenths, 10)
    days, rest = divmod(seconds, DAY_S)
    day = f"{days}d " if days else ""
    return f"{day}{rest // 3600:02}:{rest // 60 % 60:02}:{rest % 60:02}.{tenth}"


def duration(length_us: int) -> str:
    """A length of time in its two largest units: `4.2 s`, `2m 05s`, `3h 12m`, `2d 4h`."""
    seconds = length_us / US
    if seconds < 60:
        return f"{seconds:.1f} s" if seconds < 59.95 else "1m 00s"
    whole = round(seconds)
    if whole < 3600:
        return f"{whole // 60}m {whole % 60:02}s"
    minutes = whole // 60
    if minutes < 1440:
        return f"{minutes // 60}h {minutes % 60:02}m"
    return f"{minutes // 1440}d {minutes // 60 % 24}h"


def plain(line: Line | Recorded) -> str:
    """One fact as one line of text, without colours."""
    one = line if isinstance(line, Line) else of_record(line)
    head = f"{clock(one.t_us):>10}  {one.actor:<{ACTOR_WIDTH}} {SIGNS[one.level]} "
    return f"{head}{one_line(one.text)}"


def one_line(text: str) -> str:
    """`text` without line breaks and control characters, which would act on a terminal."""
    return "".join(char if char.isprintable() else " " for char in text).strip()


def styled(line: Line | Recorded) -> Text:
    """One fact for a terminal."""
    from rich.text import Text

    one = line if isinstance(line, Line) else of_record(line)
    style = KIND_STYLES.get(one.kind, STYLES.get(one.level, ""))
    return Text.assemble(
        (f"{clock(one.t_us):>10}  ", "dim"),
        (f"{one.actor:<{ACTOR_WIDTH}} ", "dim" if "/" in one.actor else "bold"),
        (f"{SIGNS[one.level]} ", style),
        (one_line(one.text), style),
    )


class TextPrinter:
    """Prints facts as they come: styled on a terminal, plain elsewhere. Can subscribe a journal."""

    def __init__(self, console: Console | None = None) -> None:
        from rich.console import Console

        self._console = console or Console(highlight=False)

    def on_record(self, line: Line | Recorded) -> None:
        if self._console.is_terminal:
            self._console.print(styled(line), highlight=False, soft_wrap=True)
        else:
            self._console.file.write(plain(line) + "\n")

    def print_all(self, lines: Iterable[Line | Recorded]) -> None:
        for line in lines:
            self.on_record(line)
