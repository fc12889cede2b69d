"""The `ConfigStore` port of one boot on the shared store."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from appliance.core.store.tree import changed_files
from appliance.model.errors import ForbiddenError, MissingError
from appliance.model.store.changes import LEASE_MARK, File, Lease, Step
from appliance.model.store.paths import is_private
from appliance.ports.config_store import TIMEOUT_S, StoreWatch
from appliance.services.store.service import Watch
from sim.clock import BootClock
from sim.kernel import US
from sim.store.beats import Holding
from sim.store.copy import Copy, renewals
from sim.store.shared import SharedStore
from sim.tasks import Boot, Signal


class SharedPort:
    """What a member sees is what its copy says, but for when it learned of a lease: a node that
    boots, or was behind, counts the lives of leases from then on.
    """

    def __init__(self, boot: Boot, clock: BootClock, store: SharedStore) -> None:
        self._boot, self._clock, self._store = boot, clock, store
        self._node, self._kernel, self._copies = boot.node, boot.kernel, store.copies
        self._watches: list[Watch] = []
        # Leases it learned of late: when they had been renewed, when it learned.
        self._late: dict[str, tuple[int, int]] = {}
        self._learn(renewals(self.copy, self._kernel.now_us), {})
        store.enter(boot.node, self)

    @property
    def copy(self) -> Copy:
        return self._copies[self._node]

    # reading

    def read(self, path: str, *, privileged: bool = False) -> File:
        if not privileged and is_private(path):
            raise ForbiddenError(f"{path} is for privileged readers")
        cell = self._copies[self._node].tree.committed.get(path)
        if not isinstance(cell, File):
            raise MissingError(f"{path} does not exist")
        return cell

    def paths(self, prefix: str = "", *, privileged: bool = False) -> tuple[str, ...]:
        keys = sorted(key for key in self.copy.tree.committed if key.startswith(prefix))
        return tuple(
            key
            for key in keys
            if not key.startswith(LEASE_MARK) and (privileged or not is_private(key))
        )

    def guests(self) -> Mapping[int, str]:
        return self._copies[self._node].tree.placed

    # changing

    async def change(self, *steps: Step, timeout_s: float = TIMEOUT_S) -> int:
        mtime_s = int(self._clock.wall())
        return await self._store.change(self._boot, steps, mtime_s, timeout_s)

    async def catch_up(self, *, timeout_s: float = TIMEOUT_S) -> None:
        await self.change(timeout_s=timeout_s)

    # watching

    def watch(self, prefix: str = "") -> StoreWatch:
        def new() -> Signal[None]:
            return Signal(self._boot)

        watch = Watch(prefix, new, new())
        self._watches.append(watch)
        self._store.attend(self._node, self, watching=True)
        return watch

    def unwatch(self, watch: StoreWatch) -> None:
        self._watches = [kept for kept in self._watches if kept is not watch]
        self._store.attend(self._node, self, watching=bool(self._watches))

    def told(self, keys: Sequence[str]) -> None:
        for watch in self._watches:
            paths = changed_files(keys, watch.prefix)
            if paths:
                watch.tell(paths)

    # leases

    def leases(self) -> tuple[str, ...]:
        return tuple(sorted(self.copy.beats.holdings))

    def lease(self, name: str) -> Lease | None:
        return self.copy.lease(name)

    def lease_seen_s(self, name: str) -> float | None:
        held = self._copies[self._node].beats.holdings.get(name)
        if held is None:
            return None
        renewed_us = held.renewed_us(self._kernel.now_us)
        late = self._late.get(name)
        seen_us = late[1] if late is not None and late[0] == renewed_us else renewed_us
        return self._clock.local_us(seen_us) / US

    def holding(self, name: str) -> Holding | None:
        """The lease as the world knows it."""
        return self.copy.beats.holdings.get(name)

    def moved(self, old: Copy, new: Copy) -> None:
        """It has another copy now. A lease that is as it knew it keeps its age."""
        now_us = self._kernel.now_us
        self._learn(renewals(new, now_us), renewals(old, now_us))
        before, after = old.tree.committed, new.tree.committed
        if self._watches:
            keys = dict.fromkeys((*before, *after))
            self.told([key for key in keys if before.get(key) != after.get(key)])

    def _learn(self, new: Mapping[str, int], known: Mapping[str, int]) -> None:
        late, now_us = self._late, self._kernel.now_us
        self._late = {}
        for name, renewed_us in new.items():
            if known.get(name) != renewed_us:
                self._late[name] = renewed_us, now_us
            elif name in late and late[name][0] == renewed_us:
                self._late[name] = late[name]
