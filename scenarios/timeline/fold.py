"""Reads a journal once, in order, and keeps what each fact changes."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

from scenarios.lines import Line
from scenarios.timeline.spans import (
    FaultSpan,
    GuestLane,
    Marker,
    Timeline,
    downtime_of,
)
from scenarios.timeline.tracks import GuestTrack, NodeTrack

INSTANT = frozenset({"reset", "clock_jump", "guest_crash"})
STALLED = frozenset({"hung", "paused"})
LOST = frozenset({"off", "booting"})

# Kinds that become marks, and the field that names their lane. `actor`: the actor's node.
MARKS = {
    "fence_try": "node",
    "fence_done": "node",
    "watchdog_reset": "node",
    "watchdog_expired": "node",
    "fence_requested": "actor",
    "recovered": "service",
    "recovered_same_node": "service",
    "recovery_no_node": "service",
    "service_start_failed": "service",
    "start_tried_everywhere": "service",
    "recovery_gave_up": "service",
    "move_failed": "service",
    "migration_failed": "service",
    "auto_rebalance": "service",
    "violation": "",
    "daemon_failed": "",
    "error": "actor",
    "operator": "",
    "refused": "",
}
REPEATS = frozenset({"recovery_no_node"})  # told in every round while it holds: marked once


def natural(name: str) -> list[tuple[int, int | str]]:
    """Sorts `node10` behind `node9`."""
    parts = re.split(r"(\d+)", name)
    return [(0, int(part)) if part.isdigit() else (1, part) for part in parts]


class Fold:
    """What a journal has told so far. `read` takes its lines in order, `timeline` gives it out.

    nodes, guests and faults (by number) are their present states, for who looks on as it grows.
    """

    def __init__(self) -> None:
        self._name = ""
        self.nodes: dict[str, NodeTrack] = {}
        self.guests: dict[str, GuestTrack] = {}
        self.faults: dict[int, FaultSpan] = {}
        self._markers: list[Marker] = []
        self._repeated: dict[tuple[str, str], bool] = {}
        self._last_us = 0
        self._handlers: dict[str, Callable[[Line, Any], None]] = {
            "world": self._world,
            "node_power": self._power,
            "view": self._view,
            "status": self._status,
            "killed": self._daemon_left,
            "exited": self._daemon_left,
            "node_state": self._node_state,
            "guest": self._guest,
            "service_state": self._service_state,
            "service_removed": self._service_removed,
            "service_start_failed": self._start_failed,
            "move_begin": self._move_begin,
            "move_end": self._move_over,
            "move_failed": self._move_over,
            "fault": self._fault,
            "fault_healed": self._fault_healed,
        }

    def read(self, line: Line) -> None:
        self._last_us = max(self._last_us, line.t_us)
        handler = self._handlers.get(line.kind)
        if handler is not None:
            handler(line, line.fields)
        if line.kind in MARKS:
            self._mark(line)

    def timeline(self, end_us: int | None = None) -> Timeline:
        """Everything up to `end_us`, by default up to the last line read."""
        end_us = self._last_us if end_us is None else max(end_us, self._last_us)
        guests = tuple(
            GuestLane(sid, track.process.spans(end_us), track.service.spans(end_us))
            for sid, track in sorted(self.guests.items(), key=lambda item: natural(item[0]))
        )
        return Timeline(
            self._name,
            end_us,
            tuple(
                node.lane(name, end_us)
                for name, node in sorted(self.nodes.items(), key=lambda item: natural(item[0]))
            ),
            guests,
            tuple(
                fault if fault.healed else replace(fault, end_us=end_us)
                for fault in self.faults.values()
            ),
            tuple(self._markers),
            tuple(downtime_of(guest.sid, guest.process) for guest in guests),
        )

    def _node(self, name: str) -> NodeTrack:
        if name not in self.nodes:
            self.nodes[name] = NodeTrack()
        return self.nodes[name]

    def _track(self, sid: str) -> GuestTrack:
        if sid not in self.guests:
            self.guests[sid] = GuestTrack()
        return self.guests[sid]

    def _world(self, line: Line, told: Any) -> None:
        self._name = str(told.get("name", ""))
        for name in told.get("nodes", ()):
            self._node(str(name))
        for guest in told.get("guests", ()):
            self._track(guest["sid"]).configured(line.t_us)

    def _power(self, line: Line, told: Any) -> None:
        name, state = told["node"], told["state"]
        state = "on" if state == "resumed" else state
        node = self._node(name)
        was_stalled = node.power.state in STALLED
        node.power.set(line.t_us, state, told.get("why", ""))
        if state in LOST:
            for track in (node.quorum, node.master, node.lrm):
                track.set(line.t_us, None)
            for guest in self.guests.values():
                guest.node_lost(line.t_us, name)
        node.show(line.t_us)
        if was_stalled != (state in STALLED):
            self._stall(line.t_us)

    def _stall(self, t_us: int) -> None:
        stalled = frozenset(
            name for name, node in self.nodes.items() if node.power.state in STALLED
        )
        for guest in self.guests.values():
            guest.node_stalls(t_us, stalled)

    def _view(self, line: Line, told: Any) -> None:
        node = self._node(told["node"])
        if node.power.state not in LOST:
            node.quorum.set(line.t_us, "quorate" if told["quorate"] else "no quorum")
            node.show(line.t_us)

    def _status(self, line: Line, told: Any) -> None:
        name, _, daemon = line.actor.partition("/")
        node = self._node(name)
        if daemon == "crm":
            node.master.set(line.t_us, "master" if told["to"] == "master" else None)
        elif daemon == "lrm":
            node.lrm.set(line.t_us, told["to"])

    def _daemon_left(self, line: Line, _told: Any) -> None:
        name, _, daemon = line.actor.partition("/")
        node = self._node(name)
        (node.master if daemon == "crm" else node.lrm).set(line.t_us, None)

    def _node_state(self, line: Line, told: Any) -> None:
        node = self._node(told["node"])
        node.state.set(line.t_us, told["to"])
        node.show(line.t_us)

    def _guest(self, line: Line, told: Any) -> None:
        self._track(told["guest"]).told(line.t_us, told["node"], told["state"], told.get("target"))

    def _service_state(self, line: Line, told: Any) -> None:
        sid, state = told["service"], told["to"]
        self._track(sid).wanted(line.t_us, state)
        if state != "recovery":
            self._repeated.pop(("recovery_no_node", sid), None)

    def _service_removed(self, line: Line, told: Any) -> None:
        self._track(told["service"]).removed(line.t_us)

    def _start_failed(self, line: Line, told: Any) -> None:
        self._track(told["service"]).failed_to_start(line.t_us)

    def _move_begin(self, line: Line, told: Any) -> None:
        self._track(told["service"]).relocates(line.t_us, told.get("node"))

    def _move_over(self, line: Line, told: Any) -> None:
        self._track(told["service"]).relocates(line.t_us, None)

    def _fault(self, line: Line, told: Any) -> None:
        number, kind = told["fault"], told["fault_kind"]
        self.faults[number] = FaultSpan(
            number, kind, told["what"], told.get("node"), line.t_us, line.t_us, kind in INSTANT
        )

    def _fault_healed(self, line: Line, told: Any) -> None:
        begun = self.faults.get(told["fault"])
        if begun is not None and not begun.healed:
            self.faults[begun.number] = replace(begun, end_us=line.t_us, healed=True)

    def _mark(self, line: Line) -> None:
        where = MARKS[line.kind]
        lane = line.actor.partition("/")[0] if where == "actor" else line.fields.get(where, "")
        if line.kind in REPEATS:
            if self._repeated.get((line.kind, lane)):
                return
            self._repeated[line.kind, lane] = True
        self._markers.append(Marker(line.t_us, line.kind, str(lane), line.text))


def read(lines: Iterable[Line], *, end_us: int | None = None) -> Timeline:
    """The timeline of a journal. Lines come in the order of time.

    end_us: when the run ended, if later than its last fact.
    """
    fold = Fold()
    for line in lines:
        fold.read(line)
    return fold.timeline(end_us)
