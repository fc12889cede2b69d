"""Sizes and load of nodes and guests. CPU in cores, memory in bytes."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class NodeStats:
    """maxcpu or maxmem None: unknown."""

    cpu: float = 0.0
    maxcpu: float | None = None
    mem: float = 0.0
    maxmem: float | None = None


@dataclass(frozen=True, slots=True)
class ServiceStats:
    """maxcpu 0: as many as the node has. cpu and mem are what it uses now."""

    maxcpu: float = 0.0
    maxmem: float = 0.0
    cpu: float = 0.0
    mem: float = 0.0
