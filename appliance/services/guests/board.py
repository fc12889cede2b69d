"""What each node tells the others of its guests and itself, and what it hears from them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from appliance.model.guest.running import GuestLoad, GuestState
from appliance.services.guests.ports import GuestPorts

GUESTS: Final = "guests"
NODE: Final = "node"
STORAGES: Final = "storages"
OLD_S: Final = 120.0  # nothing heard of a node for so long: what it said is not told on

Live = Mapping[str, Any]
_NOTHING: Final[Live] = {}


def live_row(state: GuestState, load: GuestLoad | None) -> dict[str, Any]:
    """What is told of a guest that runs."""
    row: dict[str, Any] = {
        "status": "running",
        "qmpstatus": state.qmp,
        "pid": state.pid,
        "uptime": int(state.uptime_s),
    }
    if load is not None:
        row |= {
            "cpu": load.cpu,
            "mem": load.memory_bytes,
            "disk": load.disk_bytes,
            "netin": load.net_in_bytes,
            "netout": load.net_out_bytes,
            "diskread": load.read_bytes,
            "diskwrite": load.written_bytes,
        }
    return row


class GuestBoard:
    """Of one boot of one node."""

    def __init__(self, ports: GuestPorts) -> None:
        self._ports = ports
        ports.board.offer(GUESTS, self.own)
        ports.board.offer(NODE, self._node)

    def own(self) -> dict[str, Live]:
        """This node's running guests, by service id."""
        host = self._ports.host
        return {sid: live_row(state, host.load(sid)) for sid, state in host.states().items()}

    def _node(self) -> dict[str, Any]:
        now = self._ports.facts.status()
        return {
            "cpu": now.cpu,
            "maxcpu": now.cpus,
            "mem": now.memory_used_bytes,
            "maxmem": now.memory_bytes,
            "disk": now.root_used_bytes,
            "maxdisk": now.root_bytes,
            "uptime": int(now.uptime_s),
        }

    def guests(self) -> Mapping[str, Mapping[str, Live]]:
        """By node and service id, of all nodes that were heard of lately."""
        heard = self._ports.board.read(GUESTS)
        fresh = {node: one.value for node, one in heard.items() if one.age_s < OLD_S}
        return {**fresh, self._ports.node: self.own()}

    def nodes(self) -> Mapping[str, Live]:
        heard = self._ports.board.read(NODE)
        fresh = {node: one.value for node, one in heard.items() if one.age_s < OLD_S}
        return {**fresh, self._ports.node: self._node()}
