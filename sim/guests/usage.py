"""How much a simulated guest does at a moment: never still, never twice the same, always plausible.

Everything is a function of the world's seed, the guest and the time, so that the past can be told
as well as the present, and nothing has to be recorded.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from sim.guests.catalog import Load
from sim.guests.needs import Chance
from sim.layout import GuestSpec

_CPU_S: Final = 60
_MEMORY_S: Final = 600
_TRAFFIC_BYTES_S: Final = 400_000.0


@dataclass(frozen=True, slots=True)
class Usage:
    """cpu: share of its CPUs; rates in bytes per second."""

    cpu: float
    memory_bytes: int
    net_in: float
    net_out: float
    read: float
    written: float


IDLE: Final = Usage(0.0, 0, 0.0, 0.0, 0.0, 0.0)


def usage(chance: Chance, spec: GuestSpec, load: Load, at_s: float) -> Usage:
    """While it runs. It swings by a quarter around what the load says."""
    cpu = load.busy * (0.75 + 0.5 * _wave(chance, "cpu", spec.sid, at_s, _CPU_S))
    share = load.busy_memory * (0.95 + 0.1 * _wave(chance, "memory", spec.sid, at_s, _MEMORY_S))
    rates = traffic(chance, spec, load)
    swing = 0.5 + _wave(chance, "traffic", spec.sid, at_s, _CPU_S)
    return Usage(
        min(cpu, 1.0),
        int(spec.memory_bytes * min(share, 1.0)),
        *(rate * swing for rate in rates),
    )


def traffic(chance: Chance, spec: GuestSpec, load: Load) -> tuple[float, float, float, float]:
    """Mean rates: net in, net out, read, written."""
    first, second, third, fourth = (
        _TRAFFIC_BYTES_S * (0.05 + load.busy) * (0.2 + chance.unit("rate", what, spec.sid))
        for what in ("in", "out", "read", "written")
    )
    return first, second, third, fourth


def _wave(chance: Chance, what: str, sid: str, at_s: float, period_s: int) -> float:
    """Between 0 and 1, continuous."""
    bucket, rest = divmod(at_s, period_s)
    here = chance.unit("usage", what, sid, int(bucket))
    there = chance.unit("usage", what, sid, int(bucket) + 1)
    return here + (there - here) * rest / period_s
