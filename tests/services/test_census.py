"""What a member says of its quorum."""

from __future__ import annotations

from appliance.core.store.session import may_act
from appliance.model.store.changes import FIRST_EPOCH, ORIGIN
from appliance.model.store.electorate import NO_LAYOUT
from appliance.model.store.messages import State
from appliance.ports.membership import View, Votes
from appliance.services.store.ports import census_of

NODES = ("n1", "n2", "n3", "n4")
SHARES = dict.fromkeys(NODES, 1)


def half(*, quorate: bool, trusted: bool = True) -> dict[str, State]:
    """n1 and n2 of four."""
    view = View(NODES, ("n1", "n2") if quorate else (), quorate, 1)
    censuses = {node: census_of(node, view, Votes(4, 2, 3), SHARES) for node in ("n1", "n2")}
    return {
        node: State(FIRST_EPOCH, ORIGIN, trusted or node == "n1", False, census)
        for node, census in censuses.items()
    }


def test_a_half_that_a_tie_breaker_chose_may_act() -> None:
    assert may_act(("n1", "n2"), half(quorate=True), NO_LAYOUT)
    assert not may_act(("n1", "n2"), half(quorate=False), NO_LAYOUT)
    untrusted = half(quorate=True, trusted=False)
    assert not may_act(("n1", "n2"), untrusted, NO_LAYOUT), "all of it is needed"
