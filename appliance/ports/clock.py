"""Time as a node sees it, and the pace of its loops."""

from __future__ import annotations

from typing import NamedTuple, Protocol


class Clock(Protocol):
    """A node's own clock. Rates and offsets differ between nodes; nothing compares two of them."""

    def monotonic(self) -> float:
        """Seconds since this boot; never goes backwards."""
        ...

    def wall(self) -> float:
        """Seconds since 1970 as this node believes; may jump."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Wait on the monotonic clock."""
        ...


class Tick(NamedTuple):
    """One round of a loop begins.

    `skipped` rounds before it were not run because the loop had proved them idle; the last of them
    (or else the last real round) began at `last_s`. Both are 0 and None at the first tick.
    """

    now_s: float
    skipped: int = 0
    last_s: float | None = None


class Rest(NamedTuple):
    """What a loop says at the end of a round.

    period_s  the next round begins this long after the beginning of this one
    exit      the loop is over
    quiet     this round changed nothing and told nobody anything new; with unchanged inputs every
              round before `wake_at_s` (None: ever) would do just the same again
    wake_at_s on the node's monotonic clock
    reads     topics whose change ends the quiet (see `appliance.ports.topics`)
    renews    what each quiet round refreshes and nothing else, by topic
    """

    period_s: float
    exit: bool = False
    quiet: bool = False
    wake_at_s: float | None = None
    reads: tuple[str, ...] = ()
    renews: tuple[str, ...] = ()


class Pace(Protocol):
    """The heartbeat of one loop. A real one sleeps; a simulated one may skip quiet rounds."""

    def first(self) -> Tick:
        """The tick of the first round, now."""
        ...

    async def next_tick(self, rest: Rest) -> Tick:
        """Wait for the next round on the grid of this one."""
        ...

    def wake(self) -> None:
        """End the quiet: something has changed that only this loop knows, such as its shutdown."""
        ...


class Paces(Protocol):
    """Opens the pace of a loop by the loop's name, such as `crm` or `lrm`."""

    def open(self, loop: str) -> Pace: ...
