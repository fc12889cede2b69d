"""The operating systems of simulated nodes: files, links, services and a log that outlive boots."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib import metadata
from typing import Final

from appliance.model.errors import MissingError, RefusedError
from appliance.model.events import as_text
from appliance.model.network.interfaces import HEADER, parse_interfaces
from appliance.ports.node_system import (
    HOSTS,
    INTERFACES,
    RESOLVER,
    TIMEZONE,
    Devices,
    Link,
    LogLine,
    Package,
    PciDevice,
    Service,
    UsbDevice,
    Verb,
)
from sim.clock import WORLD_BEGAN_S
from sim.journal import Record, WorldJournal
from sim.kernel import US

KEPT_LINES: Final = 2000
CARDS: Final = ("eno1", "eno2")
BRIDGE: Final = "vmbr0"
# Stopping one of these is a fault of the simulated world, and is injected there.
_OWN: Final = {
    "corosync": "the cluster engine",
    "pve-cluster": "the configuration store",
    "pve-ha-crm": "the manager of high availability",
    "pve-ha-lrm": "the local manager of high availability",
    "pveproxy": "the API",
}
_OTHERS: Final = {
    "chrony": "the clock",
    "cron": "jobs by the clock",
    "ksmtuned": "sharing of equal pages",
    "postfix": "mail",
    "pve-firewall": "the firewall",
    "pvestatd": "statistics",
    "sshd": "remote shells",
    "systemd-journald": "the journal",
}


# Every simulated machine is the same one.
DEVICES: Final = Devices(
    (
        PciDevice("0000:00:02.0", "0x030000", "0x1af4", "0x1050", "Simulated", "Display", 1),
        PciDevice("0000:01:00.0", "0x020000", "0x1af4", "0x1041", "Simulated", "Network card", 2),
        PciDevice("0000:01:00.1", "0x020000", "0x1af4", "0x1041", "Simulated", "Network card", 3),
        PciDevice("0000:02:00.0", "0x010700", "0x1af4", "0x1048", "Simulated", "Disks", 4),
    ),
    (UsbDevice("1-1", 1, 2, 1, "0627", "0001", "Simulated", "Stick"),),
)


@dataclass(slots=True)
class SystemState:
    """Of one node. running: by name of the services that can be stopped."""

    files: dict[str, str]
    applied: str = ""
    running: dict[str, bool] = field(default_factory=lambda: dict.fromkeys(_OTHERS, True))
    lines: deque[LogLine] = field(default_factory=lambda: deque(maxlen=KEPT_LINES))
    woken: list[str] = field(default_factory=list)


class SimNodeSystem:
    """Implements the `NodeSystem` port. packages: what is installed on every node."""

    def __init__(
        self, state: SystemState, packages: tuple[Package, ...], wake: Callable[[str], None]
    ) -> None:
        self._state, self._packages, self._wake = state, packages, wake

    async def read(self, name: str) -> str:
        return self._state.files.get(name, "")

    async def write(self, name: str, text: str) -> None:
        if text:
            self._state.files[name] = text
        else:
            self._state.files.pop(name, None)

    def links(self) -> Mapping[str, Link]:
        found = parse_interfaces(self._state.applied, dict.fromkeys(CARDS, "eth"))
        return {
            name: Link(_kind(str(iface["type"])), bool(iface.get("autostart")) or name in CARDS)
            for name, iface in sorted(found.ifaces.items())
            if iface.get("autostart") or name in CARDS
        }

    async def reload_network(self) -> None:
        text = self._state.files.get(INTERFACES, "")
        found = parse_interfaces(text, dict.fromkeys(CARDS, "eth"))
        missing = [
            name
            for name, iface in found.ifaces.items()
            if iface["type"] == "eth" and name not in CARDS and iface.get("autostart")
        ]
        if missing:
            raise RefusedError(f"the node has no network card '{missing[0]}'")
        self._state.applied = text

    def services(self) -> tuple[Service, ...]:
        own = [Service(name, about, running=True) for name, about in _OWN.items()]
        others = [Service(n, about, self._state.running[n]) for n, about in _OTHERS.items()]
        return tuple(sorted((*own, *others), key=lambda service: service.name))

    async def control(self, service: str, verb: Verb) -> None:
        if service in _OWN:
            if verb == "start":
                return
            raise RefusedError(f"{service} of a simulated node ends by a fault, inject one")
        if service not in _OTHERS:
            raise MissingError(f"service '{service}' does not exist on this node")
        if verb == "reload" and not self._state.running[service]:
            raise RefusedError(f"service '{service}' is not running")
        self._state.running[service] = verb != "stop"

    def log(self) -> tuple[LogLine, ...]:
        return tuple(self._state.lines)

    def packages(self) -> tuple[Package, ...]:
        return self._packages

    def devices(self) -> Devices:
        return DEVICES

    async def wake(self, mac: str) -> None:
        self._state.woken.append(mac)
        self._wake(mac)


def _kind(kind: str) -> str:
    return {"OVSBridge": "bridge", "OVSBond": "bond", "loopback": "loopback"}.get(kind, kind)


def installed() -> tuple[Package, ...]:
    """The software that this simulation runs, by its real version."""
    try:
        number = metadata.version("quorate")
    except metadata.PackageNotFoundError:
        number = "0"
    return (Package("quorate", number, "The appliance itself, on a simulated node"),)


class NodeSystems:
    """Of all nodes of a world. addresses: each node's, the first one of its management network."""

    def __init__(
        self, journal: WorldJournal, addresses: Mapping[str, str], packages: tuple[Package, ...]
    ) -> None:
        self._packages = packages
        self.states = {
            node: _first_state(node, address, addresses) for node, address in addresses.items()
        }
        journal.subscribe(self._record)

    def system(self, node: str, wake: Callable[[str], None] = lambda mac: None) -> SimNodeSystem:
        """For a boot of the node; its services run again."""
        state = self.states[node]
        state.running = dict.fromkeys(_OTHERS, True)
        state.applied = state.files.get(INTERFACES, "")
        return SimNodeSystem(state, self._packages, wake)

    def _record(self, record: Record) -> None:
        node, _, unit = record.actor.partition("/")
        state = self.states.get(node)
        if state is not None:
            at_s = WORLD_BEGAN_S + record.t_us / US
            state.lines.append(LogLine(at_s, unit or "kernel", as_text(record.event)))


def _first_state(node: str, address: str, addresses: Mapping[str, str]) -> SystemState:
    hosts = "".join(f"{at} {name}.quorate.test {name}\n" for name, at in sorted(addresses.items()))
    interfaces = (
        f"{HEADER}auto lo\niface lo inet loopback\n\niface eno1 inet manual\n\n"
        f"iface eno2 inet manual\n\nauto {BRIDGE}\niface {BRIDGE} inet static\n"
        f"\taddress {address}/24\n\tbridge-ports eno1\n\tbridge-stp off\n\tbridge-fd 0\n\n"
    )
    return SystemState(
        {
            HOSTS: f"127.0.0.1 localhost\n{hosts}",
            RESOLVER: "search quorate.test\nnameserver 192.0.2.53\n",
            TIMEZONE: "UTC\n",
            INTERFACES: interfaces,
        }
    )
