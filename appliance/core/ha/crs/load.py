"""The numbers of the scheduler: imbalance of a cluster, ranking of alternatives by TOPSIS.

All sums run in the order of the node names with plain additions: the built-in `sum` compensates
rounding in some Python versions, and the last bit decides ties.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt

# Criteria of an alternative: CPU root mean square, CPU maximum, memory root mean square, memory
# maximum; the smaller the better. Memory that runs out hurts more than CPU that is shared.
Criteria = tuple[float, float, float, float]
_WEIGHTS = (1 / 18, 2 / 18, 5 / 18, 10 / 18)


def criteria(cpu: Sequence[float], mem: Sequence[float]) -> Criteria:
    """What an alternative is judged by; `cpu` and `mem` are the nodes' loads as fractions."""
    return (_spread(cpu), 1.0 + max(cpu), _spread(mem), 1.0 + max(mem))


def rank(alternatives: Sequence[Criteria]) -> list[float]:
    """A score from 0 to 1 for each alternative: closeness to the ideal one (TOPSIS)."""
    if not alternatives:
        return []
    best: list[float] = []
    worst: list[float] = []
    norms: list[float] = []
    for column in range(len(_WEIGHTS)):
        values = [row[column] for row in alternatives]
        norm = _norm(values) or 1.0
        norms.append(norm)
        best.append(min(values) / norm)
        worst.append(max(values) / norm)
    scores: list[float] = []
    for row in alternatives:
        normal = [value / norm for value, norm in zip(row, norms, strict=True)]
        to_best, to_worst = _distance(normal, best), _distance(normal, worst)
        total = to_worst + to_best
        scores.append(to_worst / total if total else 0.0)
    return scores


def imbalance(loads: Sequence[float]) -> float:
    """Population standard deviation over mean of the nodes' loads; 0 without any load."""
    total = 0.0
    for load in loads:
        total += load
    mean = total / len(loads) if loads else 0.0
    if not mean:  # the smallest of loads have none either
        return 0.0
    squares = 0.0
    for load in loads:
        squares += (load - mean) ** 2
    return sqrt(squares / len(loads)) / mean


def _spread(values: Sequence[float]) -> float:
    squares = 0.0
    for value in values:
        squares += value * value
    return 1.0 + sqrt(squares / len(values))


def _norm(values: Sequence[float]) -> float:
    squares = 0.0
    for value in values:
        squares += value * value
    return sqrt(squares)


def _distance(values: Sequence[float], other: Sequence[float]) -> float:
    squares = 0.0
    for weight, value, reference in zip(_WEIGHTS, values, other, strict=True):
        difference = weight * (value - reference)
        squares += difference * difference
    return sqrt(squares)
