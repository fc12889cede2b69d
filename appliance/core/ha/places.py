"""Which nodes a service uses in a state: what placement and load are counted by."""

from __future__ import annotations

from collections.abc import Container, Iterable

from appliance.model.ha.status import ServiceStatus

_ON_NODE = frozenset(
    {"started", "request_stop", "fence", "freeze", "error", "recovery", "migrate", "relocate"}
)
_ON_TARGET = frozenset({"migrate", "relocate", "request_start_balance"})
# In these states a service asks nothing of its node's LRM.
_IDLE = frozenset({"stopped", "freeze", "error", "request_start"})


def used_nodes(
    state: str,
    node: str | None,
    target: str | None,
    running: bool,
    online: Container[str],
) -> tuple[str | None, str | None, bool]:
    """(current, target, running): the online nodes that a service takes resources of.

    `running` is the mark of its status and counts in state started alone; in the other states a
    service that has a current node is taken to run. Proxmox VE HA manager 5.2 behaviour.
    """
    if state == "started":
        return (node if node in online else None), None, running
    current = node if state in _ON_NODE and node in online else None
    goal = target if state in _ON_TARGET and target in online else None
    return current, goal, current is not None


def active_on(node: str, services: Iterable[ServiceStatus]) -> int:
    """How many of them are on a node or on their way there, and need its LRM."""
    return sum(1 for st in services if node in (st.node, st.target) and st.state not in _IDLE)
