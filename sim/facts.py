"""What an outsider can see of a simulated cluster: by console, command line and API."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from appliance.core.ha.constants import MANAGER_LOCK
from sim.hardware.machine import Machine
from sim.kernel import Kernel
from sim.store.replica import Replica
from sim.store.store import Store, Views


class Processes(Protocol):
    def runs_on(self, sid: str) -> tuple[str, ...]: ...


class Facts:
    """Never the core's memory: machines, processes, views, and the published state."""

    def __init__(
        self,
        kernel: Kernel,
        machines: Mapping[str, Machine],
        views: Views,
        store: Store,
        processes: Processes,
    ) -> None:
        self._kernel, self._machines = kernel, machines
        self._views, self._store, self._processes = views, store, processes

    # machines and membership

    def node_power(self, node: str) -> str:
        """on, off, booting, hung, paused or stopping."""
        return self._machines[node].state

    def quorate(self, node: str) -> bool:
        """Whether the node runs and sees itself in a quorate partition."""
        return self._machines[node].running and self._views.view(node).quorate

    def online(self, node: str) -> bool:
        """Whether a quorate node that is not standing still counts it as online."""
        asked = self.contact()
        return asked is not None and node in self._views.view(asked).online

    def contact(self) -> str | None:
        """The first node, by name, that an operator could work with."""
        for node, machine in self._machines.items():
            if machine.state in ("on", "stopping") and self._views.view(node).quorate:
                return node
        return None

    # what is published

    def _replica(self) -> Replica | None:
        asked = self.contact()
        return None if asked is None else self._store.replica(asked)

    def master(self) -> str | None:
        """The node that holds the manager lock, as far as a quorate partition knows."""
        replica = self._replica()
        lease = None if replica is None else replica.leases.get(MANAGER_LOCK)
        if lease is None or not lease.held(self._kernel.now_us):
            return None
        return lease.owner

    def node_state(self, node: str) -> str | None:
        """The manager's word for it: online, maintenance, unknown, fence or gone."""
        replica = self._replica()
        return None if replica is None else replica.manager[-1].status.nodes.get(node)

    def lrm_state(self, node: str) -> str | None:
        """wait_for_agent_lock, active, maintenance or lost_agent_lock, as last published."""
        replica = self._replica()
        cell = None if replica is None else replica.lrm.get(node)
        return None if cell is None else cell.status.state

    def lrm_mode(self, node: str) -> str | None:
        replica = self._replica()
        cell = None if replica is None else replica.lrm.get(node)
        return None if cell is None else cell.status.mode

    def disarmed(self) -> str | None:
        """disarming or disarmed while HA is switched off, else None."""
        replica = self._replica()
        disarm = None if replica is None else replica.manager[-1].status.disarm
        return None if disarm is None else disarm.state

    # guests

    def guest_nodes(self, sid: str) -> tuple[str, ...]:
        """The nodes on which a process of it executes."""
        return self._processes.runs_on(sid)

    def service_state(self, sid: str) -> str | None:
        """The manager's word for it: started, stopped, fence, recovery, error, freeze ..."""
        replica = self._replica()
        status = None if replica is None else replica.manager[-1].status.services.get(sid)
        return None if status is None else status.state

    def service_node(self, sid: str) -> str | None:
        """Where its configuration lies."""
        replica = self._replica()
        return None if replica is None else replica.guest_nodes.get(sid)

    def requested_states(self) -> Mapping[str, str]:
        """started, stopped, disabled or ignored, of every HA resource."""
        replica = self._replica()
        services = {} if replica is None else replica.config.services
        return {sid: service.state for sid, service in services.items()}
