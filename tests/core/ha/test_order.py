"""Names of orders."""

from __future__ import annotations

from appliance.core.ha.order import (
    checking_node,
    fresh_uid,
    is_checked,
    order_id,
    steady_uid,
)
from tests.core.ha.rig import SID, service


def test_names_of_different_orders_differ() -> None:
    names = [
        name(sid, number, *node)
        for sid in ("vm:1", "vm:11")
        for number in (1, 11)
        for name, node in ((fresh_uid, ()), (steady_uid, ("node1",)), (steady_uid, ("node2",)))
    ]
    assert len(set(names)) == len(names) == 12


def test_a_steady_service_has_a_new_order_every_round() -> None:
    steady = service("started", steady=True)
    assert order_id(SID, steady, 3) == steady_uid(SID, 3, "node1")
    assert order_id(SID, service("started"), 3) == "old"


def test_only_the_node_and_round_in_the_name_answer_it() -> None:
    name = steady_uid(SID, 3, "node1")
    assert is_checked(SID, name, "node1", 3)
    assert not is_checked(SID, name, "node1", 4)
    assert not is_checked(SID, name, "node2", 3)
    assert not is_checked(SID, name, "node1", None)
    assert not is_checked(SID, fresh_uid(SID, 3), "node1", 3)
    assert checking_node(name) == "node1"
    assert checking_node(fresh_uid(SID, 3)) is None
