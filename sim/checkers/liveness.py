"""What is not yet as it should be when nothing is broken any more."""

from __future__ import annotations

from collections.abc import Iterator

from sim.checkers.observed import Outside
from sim.layout import ClusterLayout

# After the last fault is healed a cluster needs at most: boot (90 s), membership (3 s), the manager
# lock of a dead master to run out (120 s), a node to count as lost (60 s) and its agent lock to run
# out (120 s), a start that fails and is tried on another node, moves of guests one after the other.
# The bound is some times their sum.
BOUND_S = 15 * 60.0

RUNNING = "started"
NO_MASTER = "there is no master"
DOWN = frozenset({"stopped", "disabled"})


def unmet(cluster: Outside, layout: ClusterLayout) -> tuple[str, ...]:
    """Why the cluster has not converged, in words; empty when it has.

    Converged: all machines are on and online, there is a master if it has anything to do, every HA
    guest requested started executes exactly once and where the manager says so, every one requested
    stopped executes nowhere.
    """
    return (*_nodes(cluster, layout), *_guests(cluster))


def _nodes(cluster: Outside, layout: ClusterLayout) -> Iterator[str]:
    managed = bool(cluster.requested_states())  # else nobody manages, and what stands there is old
    for node in layout.node_names():
        power, state = cluster.node_power(node), cluster.node_state(node)
        if power != "on":
            yield f"{node} is {power}"
        elif not cluster.online(node):
            yield f"{node} is on but not online"
        elif managed and state is not None and state != "online":
            yield f"{node} is {state} for the manager"
    if managed and cluster.master() is None:
        yield NO_MASTER


def _guests(cluster: Outside) -> Iterator[str]:
    for sid, requested in sorted(cluster.requested_states().items()):
        nodes, state = cluster.guest_nodes(sid), cluster.service_state(sid)
        where = " and ".join(nodes) or "no node"
        if requested == RUNNING and (len(nodes) != 1 or state != RUNNING):
            yield f"{sid} runs on {where}, its state is {state}, requested is started"
        elif requested == RUNNING and cluster.service_node(sid) != nodes[0]:
            yield f"{sid} runs on {where}, its configuration lies on {cluster.service_node(sid)}"
        elif requested in DOWN and (nodes or state not in ("stopped", None)):
            yield f"{sid} runs on {where}, its state is {state}, requested is {requested}"
