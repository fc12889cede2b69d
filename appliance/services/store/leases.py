"""Locks with a life time on the store. Implements the `Leases` port.

Two clocks never meet: the holder counts from before it sent its last renewal, everyone else from
when it learned of it and a second more. So the holder's own end comes before anybody can take the
lease, as long as clocks run alike to a second in a life.
"""

from __future__ import annotations

from typing import Final

from appliance.model.errors import (
    NotQuorateError,
    OutcomeUnknownError,
    QuorateError,
    StaleError,
    UnavailableError,
)
from appliance.model.store.changes import DropLease, ExpireLease, Step, TakeLease
from appliance.ports.clock import Clock
from appliance.ports.config_store import ConfigStore
from appliance.ports.leases import LeaseAnswer

GRACE_S: Final = 1.0
RENEW_TIMEOUT_S: Final = 10.0


class StoreLeases:
    """The leases of one node."""

    def __init__(self, node: str, store: ConfigStore, clock: Clock) -> None:
        self._node, self._store, self._clock = node, store, clock
        self._until_s: dict[str, float] = {}
        self._given_up: dict[str, int] = {}  # how often
        self._refused_for: dict[str, str] = {}  # who held what this node was refused last

    def held(self, name: str) -> bool:
        """Whether this node may act under it now, whatever the others know by now."""
        return self._until_s.get(name, 0.0) > self._clock.monotonic()

    async def renew(self, name: str, life_s: float) -> LeaseAnswer:
        """Take or refresh it. Held means renewed just now.

        Whoever cannot renew it is told so, though its old life may not be over: who feeds a
        watchdog on the strength of it must stop feeding that much earlier than others may take it.

        The group is asked once. Whoever was refused is refused again by what this node knows, until
        it sees another holder, none, or one that was silent for too long: so waiting for a lock
        costs the group nothing.
        """
        refused = self._refused_still(name)
        if refused is not None:
            return refused
        before_s, held = self._clock.monotonic(), self.held(name)
        given_up = self._given_up.get(name, 0)
        try:
            await self._store.change(*self._steps(name, life_s), timeout_s=RENEW_TIMEOUT_S)
        except StaleError:
            return self._refusal(name)
        except (NotQuorateError, UnavailableError, OutcomeUnknownError):
            return LeaseAnswer(held=False)
        if given_up != self._given_up.get(name, 0):
            return LeaseAnswer(held=False)  # released meanwhile, which may come after this
        self._until_s[name] = max(before_s + life_s, self._until_s.get(name, 0.0))
        now_held = self.held(name)  # not if the answer took longer than the lease lives
        return LeaseAnswer(held=now_held, fresh=now_held and not held)

    async def release(self, name: str) -> bool:
        """Give it up. Not held any more from the call on, whatever comes of it."""
        self._until_s.pop(name, None)
        self._given_up[name] = self._given_up.get(name, 0) + 1
        try:
            await self._store.change(DropLease(name), timeout_s=RENEW_TIMEOUT_S)
        except QuorateError:
            return False
        return True

    def free_in_s(self, name: str) -> float | None:
        """How long until others may take it if its holder falls silent now."""
        lease, seen_s = self._store.lease(name), self._store.lease_seen_s(name)
        if lease is None or seen_s is None:
            return None
        return max(0.0, seen_s + lease.life_s + GRACE_S - self._clock.monotonic())

    def _refused_still(self, name: str) -> LeaseAnswer | None:
        """The refusal, if who held it at the last one does so still as far as is known here."""
        holder = self._refused_for.get(name)
        lease = self._store.lease(name) if holder is not None else None
        if lease is None or lease.holder != holder:
            return None
        free_in_s = self.free_in_s(name)
        return None if free_in_s == 0.0 else LeaseAnswer(held=False, free_in_s=free_in_s)

    def _refusal(self, name: str) -> LeaseAnswer:
        self._until_s.pop(name, None)
        lease = self._store.lease(name)
        if lease is None or lease.holder == self._node:
            self._refused_for.pop(name, None)
        else:
            self._refused_for[name] = lease.holder
        return LeaseAnswer(held=False, free_in_s=self.free_in_s(name))

    def _steps(self, name: str, life_s: float) -> tuple[Step, ...]:
        take = TakeLease(name, life_s)
        lease = self._store.lease(name)
        if lease is None or lease.holder == self._node or self.free_in_s(name) != 0.0:
            return (take,)
        return ExpireLease(name, lease.version), take
