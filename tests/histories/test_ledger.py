"""What the ledger holds against a history: too few who committed, and two that never met."""

from __future__ import annotations

from appliance.model.store.changes import Epoch, Point
from appliance.model.store.electorate import Electorate
from tests.histories.ledger import Committed, Ledger
from tests.histories.recorder import Ack

THREE = Electorate(1, 0, (("n1", 1), ("n2", 1), ("n3", 1)))
FOUR = Electorate(2, 2, (*THREE.votes, ("n4", 1)))


def entry(version: int, *numbers: int, layout: Electorate | None = None) -> Committed:
    return Committed(Point(Epoch(1, "n1", "x"), version, b"%d" % version), numbers, layout)


def ledger(*decided: tuple[str, ...], layouts: dict[int, Electorate] | None = None) -> Ledger:
    """Versions from 1 on, each committed among these."""
    found = Ledger()
    for version, members in enumerate(decided, start=1):
        found.note("n1", [entry(version, version, layout=(layouts or {}).get(version))])
        found.decide(version, members)
    return found


def test_each_version_is_judged_by_those_who_decided_in_its_time() -> None:
    two = ("n1", "n2")
    assert list(ledger(two, two, two).by_few(THREE)) == []
    grown = ledger(two, two, two, layouts={2: FOUR})
    assert list(grown.by_few(THREE)) == ["version 3 was committed among n1, n2"]
    assert list(ledger(two, ("n1",)).by_few(THREE)) == ["version 2 was committed among n1"]


def test_a_quorum_device_may_count_for_whoever_acted() -> None:
    lent = Electorate(1, 0, (("n1", 1), ("n2", 1)), device=1)
    assert list(ledger(("n1",), ("n2",)).by_few(lent)) == []


def test_who_goes_on_shares_somebody_with_those_before() -> None:
    assert list(ledger(("n1", "n2"), ("n2", "n3"), ("n3",)).partings()) == []
    found = ledger(("n1", "n2"), ("n3", "n4"))
    assert list(found.partings()) == ["version 2: n3, n4 went on without n1, n2"]
    found = ledger(("n1",), ("n1",))
    found.decide(1, ("n2",))
    assert list(found.partings()) == ["version 1: n2 went on without n1"], "at the same time"


def test_an_acknowledged_write_is_in_its_version() -> None:
    found = ledger(("n1", "n2"))
    assert found.lost([Ack(1, 1)]) == []
    assert found.lost([Ack(7, 1)]) == ["acknowledged write 7 is not version 1"]
    assert found.lost([Ack(1, 2)]) == ["acknowledged write 1 is not version 2"]
