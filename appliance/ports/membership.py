"""Who is in the cluster and whether this node's partition may act."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Protocol

from appliance.model.corosync_conf import CorosyncConf


@dataclass(frozen=True, slots=True)
class View:
    """This node's own view of the cluster.

    members: all configured nodes, sorted. online: those this node sees, sorted, empty when its
    partition has no quorum. epoch: grows with every change, also with one that leaves the lists as
    they were (a paused node sees "left and joined").
    """

    members: tuple[str, ...]
    online: tuple[str, ...]
    quorate: bool
    epoch: int


class Membership(Protocol):
    """What the round of a loop may ask."""

    def view(self) -> View: ...

    def refresh(self) -> bool:
        """Bring the local picture of the cluster up to date; False if that failed this time."""
        ...


@dataclass(frozen=True, slots=True)
class Votes:
    """How quorum is counted at the moment.

    expected: votes of all that count, here or not. present: votes of those that are here, the
    quorum device's included. needed: how many make a quorum. flags: rules and states in the words
    of corosync-quorumtool, such as `Quorate`, `2Node`, `WaitForAll`, `Qdevice`, sorted.
    layout: the config_version of the layout by which it is counted, 0 if that is not known.
    by_hand: an operator set here how many are expected, and nobody else was seen since.
    """

    expected: int
    present: int
    needed: int
    flags: tuple[str, ...] = ()
    layout: int = 0
    by_hand: bool = False


class ByHand:
    """What an operator said is to be expected, for implementations of `LiveMembership.expect`."""

    def __init__(self) -> None:
        self._votes = 0

    def expect(self, votes: int) -> None:
        self._votes = votes

    def mark(self, votes: Votes) -> Votes:
        """The same, and whether he said so. More that are expected by now end it."""
        if votes.expected > self._votes:
            self._votes = 0
        return replace(votes, by_hand=self._votes > 0)


class LiveMembership(Membership, Protocol):
    """For services that wait for changes and for operations that make them.

    Quorum alone protects nothing: a paused node may never see it go, and with a quorum device two
    sides may have it for some seconds.
    """

    async def changed(self, after_epoch: int) -> View:
        """Wait until the view's epoch is greater than that; the view of that moment."""
        ...

    async def votes(self) -> Votes:
        """UnavailableError if the cluster service of this node does not answer."""
        ...

    async def expect(self, votes: int) -> None:
        """Count quorum against so many votes until more are seen (an operator's way out).

        Must be what the others do too. RefusedError if that few would not make sense: less than are
        present.
        """
        ...

    async def apply(self, layout: CorosyncConf) -> None:
        """Make this the cluster's layout on this node, durably and for the running cluster.

        Every node must be given it. Running nodes take up new nodes, links, votes and timings at
        once. ConfigError if the layout breaks a rule or its version is not above the current one;
        UnavailableError if it is in place but the cluster service does not answer, which then
        reads it when it starts.
        """
        ...
