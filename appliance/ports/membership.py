"""Who is in the cluster and whether this node's partition may act."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


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
    def view(self) -> View: ...

    def refresh(self) -> bool:
        """Bring the local picture of the cluster up to date; False if that failed this time."""
        ...
