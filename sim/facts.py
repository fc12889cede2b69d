"""What an outsider can see of a simulated cluster: by console, command line and API."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, Protocol, TypeVar

from appliance.core.ha.constants import MANAGER_LOCK
from appliance.model.errors import UnavailableError
from appliance.model.ha.status import LrmStatus, ManagerStatus
from appliance.ports.ha_store import HaConfig
from appliance.ports.membership import View
from sim.boot import NodeBoot
from sim.hardware.machine import Machine

T = TypeVar("T")
_NEW: Final = ManagerStatus()


class Views(Protocol):
    def view(self, node: str) -> View: ...


class Processes(Protocol):
    def runs_on(self, sid: str) -> tuple[str, ...]: ...


class Facts:
    """Never the core's memory: machines, processes, views, and the published state."""

    def __init__(self, machines: Mapping[str, Machine], views: Views, processes: Processes) -> None:
        self._machines, self._views, self._processes = machines, views, processes

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

    def _asked(self) -> NodeBoot | None:
        asked = self.contact()
        return None if asked is None else self._machines[asked].boot

    def _status(self) -> ManagerStatus:
        boot = self._asked()
        return ManagerStatus() if boot is None else _read(boot.ports.ha_state.manager_status, _NEW)

    def _lrm_status(self, node: str) -> LrmStatus | None:
        boot = self._asked()
        return None if boot is None else _read(lambda: boot.ports.ha_state.lrm_status(node), None)

    def master(self) -> str | None:
        """The node that holds the manager lock, as far as a quorate partition knows."""
        boot = self._asked()
        return None if boot is None else _read(lambda: _holder(boot, MANAGER_LOCK), None)

    def node_state(self, node: str) -> str | None:
        """The manager's word for it: online, maintenance, unknown, fence or gone."""
        return self._status().nodes.get(node)

    def lrm_state(self, node: str) -> str | None:
        """wait_for_agent_lock, active, maintenance or lost_agent_lock, as last published."""
        status = self._lrm_status(node)
        return None if status is None else status.state

    def lrm_mode(self, node: str) -> str | None:
        status = self._lrm_status(node)
        return None if status is None else status.mode

    def disarmed(self) -> str | None:
        """disarming or disarmed while HA is switched off, else None."""
        disarm = self._status().disarm
        return None if disarm is None else disarm.state

    # guests

    def guest_nodes(self, sid: str) -> tuple[str, ...]:
        """The nodes on which a process of it executes."""
        return self._processes.runs_on(sid)

    def service_state(self, sid: str) -> str | None:
        """The manager's word for it: started, stopped, fence, recovery, error, freeze ..."""
        status = self._status().services.get(sid)
        return None if status is None else status.state

    def service_node(self, sid: str) -> str | None:
        """Where its configuration lies."""
        boot = self._asked()
        return None if boot is None else boot.guests.node_of(sid)

    def requested_states(self) -> Mapping[str, str]:
        """started, stopped, disabled or ignored, of every HA resource."""
        boot = self._asked()
        config = HaConfig() if boot is None else _read(boot.config.config, HaConfig())
        return {sid: service.state for sid, service in config.services.items()}


def _read(read: Callable[[], T], otherwise: T) -> T:
    """A node whose store does not answer shows nothing."""
    try:
        return read()
    except UnavailableError:
        return otherwise


def _holder(boot: NodeBoot, name: str) -> str | None:
    """Who holds that lease and renewed it in time."""
    lease, seen_s = boot.store.lease(name), boot.store.lease_seen_s(name)
    if lease is None or seen_s is None or seen_s + lease.life_s < boot.clock.monotonic():
        return None
    return lease.holder
