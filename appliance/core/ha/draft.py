"""The picture a manager round works on, and the few ways to change it.

It begins as the last status. What a round changes is copied first, so an unchanged part stays the
same object, and readers can tell by identity that nothing happened.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from appliance.core.ha.constants import FENCE_DELAY_S
from appliance.core.ha.effects import SetRequestedState
from appliance.core.ha.load import Load
from appliance.core.ha.memory import ManagerInputs, ManagerMemory
from appliance.core.ha.order import (
    checking_node,
    fresh_uid,
    good_result,
    is_checked,
    order_id,
    steady_uid,
)
from appliance.core.ha.rules import CompiledRules
from appliance.model.errors import RoundError
from appliance.model.events import Event
from appliance.model.events import crm as events
from appliance.model.events import crm_services as service_events
from appliance.model.ha.resources import ServiceConfig
from appliance.model.ha.status import EMPTY, LrmStatus, OrderResult, ServiceStatus

# A service that is in the view but not configured is treated as one to be left off.
UNCONFIGURED = ServiceConfig(sid="", node="", state="disabled")


class Draft:
    """The working picture of one round. Only `appliance.core.ha` changes it."""

    def __init__(self, inputs: ManagerInputs, memory: ManagerMemory, told: list[Event]) -> None:
        status = memory.status
        self.inputs, self.memory, self.start, self.told = inputs, memory, memory, told
        self.node, self.now_s = inputs.node, inputs.now_s
        self.round = status.round
        self.next_round = max(status.round, memory.attempt) + 1
        self.nodes: Mapping[str, str] = status.nodes
        self.services: Mapping[str, ServiceStatus] = status.services
        self.maintenance, self.disarm = status.maintenance, status.disarm
        self.known_before = status.nodes
        self.seen = memory.seen
        self.lrm: Mapping[str, LrmStatus] = EMPTY
        self.results: Mapping[str, OrderResult] = EMPTY
        self.configs: Mapping[str, ServiceConfig] = EMPTY
        self.crs = inputs.options.crs
        self.compiled = memory.rules.compiled if memory.rules else CompiledRules()
        self.bound = memory.rules.bound if memory.rules else frozenset()
        self.load = Load(self)
        self.consumed: set[str] = set()
        self.pending: list[SetRequestedState] = []
        self.wake_at_s: float | None = None
        self._own_nodes = self._own_services = self._own_configs = False

    # --- telling and timing ---

    def tell(self, event: Event) -> None:
        self.told.append(event)

    def due(self, at_s: float) -> None:
        """A decision of this round may turn out otherwise from then on."""
        if self.wake_at_s is None or at_s < self.wake_at_s:
            self.wake_at_s = at_s

    # --- nodes ---

    def node_state(self, node: str) -> str:
        """Nodes never seen online are `unknown`, and do not become known by being asked for."""
        return self.nodes.get(node, "unknown")

    def is_online(self, node: str) -> bool:
        return self.node_state(node) == "online"

    def set_node(self, node: str, to: str) -> None:
        before = self.node_state(node)
        self._node_map()[node] = to
        self.tell(events.NodeState(node, before, to))

    def forget_node(self, node: str) -> None:
        del self._node_map()[node]
        self.tell(events.NodeForgotten(node))

    def offline_for(self, node: str, delay_s: float = FENCE_DELAY_S) -> bool:
        """Whether it has been away so long. Of a node never seen the absence starts now."""
        if self.is_online(node):
            return False
        last_s = self.seen.last_s(node)
        if last_s is None:
            self.seen = self.seen.note(node, self.now_s)
            last_s = self.now_s
        if self.now_s >= last_s + delay_s:
            return True
        self.due(last_s + delay_s)
        return False

    def mode(self, node: str) -> str | None:
        """The mode its LRM last reported; None for a node not known at the start of the round."""
        if node not in self.known_before:
            return None
        status = self.lrm.get(node)
        return status.mode if status is not None else "active"

    def _node_map(self) -> dict[str, str]:
        if not self._own_nodes:
            self.nodes, self._own_nodes = dict(self.nodes), True
        assert isinstance(self.nodes, dict)
        return self.nodes

    # --- services ---

    def config(self, sid: str) -> ServiceConfig:
        return self.configs.get(sid, UNCONFIGURED)

    def set_config(self, config: ServiceConfig) -> None:
        if not self._own_configs:
            self.configs, self._own_configs = dict(self.configs), True
        assert isinstance(self.configs, dict)
        self.configs[config.sid] = config

    def put(self, sid: str, status: ServiceStatus) -> None:
        services = self._service_map()
        known = sid in services
        services[sid] = status
        if not known:
            self.services = dict(sorted(services.items()))

    def drop(self, sid: str) -> None:
        del self._service_map()[sid]

    def share_services(self) -> Mapping[str, ServiceStatus]:
        """The services as they are now, safe from later changes of the draft."""
        self._own_services = False
        return self.services

    def change(
        self,
        sid: str,
        to: str,
        *,
        node: str | None = None,
        target: str | None = None,
        timeout_s: int | None = None,
    ) -> None:
        """A step of the service state machine: a new order, what belonged to the old one forgotten.

        RoundError if it is no step at all: two parts of the round disagree about the service.
        """
        old = self.services[sid]
        if old.state == to:
            raise RoundError(f"service '{sid}' is in state '{to}' already")
        new = ServiceStatus(
            to,
            old.node if node is None else node,
            fresh_uid(sid, self.next_round),
            target=target,
            timeout_s=timeout_s,
            failed_nodes=old.failed_nodes,
            maintenance_node=old.maintenance_node,
        )
        self.put(sid, new)
        self.load.moved(sid, new)
        timeout = None if timeout_s is None else str(timeout_s)
        self.tell(service_events.ServiceState(sid, old.state, to, node, target, timeout))

    def plain_uid(self, sid: str, status: ServiceStatus) -> str:
        """The explicit name of the order the service has had since the last written round."""
        return order_id(sid, status, self.round)

    def renew_order(self, sid: str) -> None:
        """Ask the node again."""
        status = self.services[sid]
        self.put(sid, replace(status, uid=fresh_uid(sid, self.next_round), steady=False))

    def result(self, sid: str, status: ServiceStatus) -> OrderResult | None:
        """The node's answer to the service's order, if there is one that was not consumed yet."""
        if status.steady:
            if sid in self.consumed:
                return None
            if self._checked_round(status.node) == self.round:
                return good_result(sid)
            return self.results.get(steady_uid(sid, self.round, status.node))
        found = self.results.get(status.uid)
        if found is None:
            node = checking_node(status.uid)
            if node and is_checked(sid, status.uid, node, self._checked_round(node)):
                return good_result(sid)
        return found

    def _checked_round(self, node: str) -> int | None:
        status = self.lrm.get(node)
        return status.checked_round if status is not None else None

    def _service_map(self) -> dict[str, ServiceStatus]:
        if not self._own_services:
            self.services, self._own_services = dict(self.services), True
        assert isinstance(self.services, dict)
        return self.services
