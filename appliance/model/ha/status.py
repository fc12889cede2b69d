"""What the two HA daemons tell each other through the replicated store.

Everything here is immutable: a writer builds a new value, a reader may keep the old one as long as
it likes and compare by identity or equality.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

EMPTY: Mapping[str, Any] = MappingProxyType({})

# What the manager calls the state of a service and of a node.
SERVICE_STATES = (
    "stopped",
    "request_stop",
    "request_start",
    "request_start_balance",
    "started",
    "fence",
    "recovery",
    "migrate",
    "relocate",
    "freeze",
    "error",
)
NODE_STATES = ("online", "maintenance", "unknown", "fence", "gone")


@dataclass(frozen=True, slots=True)
class ServiceStatus:
    """The manager's view of one service.

    `uid` names one order to the node: its result carries the same uid. `steady` says that the
    order is "keep it started, look again every round": its name in the status of round r follows
    from r, and `uid` does not count, so a round that changes nothing rewrites no service.
    `command` is a queued verb and its argument, such as ("migrate", "node2") or ("stop", "30").
    """

    state: str
    node: str
    uid: str
    target: str | None = None
    timeout_s: int | None = None
    running: bool = False
    failed_nodes: tuple[str, ...] = ()
    maintenance_node: str | None = None
    command: tuple[str, str] | None = None
    steady: bool = False


@dataclass(frozen=True, slots=True)
class Disarm:
    """HA switched off for a while: mode `freeze` or `ignore`, state `disarming` or `disarmed`."""

    mode: str
    state: str


@dataclass(frozen=True, slots=True)
class ManagerStatus:
    """What the master publishes at the end of every round (ha/manager_status).

    `round` counts the rounds that were written, over all masters. `maintenance` are the nodes with
    a pending maintenance request (`node_request`).
    """

    master: str | None = None
    timestamp_s: float = 0.0
    round: int = 0
    nodes: Mapping[str, str] = field(default_factory=lambda: EMPTY)
    services: Mapping[str, ServiceStatus] = field(default_factory=lambda: EMPTY)
    maintenance: frozenset[str] = frozenset()
    disarm: Disarm | None = None


@dataclass(frozen=True, slots=True)
class OrderResult:
    """How an order ended: `order` is the executed verb (the service state it stood for)."""

    sid: str
    order: str
    exit_code: int


@dataclass(frozen=True, slots=True)
class LrmStatus:
    """What a local resource manager publishes (nodes/<node>/lrm_status).

    `checked_round` is the round of the manager status in which every steady service of this node
    was found running; results of other orders stand in `results` by uid.
    """

    state: str
    mode: str = "active"
    timestamp_s: float = 0.0
    results: Mapping[str, OrderResult] = field(default_factory=lambda: EMPTY)
    checked_round: int | None = None
