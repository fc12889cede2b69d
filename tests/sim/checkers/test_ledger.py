"""What the checks know of nodes."""

from __future__ import annotations

from sim.checkers.ledger import NodeLedger
from sim.events import NodePower
from sim.journal import Record
from sim.layout import ClusterLayout, NodeSpec
from sim.pace import Effect
from sim.store.beats import Holding

LOCK = "ha_agent_node1_lock"


def test_a_renewal_on_the_wire_begins_no_tenure_of_a_dead_node() -> None:
    ledger = NodeLedger(ClusterLayout((NodeSpec("node1"),)))
    lease = Holding(Effect(0, 0), None, LOCK, "node1", 120_000_000, 0)
    ledger.on_lease("node1", LOCK, lease, 1)
    assert ledger.tenure_us == {"node1": 1}
    off = NodePower("node1", "off", "watchdog")
    ledger.on_power(Record(5, "world", off), off)
    assert ledger.tenure_us == {}
    ledger.on_lease("node1", LOCK, lease, 6)
    assert ledger.tenure_us == {}
