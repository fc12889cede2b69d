"""What the membership engine remembers: nodes, the rings they are in, and rings being formed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from appliance.ports.membership import View
from sim.kernel import Timer
from sim.network.quorum import VoteState

Group = tuple[str, ...]


@dataclass(slots=True, eq=False)
class Ring:
    """An installed ring. It is one object for all its members; being another one is being left.

    stalled_us: since when its token is lost. left_us: when members left it cleanly.
    """

    members: Group
    stalled_us: int | None = None
    left_us: dict[str, int] = field(default_factory=dict)


@dataclass(slots=True, eq=False)
class Reform:
    """A ring on its way. agreed_us: when its members agree; due_us: when it is installed.

    first_us: when the change began of which this is the latest turn.
    """

    group: Group
    first_us: int
    agreed_us: int
    due_us: int = 0
    timer: Timer | None = None

    def cancel(self) -> None:
        if self.timer is not None:
            self.timer.cancel()


@dataclass(slots=True, eq=False)
class Member:
    """One node's corosync. ring None: it does not run.

    ready_us: when it will be ready to join others after its start or a pause. settled: its
    messages go round. window_us: when its last-man-standing window closes. boot: the next step of
    its start, None when it is ready.
    """

    name: str
    view: View
    votes: VoteState
    ring: Ring | None = None
    reform: Reform | None = None
    paused: bool = False
    settled: bool = False
    ready_us: int = 0
    window_us: int | None = None
    boot: Timer | None = None

    @property
    def audible(self) -> bool:
        """Whether it can be in a ring with those that hear it."""
        return self.ring is not None and not self.paused and self.boot is None


def rings_of(members: Iterable[Member]) -> list[Ring]:
    """The rings they are in now, each once, in the order of the members."""
    found: list[Ring] = []
    for member in members:
        if member.ring is not None and not any(member.ring is ring for ring in found):
            found.append(member.ring)
    return found


def reforms_of(members: Iterable[Member]) -> list[Reform]:
    """The rings on their way that they belong to, each once, in the order of the members."""
    found: list[Reform] = []
    for member in members:
        if member.reform is not None and not any(member.reform is known for known in found):
            found.append(member.reform)
    return found
