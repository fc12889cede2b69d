"""What people configured for HA, on the simulated store."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from appliance.model.errors import QuorateError, StaleError
from appliance.model.ha.resources import ServiceConfig
from appliance.model.ha.rules import RuleSet
from appliance.ports import topics
from appliance.ports.ha_store import DatacenterOptions, HaConfig
from sim.pace import Effect, Wakeups
from sim.store.replica import Replica
from sim.store.store import Store
from sim.tasks import Boot


@dataclass(frozen=True, slots=True)
class SimHaConfig:
    """Implements the `HaConfigStore` port for one boot, and what operators change."""

    boot: Boot
    store: Store
    wakeups: Wakeups

    # reads

    def config(self) -> HaConfig:
        return self.store.replica(self.boot.node).config

    def options(self) -> DatacenterOptions:
        return self.store.replica(self.boot.node).options

    # reads for the guests' side of the node (see `sim.guests.needs.Configs`)

    @property
    def version(self) -> int:
        return self.store.replica(self.boot.node).guests_version

    def node_of(self, sid: str) -> str | None:
        return self.store.replica(self.boot.node).guest_nodes.get(sid)

    def lock_of(self, sid: str) -> str | None:
        return self.store.replica(self.boot.node).guest_locks.get(sid)

    # what the daemons write

    async def set_requested_state(self, sid: str, state: str, lease: str | None) -> None:
        await self._change(
            f"state of {sid}",
            lambda config: _with_service(config, replace(_service(config, sid), state=state)),
            lease,
        )

    async def steal_service(self, sid: str, from_node: str, to_node: str, lease: str) -> str:
        def apply(replica: Replica, effect: Effect) -> str:
            replica.guard(lease, self.boot.node, effect.done_us)
            lies_at = replica.guest_nodes.get(sid)
            if lies_at is None:
                raise StaleError(f"there is no configuration of {sid}")
            if lies_at != from_node:
                return lies_at
            self._rename(replica, sid, from_node, to_node)
            return to_node

        return await self.store.write(self.boot, f"steal {sid}", apply)

    async def rename(self, sid: str, source: str, target: str) -> None:
        """The end of a migration: the guest's configuration moves with it."""
        await self.store.write(
            self.boot,
            f"rename {sid}",
            lambda replica, _: self._rename(replica, sid, source, target),
        )

    async def remove_lock(self, sid: str, kinds: Sequence[str], lease: str) -> str | None:
        if self.lock_of(sid) not in kinds:
            return None

        def apply(replica: Replica, effect: Effect) -> str | None:
            replica.guard(lease, self.boot.node, effect.done_us)
            if replica.guest_locks.get(sid) not in kinds:
                return None
            replica.guests_version = self.store.next_version()
            return replica.guest_locks.pop(sid)

        return await self.store.write(self.boot, f"lock of {sid}", apply)

    async def migrate_groups(
        self, rules: RuleSet, failback: Mapping[str, bool], lease: str
    ) -> None:
        def change(config: HaConfig) -> HaConfig:
            services = {
                sid: replace(service, group=None, failback=failback.get(sid, service.failback))
                for sid, service in config.services.items()
            }
            return replace(
                config,
                services=services,
                rules=rules,
                rules_digest=f"{config.rules_digest}+groups",
                groups=(),
                groups_digest="",
            )

        await self._change("groups", change, lease)

    # what operators write

    async def put_service(self, service: ServiceConfig) -> None:
        await self._change(f"resource {service.sid}", lambda config: _with_service(config, service))

    async def remove_service(self, sid: str) -> None:
        def change(config: HaConfig) -> HaConfig:
            _service(config, sid)
            kept = {name: one for name, one in config.services.items() if name != sid}
            return replace(config, services=kept)

        await self._change(f"resource {sid}", change)

    async def set_options(self, options: DatacenterOptions) -> None:
        def apply(replica: Replica, _effect: Effect) -> None:
            replica.options = options
            self.wakeups.publish(replica.members, topics.HA_CONFIG)

        await self.store.write(self.boot, "datacenter.cfg", apply)

    # the mechanics

    async def _change(
        self, what: str, change: Callable[[HaConfig], HaConfig], lease: str | None = None
    ) -> None:
        def apply(replica: Replica, effect: Effect) -> None:
            if lease is not None:
                replica.guard(lease, self.boot.node, effect.done_us)
            replica.config = change(replica.config)
            self.wakeups.publish(replica.members, topics.HA_CONFIG)

        await self.store.write(self.boot, what, apply)

    def _rename(self, replica: Replica, sid: str, from_node: str, to_node: str) -> None:
        held_by = replica.guest_nodes.get(sid)
        if held_by != from_node:
            raise StaleError(f"the configuration of {sid} is on {held_by}, not on {from_node}")
        replica.guest_nodes[sid] = to_node
        replica.guests_version = self.store.next_version()
        service = replica.config.services.get(sid)
        if service is not None:
            replica.config = _with_service(replica.config, replace(service, node=to_node))
        self.wakeups.publish(replica.members, topics.HA_CONFIG)


def _service(config: HaConfig, sid: str) -> ServiceConfig:
    service = config.services.get(sid)
    if service is None:
        raise QuorateError(f"no such service '{sid}'")
    return service


def _with_service(config: HaConfig, service: ServiceConfig) -> HaConfig:
    services = {**config.services, service.sid: service}
    return replace(config, services=dict(sorted(services.items())))
