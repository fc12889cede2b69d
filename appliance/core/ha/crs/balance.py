"""Automatic rebalancing: which single move would even out the load best.

Proxmox VE HA manager 5.2 behaviour: the imbalance is not divided by its maximum.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from appliance.core.ha.crs.load import criteria, imbalance, rank
from appliance.core.ha.crs.usage import MeasuredUsage, Usage
from appliance.core.ha.rules.compiled import CompiledRules, node_affinity, resource_affinity
from appliance.model.ha.datacenter import CrsOptions
from appliance.model.ha.status import ServiceStatus

# Results are compared to this many parts: what differs less is a tie, decided by name.
_PARTS = 10**15


@dataclass(frozen=True, slots=True)
class Move:
    """The leader of a bundle and where it should go; `before` and `after` are imbalances."""

    sid: str
    source: str
    target: str
    before: float
    after: float


@dataclass(frozen=True, slots=True)
class _Candidate:
    sid: str
    source: int
    target: int
    cpu: float
    mem: float


class _CannotScoreError(Exception):
    """A bundle has a member whose place is not known; says which."""


def held_long_enough(value: float, counter: int, options: CrsOptions) -> tuple[int, bool]:
    """(counter, go on): whether the imbalance has lasted; called once in every manager round."""
    if value <= options.threshold:
        return 0, False
    counter += 1
    return (counter, False) if counter < options.hold_duration else (0, True)


def bundles(
    services: Mapping[str, ServiceStatus], rules: CompiledRules
) -> dict[str, tuple[str, ...]]:
    """Started services that move together, by their lowest id; sorted.

    A bundle of which a partner moves right now, or whose members are on several nodes, is left
    out. Partners that are not started do not belong to it.
    """
    found: dict[str, tuple[str, ...]] = {}
    for sid in sorted(services):
        if services[sid].state != "started":
            continue
        partners = [p for p in rules.positive.get(sid, ()) if p in services]
        states = [services[partner].state for partner in partners]
        if "migrate" in states or "relocate" in states:
            continue
        started = [p for p, state in zip(partners, states, strict=True) if state == "started"]
        members = tuple(sorted([sid, *started]))
        if all(services[member].node == services[sid].node for member in members):
            found[members[0]] = members
    return found


def best_balancing_move(
    usage: Usage,
    services: Mapping[str, ServiceStatus],
    rules: CompiledRules,
    options: CrsOptions,
) -> tuple[Move | None, str | None]:
    """(move, warning). No move if none is possible or the best lessens the imbalance too little.

    The warning says why nothing could be compared: a started service that is not registered in
    the usage, or moves.
    """
    if not isinstance(usage, MeasuredUsage):
        return None, None
    try:
        candidates = list(_candidates(usage, services, rules))
    except _CannotScoreError as error:
        return None, f"cannot find the best balancing move: {error}"
    if not candidates:
        return None, None
    cpu, mem = usage.balance_use()
    before = imbalance(usage.node_loads(cpu, mem))
    if options.method == "topsis":
        best = _best_by_topsis(usage, candidates)
    elif options.method == "bruteforce":
        best = _best_by_imbalance(usage, candidates)
    else:
        return None, f"balancing method '{options.method}' is not known"
    after = _imbalance_after(usage, best)
    if not before or (before - after) / before < options.margin:
        return None, None
    nodes = usage.nodes()
    return Move(best.sid, nodes[best.source], nodes[best.target], before, after), None


def _candidates(
    usage: MeasuredUsage, services: Mapping[str, ServiceStatus], rules: CompiledRules
) -> Iterator[_Candidate]:
    index = {node: position for position, node in enumerate(usage.nodes())}
    for leader, members in bundles(services, rules).items():
        _, preferred = node_affinity(rules, leader, usage.nodes())
        _, separate = resource_affinity(rules, leader, services, usage.online)
        node = services[leader].node
        targets = [name for name in preferred if name not in separate and name != node]
        if not targets:
            continue
        cpu, mem = _demand(usage, leader, members)
        # Where it was counted: a service whose node was just set right is elsewhere by now.
        place = usage.place(leader)
        assert place is not None
        assert place[0] is not None
        for target in targets:
            yield _Candidate(leader, index[place[0]], index[target], cpu, mem)


def _demand(usage: MeasuredUsage, leader: str, members: Sequence[str]) -> tuple[float, float]:
    cpu = mem = 0.0
    for member in members:
        role = "service" if member == leader else "partner"
        place = usage.place(member)
        if place is None:
            raise _CannotScoreError(f"{role} '{member}' is not counted on any node")
        if place[1] is not None:
            raise _CannotScoreError(f"{role} '{member}' is moving")
        member_cpu, member_mem = usage.demand(member)
        cpu += member_cpu
        mem += member_mem
    return cpu, mem


def _best_by_imbalance(usage: MeasuredUsage, candidates: Sequence[_Candidate]) -> _Candidate:
    return min(
        candidates,
        key=lambda c: (int(_imbalance_after(usage, c) * _PARTS), c.sid, c.source, c.target),
    )


def _best_by_topsis(usage: MeasuredUsage, candidates: Sequence[_Candidate]) -> _Candidate:
    rows = [criteria(*usage.fractions(*_use_after(usage, c))) for c in candidates]
    scores = rank(rows)
    return candidates[scores.index(max(scores))]


def _imbalance_after(usage: MeasuredUsage, candidate: _Candidate) -> float:
    return imbalance(usage.node_loads(*_use_after(usage, candidate)))


def _use_after(usage: MeasuredUsage, candidate: _Candidate) -> tuple[list[float], list[float]]:
    cpu, mem = (list(values) for values in usage.balance_use())
    cpu[candidate.source] = max(0.0, cpu[candidate.source] - candidate.cpu)
    mem[candidate.source] = max(0.0, mem[candidate.source] - candidate.mem)
    cpu[candidate.target] += candidate.cpu
    mem[candidate.target] += candidate.mem
    return cpu, mem
