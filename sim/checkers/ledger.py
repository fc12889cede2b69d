"""What became of each node, as seen from outside: power, quorum, agent lock, broken promises."""

from __future__ import annotations

from collections.abc import Iterable

from appliance.model.events import Event
from sim.checkers.observed import Lease, Record
from sim.events import FaultBegins, FaultHeals, NodePower, ViewChange, WatchdogReset
from sim.layout import ClusterLayout

NEVER_US = -1
# A quorum device has a vote and no memory: the half that it votes for may know nothing of what the
# other half did before, nor of the leases taken there.
NO_MEMORY = "with a quorum device two quorate partitions may share no node"
DARK = frozenset({"off", "booting"})  # states in which nothing of an earlier boot is left
AGENT_PREFIX, AGENT_SUFFIX = "ha_agent_", "_lock"


def agent_lock_node(lease: str) -> str | None:
    """The node whose local resource manager holds the lease of that name while it acts."""
    if lease.startswith(AGENT_PREFIX) and lease.endswith(AGENT_SUFFIX):
        return lease[len(AGENT_PREFIX) : -len(AGENT_SUFFIX)]
    return None


class NodeLedger:
    """Facts about nodes that several checks need.

    A node's *tenure* is the time in which it may act on its guests: it begins when the node takes
    its own agent lock and ends when it gives the lock up itself or loses power. That somebody
    else obtained the lock ends no tenure: it is the very thing that must not be relied on alone.
    """

    def __init__(self, layout: ClusterLayout) -> None:
        self._softdogs = frozenset(n.name for n in layout.nodes if n.watchdog == "softdog")
        self._dogless = frozenset(n.name for n in layout.nodes if n.watchdog == "broken")
        self._names = layout.node_names()
        self._two_node, self._device = layout.quorum.two_node, layout.quorum.qdevice
        self._history_lost = False
        self._broken: dict[int, str] = {}  # number of the fault -> node
        self._once_broken: dict[str, bool] = {}  # node -> broken at some time of this boot
        self.power: dict[str, str] = {}
        self.members: dict[str, tuple[str, ...]] = {}
        self.quorate: dict[str, bool] = {}
        self.tenure_us: dict[str, int] = {}  # node -> beginning of the tenure that is open
        self.absent_us: dict[tuple[str, str], int] = {}  # (viewer, other) -> since when unseen

    # what is observed

    def on_power(self, record: Record, event: Event) -> None:
        assert isinstance(event, NodePower)
        self.power[event.node] = event.state
        if event.state in DARK:
            self._lost_power(event.node)

    def on_reset(self, record: Record, event: Event) -> None:
        assert isinstance(event, WatchdogReset)
        self._lost_power(event.node)

    def _lost_power(self, node: str) -> None:
        self.tenure_us.pop(node, None)
        self._once_broken[node] = node in self._broken.values()

    def on_view(self, record: Record, event: Event) -> None:
        assert isinstance(event, ViewChange)
        self.quorate[event.node] = event.quorate
        self.members[event.node] = event.members
        for other in self._names:
            if other in event.members:
                self.absent_us.pop((event.node, other), None)
            else:
                self.absent_us.setdefault((event.node, other), record.t_us)

    def on_fault(self, record: Record, event: Event) -> None:
        assert isinstance(event, FaultBegins)
        if event.fault_kind == "watchdog_broken" and event.node is not None:
            self._broken[event.fault] = event.node
            self._once_broken[event.node] = True

    def on_heal(self, record: Record, event: Event) -> None:
        assert isinstance(event, FaultHeals)
        self._broken.pop(event.fault, None)

    def on_lease(self, node: str, name: str, lease: Lease | None, now_us: int) -> None:
        """The node wrote that lease: took or renewed it, or gave it up (None).

        A renewal that was on the wire when the node lost its power begins nothing.
        """
        if agent_lock_node(name) != node or self.power.get(node) in DARK:
            return
        if lease is not None and lease.owner == node:
            self.tenure_us.setdefault(node, now_us)
        else:
            self.tenure_us.pop(node, None)

    # what the checks ask

    def lose_history(self) -> str | None:
        """A partition goes on from a state that lacks acknowledged writes: what let that happen."""
        self._history_lost = self._device
        return self.broke(())

    def broke(self, nodes: Iterable[str]) -> str | None:
        """The promise that the hardware or the configuration of these nodes did not keep."""
        for node in nodes:
            if node in self._dogless or self._once_broken.get(node):
                return f"the watchdog of {node} does not fire"
            if node in self._softdogs and self.power.get(node) == "hung":
                return f"the software watchdog of {node} hangs with its kernel"
        if self._history_lost:
            return NO_MEMORY
        if self._two_node:
            return "with two_node both halves of a split are quorate"
        return None
