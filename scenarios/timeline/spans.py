"""The values of a timeline: what every node and guest was, from when to when.

Times are microseconds of simulated time. Spans of one lane follow each other without overlap;
where nothing is known (a lost quorum of a node without power) there is a gap.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

# What a node is at a glance: the gravest of its power, its quorum and the manager's view of it.
STATUS = ("on", "off", "booting", "shutting down", "hung", "paused", "no quorum", "maintenance")

# A guest. `moving`: runs on its source while it migrates. `relocating`: stopped to be moved.
# `waiting`: has never run nor failed to. `stopped`: as somebody asked. `double`: on two nodes.
GUEST = (
    "running",
    "moving",
    "frozen",
    "starting",
    "stopping",
    "relocating",
    "down",
    "stopped",
    "waiting",
    "double",
)
DOWN = frozenset({"down", "starting", "relocating"})


@dataclass(frozen=True, slots=True)
class Span:
    """`state` held from begin to end.

    detail: the node of a guest (of one that is down: where it ran last), the reason of a power
    state.
    """

    begin_us: int
    end_us: int
    state: str
    detail: str = ""

    @property
    def length_us(self) -> int:
        return self.end_us - self.begin_us


@dataclass(frozen=True, slots=True)
class NodeLane:
    """One node. status: power, quorum and maintenance in one word; quorum: `quorate` or
    `no quorum` while it is on; master: spans as CRM master; state: what the master holds it for;
    lrm: the state of its local resource manager.
    """

    name: str
    status: tuple[Span, ...]
    power: tuple[Span, ...]
    quorum: tuple[Span, ...]
    master: tuple[Span, ...]
    state: tuple[Span, ...]
    lrm: tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class GuestLane:
    """One guest: its process, and the state of its service in the eyes of the CRM."""

    sid: str
    process: tuple[Span, ...]
    service: tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class FaultSpan:
    """One fault. healed is False for one that lasted to the end; instant ones begin and end."""

    number: int
    kind: str
    what: str
    node: str | None
    begin_us: int
    end_us: int
    healed: bool


@dataclass(frozen=True, slots=True)
class Marker:
    """A fact worth a mark on a lane (a node, a guest; empty: the run as a whole)."""

    t_us: int
    kind: str
    lane: str
    text: str


@dataclass(frozen=True, slots=True)
class Downtime:
    """How long a guest that should run did not: `down_us` in `outages` pieces, and how long it
    ran without being able to do anything (`frozen_us`: storage out, node hung or paused).
    """

    sid: str
    down_us: int
    outages: int
    longest_us: int
    frozen_us: int


@dataclass(frozen=True, slots=True)
class Timeline:
    """A whole run. Nodes and guests are in natural order, faults and markers in that of time."""

    name: str
    end_us: int
    nodes: tuple[NodeLane, ...]
    guests: tuple[GuestLane, ...]
    faults: tuple[FaultSpan, ...]
    markers: tuple[Marker, ...]
    downtime: tuple[Downtime, ...]


def downtime_of(sid: str, process: tuple[Span, ...]) -> Downtime:
    """Adds up the spans in which a guest did not run though it should; adjacent ones are one."""
    down_us = frozen_us = longest_us = outages = current_us = 0
    last_end_us = -1
    for span in process:
        if span.state == "frozen":
            frozen_us += span.length_us
        if span.state not in DOWN:
            continue
        if span.begin_us != last_end_us:
            outages, current_us = outages + 1, 0
        current_us += span.length_us
        down_us, last_end_us = down_us + span.length_us, span.end_us
        longest_us = max(longest_us, current_us)
    return Downtime(sid, down_us, outages, longest_us, frozen_us)


def percentile_us(values: list[int], percent: float) -> int:
    """The smallest of `values` that at least `percent` of them do not exceed; 0 of none."""
    if not values:
        return 0
    ordered = sorted(values)
    rank = max(1, ceil(len(ordered) * percent / 100))
    return ordered[rank - 1]
