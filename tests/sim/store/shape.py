"""What kind of cluster a seed draws: how many machines, whose votes, a quorum device, a layout."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from sim.entropy import Entropy
from sim.layout import ClusterLayout
from tests.sim.network.lab import cluster

TOKEN_S = 1.0
DEVICE = {"qdevice": True, "qdevice_timeout_s": 3.0, "qdevice_sync_timeout_s": 4.0}


@dataclass(frozen=True, slots=True)
class Shape:
    """inside: so many of the machines are nodes at the beginning. votes: those that are not 1.

    founded: the layout is in the store, and says who decides. grows, shrinks, revotes: what
    operators do to it. device: there is a quorum device. moves: how often they do something.
    """

    machines: int
    inside: int
    votes: dict[str, int] = field(default_factory=dict)
    founded: bool = False
    grows: bool = False
    shrinks: bool = False
    revotes: bool = False
    device: bool = False
    moves: int = 0

    def layout(self) -> ClusterLayout:
        options: dict[str, Any] = dict(DEVICE) if self.device else {}
        bare = cluster(self.machines, token_s=TOKEN_S, token_coefficient_s=0.0, **options)
        nodes = tuple(
            replace(node, votes=self.votes.get(node.name, node.votes)) for node in bare.nodes
        )
        return replace(bare, nodes=nodes)

    @property
    def outside(self) -> tuple[str, ...]:
        return tuple(f"n{number}" for number in range(self.inside + 1, self.machines + 1))

    def spares(self, node: str) -> bool:
        """Whether the others go on without what is on its disk, come what may."""
        if self.moves:
            return False  # who decides next may need it before it has everything again
        names = [f"n{number}" for number in range(1, self.inside + 1)]
        others = sum(self.votes.get(name, 1) for name in names if name != node)
        lost = self.votes.get(node, 1) + self.device
        return node in names and others > lost


def drawn(entropy: Entropy, nodes: int = 0) -> Shape:
    """The shape of one seed. nodes: a plain cluster of so many instead."""
    size = nodes or (3, 3, 5, 4)[int(entropy.unit("nodes") * 4)]
    kind = entropy.unit("kind")
    if nodes or kind < 0.3:
        return Shape(size, size)
    if kind < 0.45:
        return Shape(size, size, _votes(entropy, size), founded=entropy.unit("founded") < 0.5)
    moves = 3 + int(entropy.unit("moves") * 9)
    if kind < 0.6:
        halves = 2 if entropy.unit("halves") < 0.6 else 4
        changes = entropy.unit("changes") < 0.4
        return Shape(
            halves, halves, founded=True, revotes=changes, device=True, moves=moves * changes
        )
    return _changing(entropy, moves)


def _votes(entropy: Entropy, size: int) -> dict[str, int]:
    """Any of 0 to 3, and somebody has one."""
    votes = {f"n{at}": int(entropy.unit("votes", at) * 4) for at in range(1, size + 1)}
    return votes if any(votes.values()) else {}


def _changing(entropy: Entropy, moves: int) -> Shape:
    """A cluster that comes to be, or one that is taken apart, or both."""
    inside = (1, 2, 3, 3, 4, 5)[int(entropy.unit("inside") * 6)]
    machines = max(inside, 4 + int(entropy.unit("machines") * 2))
    shrinks = entropy.unit("shrinks") < 0.6
    return Shape(
        machines,
        inside,
        _votes(entropy, inside) if entropy.unit("uneven") < 0.25 else {},
        founded=True,
        grows=True,
        shrinks=shrinks,
        revotes=entropy.unit("revotes") < 0.4,
        moves=moves,
    )
