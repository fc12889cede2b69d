"""One thing to try: a cluster, a seed, and what happens to it when."""

from __future__ import annotations

from dataclasses import dataclass

from sim.faults import Fault
from sim.layout import ClusterLayout


@dataclass(frozen=True, slots=True)
class Move:
    """A fault, an operator's command, or the end of all faults, at an instant.

    at_s: seconds since the world began.
    """

    at_s: float
    fault: Fault | None = None
    command: str | None = None
    heal_all: bool = False


@dataclass(frozen=True, slots=True)
class Case:
    """A cluster under a schedule. `length_s`: how long faults may happen; liveness comes after."""

    layout: ClusterLayout
    seed: int
    moves: tuple[Move, ...]
    length_s: float
