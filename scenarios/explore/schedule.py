"""Draws the schedule of one seed.

Swarm testing: each seed first draws which kinds it uses at all, how many moves a day it makes and
how much they crowd together. Some seeds then do one thing again and again, others everything at
once; each finds what the others do not.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import exp, log

from appliance.model.errors import ConfigError
from scenarios.explore.case import Case, Move
from scenarios.explore.kinds import HOUR_S, KINDS, Draw
from scenarios.explore.topology import drawn_cluster, with_options
from sim.entropy import Entropy
from sim.layout import ClusterLayout

FEWEST_A_DAY, MOST_A_DAY = 3.0, 12.0
SETTLE_S = 300.0  # the cluster has begun; and what happens last still runs its course
CROWDED_S = 300.0  # what follows at once follows within this time
KEPT = 0.5  # the chance of a kind to be used by a seed
DAY_S = 24 * HOUR_S


def draw_case(
    seed: int,
    *,
    layout: ClusterLayout | None,
    nodes: int,
    guests: int,
    hours: float,
    only: Sequence[str] = (),
) -> Case:
    """The cluster and the schedule of a seed. `layout` None: a drawn cluster of that size."""
    entropy = Entropy(seed, "explore")
    cluster = with_options(layout, entropy) if layout else drawn_cluster(nodes, guests, entropy)
    length_s = hours * HOUR_S
    moves = draw_moves(cluster, entropy, length_s, only)
    return Case(cluster, seed, tuple(moves), length_s)


def draw_moves(
    layout: ClusterLayout, entropy: Entropy, length_s: float, only: Sequence[str] = ()
) -> list[Move]:
    """Faults and requests in the order of time."""
    kinds = _swarm(layout, entropy, only)
    moves: list[Move] = []
    for number, at_s in enumerate(_times(entropy, length_s)):
        draw = Draw(layout, entropy, number)
        kind = KINDS[_weighted(kinds, draw.unit("kind"))]
        lasts_s = draw.number(kind.shortest_s, kind.longest_s, "lasts")
        moves += kind.make(draw, at_s, lasts_s)
    return sorted((move for move in moves if move.at_s < length_s), key=lambda move: move.at_s)


def chosen_kinds(text: str) -> tuple[str, ...]:
    """The kinds of a list such as `power,isolate`; raises ConfigError for an unknown one."""
    kinds = tuple(part.strip() for part in text.split(",") if part.strip())
    for kind in kinds:
        if kind not in KINDS:
            raise ConfigError(
                f"unknown kind '{kind}', allowed: {', '.join(KINDS)}", field="--faults"
            )
    return kinds


def _swarm(layout: ClusterLayout, entropy: Entropy, only: Sequence[str]) -> list[tuple[str, float]]:
    """The kinds that this seed uses, with their weights; all of `only` if it names any."""
    possible = [name for name, kind in KINDS.items() if kind.possible(layout)]
    if only:
        chosen = [name for name in possible if name in only]
    else:
        chosen = [name for name in possible if entropy.unit("kept", name) < KEPT]
    if not chosen:
        chosen = [name for name in possible if name in only] or ["power"]
    return [(name, KINDS[name].weight) for name in chosen]


def _weighted(kinds: Sequence[tuple[str, float]], unit: float) -> str:
    left = unit * sum(weight for _, weight in kinds)
    for name, weight in kinds:
        left -= weight
        if left < 0:
            return name
    return kinds[-1][0]


def _times(entropy: Entropy, length_s: float) -> list[float]:
    """When something happens: evenly, or crowded together by as much as the seed draws."""
    rate = exp(entropy.between(log(FEWEST_A_DAY), log(MOST_A_DAY), "rate"))
    count = max(1, round(rate * length_s / DAY_S))
    crowding = entropy.between(0, 0.8, "crowding")
    times: list[float] = []
    for number in range(count):
        if times and entropy.unit("crowded", number) < crowding:
            at_s = times[-1] + entropy.between(0, CROWDED_S, "gap", number)
        else:
            at_s = entropy.between(SETTLE_S, max(SETTLE_S, length_s - SETTLE_S), "when", number)
        times.append(round(min(at_s, length_s), 1))
    return times
