"""HA's adapters where loops coast: the product's, which see what is refreshed without a write."""

from __future__ import annotations

from appliance.model.ha.status import LrmStatus, ManagerStatus
from appliance.services.ha_store.decoder import Decoder
from appliance.services.ha_store.state import StoreHaState
from appliance.services.store.leases import StoreLeases
from sim.clock import BootClock
from sim.kernel import US
from sim.store.beats import Holding
from sim.store.port import SharedPort
from sim.tasks import Boot


class CoastingLeases(StoreLeases):
    def __init__(self, boot: Boot, port: SharedPort, clock: BootClock) -> None:
        super().__init__(boot.node, port, clock)
        self._boot, self._port, self._boot_clock = boot, port, clock

    def refreshed(self, held: Holding) -> None:
        """A coasting loop's renewals end: the last counts from before it was sent, as any."""
        now_us = self._boot.kernel.now_us
        if held.owner == self._boot.node and held.count(now_us):
            until_us = self._boot_clock.local_us(held.sent_us(now_us)) + held.life_us
            known_s = self._until_s.get(held.name, 0.0)
            self._until_s[held.name] = max(known_s, until_us / US)

    def free_in_s(self, name: str) -> float | None:
        """None while its holder goes on by itself: waiting would not free it."""
        held = self._port.holding(name)
        return None if held is not None and held.beating else super().free_in_s(name)


class CoastingHaState(StoreHaState):
    def __init__(self, boot: Boot, port: SharedPort, decoder: Decoder) -> None:
        super().__init__(boot.node, port, decoder)
        self._kernel, self._port = boot.kernel, port

    def manager_status(self) -> ManagerStatus:
        status = super().manager_status()
        added = self._port.copy.beats.rounds_added(self._kernel.now_us)
        if added == 0:
            return status
        # Asked for all the time, so not by `replace`, which takes several times as long.
        return ManagerStatus(
            status.master,
            status.timestamp_s,
            status.round + added,
            status.nodes,
            status.services,
            status.maintenance,
            status.disarm,
        )

    def lrm_status(self, node: str) -> LrmStatus | None:
        status = super().lrm_status(node)
        if status is None:
            return None
        seen = self._port.copy.beats.checked_round(node, self._kernel.now_us)
        if seen is None or seen == status.checked_round:
            return status
        return LrmStatus(status.state, status.mode, status.timestamp_s, status.results, seen)
