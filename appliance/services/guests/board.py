"""What each node tells the others of its guests and itself, and what it hears from them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from appliance.model.guest.running import GuestLoad, GuestState
from appliance.services.guests.ports import GuestPorts

GUESTS: Final = "guests"
NODE: Final = "node"
STORAGES: Final = "storages"
FRESH_S: Final = 2.0  # so long a measured load is shown as that of now
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
        self._loads: dict[str, tuple[int, float, GuestLoad | None]] = {}
        self._node_row: tuple[float, dict[str, Any]] | None = None
        ports.board.offer(GUESTS, self.own)
        ports.board.offer(NODE, self._node)

    def own(self) -> dict[str, Live]:
        """This node's running guests, by service id. Their load is that of the last seconds."""
        states, now_s = self._ports.host.states(), self._ports.clock.monotonic()
        self._loads = {sid: self._loads[sid] for sid in states if sid in self._loads}
        return {
            sid: live_row(state, self._load(sid, state.pid, now_s)) for sid, state in states.items()
        }

    def _load(self, sid: str, pid: int, now_s: float) -> GuestLoad | None:
        known = self._loads.get(sid)
        if known is None or known[0] != pid or now_s - known[1] >= FRESH_S:
            known = self._loads[sid] = pid, now_s, self._ports.host.load(sid)
        return known[2]

    def _node(self) -> dict[str, Any]:
        now_s = self._ports.clock.monotonic()
        if self._node_row is None or now_s - self._node_row[0] >= FRESH_S:
            self._node_row = now_s, self._measured()
        return self._node_row[1]

    def _measured(self) -> dict[str, Any]:
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
