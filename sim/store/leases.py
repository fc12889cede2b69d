"""Cluster locks on the simulated store."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from appliance.model.errors import NotQuorateError, StaleError
from appliance.ports import topics
from appliance.ports.leases import LeaseAnswer
from sim.kernel import US, to_us
from sim.pace import Effect, Wakeups
from sim.store.replica import Lease, Replica
from sim.store.store import Store
from sim.tasks import Boot

RENEWED: Final = LeaseAnswer(held=True)


@dataclass(frozen=True, slots=True)
class SimLeases:
    """Implements the `Leases` port for one boot."""

    boot: Boot
    store: Store
    wakeups: Wakeups

    async def renew(self, name: str, life_s: float) -> LeaseAnswer:
        life_us = to_us(life_s)
        try:
            return await self.store.write(
                self.boot,
                f"lease {name}",
                lambda replica, effect: self._renew(replica, effect, name, life_us),
            )
        except NotQuorateError:
            return LeaseAnswer(held=False)

    async def release(self, name: str) -> bool:
        try:
            await self.store.write(
                self.boot, f"release {name}", lambda replica, _: self._release(replica, name)
            )
        except (NotQuorateError, StaleError):
            return False
        return True

    def _renew(self, replica: Replica, effect: Effect, name: str, life_us: int) -> LeaseAnswer:
        now_us, node = effect.done_us, self.boot.node
        lease = replica.leases.get(name)
        if lease is not None and lease.held(now_us):
            if lease.owner != node:
                free_in_s = None if lease.beating else lease.free_in_us(now_us) / US
                return LeaseAnswer(held=False, free_in_s=free_in_s)
            lease.effect, lease.renewal, lease.life_us = effect, None, life_us
            return RENEWED
        replica.leases[name] = Lease(node, effect, life_us, now_us)
        self._publish(replica, name)
        return LeaseAnswer(held=True, fresh=True)

    def _release(self, replica: Replica, name: str) -> None:
        lease = replica.leases.get(name)
        if lease is None or lease.owner != self.boot.node:
            raise StaleError(f"lease {name} is not {self.boot.node}'s")
        del replica.leases[name]
        self._publish(replica, name)

    def _publish(self, replica: Replica, name: str) -> None:
        self.wakeups.publish(replica.members, topics.lock(name))
