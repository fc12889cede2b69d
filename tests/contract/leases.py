"""What leases promise: one holder at a time, and freedom when it falls silent."""

from __future__ import annotations

from appliance.model.store.changes import HoldLease, Put
from appliance.ports.leases import LeaseAnswer
from tests.contract.store_worlds import Driver, StoreWorld

LIFE_S = 3.0


class Holders(Driver):
    """Asks for leases."""

    def renew(self, node: str, name: str, life_s: float = LIFE_S) -> LeaseAnswer:
        call = self.ended(self.world.daemon(node).renew(name, life_s))
        assert call.error is None
        answer: LeaseAnswer = call.value
        return answer

    def release(self, node: str, name: str) -> bool:
        return bool(self.ended(self.world.daemon(node).release(name)).value)

    def held(self, node: str, name: str) -> bool:
        return bool(self.ended(self.world.daemon(node).held(name)).value)

    def take(self, node: str, name: str, *others: str) -> None:
        """Ask until it is held; at no time do these hold it as well."""

        def taken() -> bool:
            held = self.renew(node, name).held
            return held and not any(self.held(other, name) for other in others)

        self.world.until(taken, f"{node} to hold {name}")


class LeasesContract:
    """Needs a fixture `store_world`, a `StoreWorld` of exactly three nodes."""

    def test_one_holds_it_and_renews_it(self, store_world: StoreWorld) -> None:
        leases = Holders(store_world)
        n1, n2, _ = store_world.names
        assert leases.renew(n1, "a", 60.0) == LeaseAnswer(held=True, fresh=True)
        assert leases.renew(n1, "a", 60.0) == LeaseAnswer(held=True, fresh=False)
        answer = leases.renew(n2, "a", 60.0)
        assert not answer.held
        assert answer.free_in_s is not None
        assert 0 < answer.free_in_s <= 61.0
        assert leases.renew(n2, "b", 60.0).held
        assert leases.held(n1, "a")
        assert not leases.held(n2, "a")

    def test_given_up_it_is_free_at_once(self, store_world: StoreWorld) -> None:
        leases = Holders(store_world)
        n1, n2, n3 = store_world.names
        assert leases.renew(n1, "a", 600.0).held
        assert not leases.release(n2, "a")
        assert leases.release(n1, "a")
        assert not leases.held(n1, "a")
        assert leases.renew(n3, "a", 600.0) == LeaseAnswer(held=True, fresh=True)

    def test_of_many_who_ask_at_once_one_gets_it(self, store_world: StoreWorld) -> None:
        leases = Holders(store_world)
        for turn in range(10):
            name = f"lock-{turn}"
            calls = [store_world.daemon(node).renew(name, 60.0) for node in store_world.names]
            assert sum(leases.ended(call).value.held for call in calls) == 1

    def test_a_silent_holder_loses_it(self, store_world: StoreWorld) -> None:
        leases = Holders(store_world)
        n1, n2, _ = store_world.names
        assert leases.renew(n1, "a").held
        leases.take(n2, "a", n1)
        assert not leases.held(n1, "a")
        assert not leases.renew(n1, "a").held

    def test_a_dead_holder_loses_it(self, store_world: StoreWorld) -> None:
        leases = Holders(store_world)
        n1, n2, n3 = store_world.names
        assert leases.renew(n1, "a").held
        store_world.power_off(n1)
        store_world.serve(n2, n3)
        leases.take(n2, "a")
        store_world.power_on(n1)
        store_world.serve()
        assert leases.renew(n2, "a", 60.0).held
        assert not leases.renew(n1, "a").held

    def test_who_is_cut_off_lets_go_before_another_takes_it(self, store_world: StoreWorld) -> None:
        leases = Holders(store_world)
        n1, n2, n3 = store_world.names
        assert leases.renew(n3, "a").held
        leases.cut_off(n3)
        leases.take(n1, "a", n3)
        assert not leases.renew(n3, "a").held
        store_world.heal()
        store_world.serve()
        assert leases.renew(n1, "a", 60.0).held
        assert not leases.renew(n2, "a").held

    def test_a_paused_holder_does_not_believe_in_it_when_it_wakes(
        self, store_world: StoreWorld
    ) -> None:
        leases = Holders(store_world)
        n1, n2, n3 = store_world.names
        assert leases.renew(n1, "a").held
        store_world.pause(n1)
        store_world.serve(n2, n3)
        leases.take(n2, "a")
        store_world.resume(n1)
        assert not leases.held(n1, "a")
        store_world.serve()

    def test_changes_under_a_lease(self, store_world: StoreWorld) -> None:
        leases = Holders(store_world)
        n1, n2, _ = store_world.names
        assert leases.refused(n1, HoldLease("a"), Put("x", b"1")) == "stale"
        assert leases.renew(n1, "a", 60.0).held
        leases.change(n1, HoldLease("a"), Put("x", b"1"))
        assert leases.refused(n2, HoldLease("a"), Put("x", b"2")) == "stale"
        assert leases.latest(n2, "x") != "missing"
