"""Time and fate of a served world: what people do to it from outside."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from appliance.model.errors import ConfigError, MissingError
from sim.clock import WORLD_BEGAN_S
from sim.faults import INSTANT, KINDS, Fault
from sim.journal import Record, as_data
from sim.network.injector import describe
from sim.stage.bridge import MAX_SPEED, Bridge
from sim.world import World

KEPT: Final = 20_000  # records of the journal that can still be asked for


@dataclass(frozen=True, slots=True)
class Told:
    """A record of the journal with its number, from 1."""

    number: int
    record: Record

    def as_data(self) -> dict[str, Any]:
        return {"n": self.number, **as_data(self.record)}


class Controls:
    """Of one world. Errors are ConfigError and MissingError; then nothing was done."""

    def __init__(self, world: World, bridge: Bridge) -> None:
        self.world, self.bridge = world, bridge
        self._told: deque[Told] = deque(maxlen=KEPT)
        self._count = 0
        self._waiting: list[Callable[[], None]] = []
        for record in world.journal.records:
            self._tell(record)
        world.journal.subscribe(self._tell)

    # events

    def _tell(self, record: Record) -> None:
        self._count += 1
        self._told.append(Told(self._count, record))
        records = self.world.journal.records
        if len(records) > 2 * KEPT:
            del records[:-KEPT]  # a world that is served may live for weeks
        waiting, self._waiting = self._waiting, []
        for call in waiting:
            call()

    @property
    def last_event(self) -> int:
        return self._count

    def events(self, after: int, limit: int = KEPT) -> list[dict[str, Any]]:
        """Those that came after that number; the oldest may be forgotten."""
        if after >= self._count:
            return []
        first = self._told[0].number
        begin = max(0, after + 1 - first)
        found = [self._told[at] for at in range(begin, min(len(self._told), begin + limit))]
        return [one.as_data() for one in found]

    def on_event(self, call: Callable[[], None]) -> None:
        """Call once, when the next one comes."""
        self._waiting.append(call)

    # time

    def status(self) -> dict[str, Any]:
        world, bridge = self.world, self.bridge
        return {
            "time": round(world.now_s, 6),
            "wall": int(WORLD_BEGAN_S + world.now_s),
            "paused": int(bridge.paused),
            "speed": "max" if bridge.speed == MAX_SPEED else f"{bridge.speed:g}",
            "stepping": round(bridge.stepping_s, 6),
            "events": self._count,
            "faults": len(world.faults()),
            "nodes": [
                {"node": name, "state": machine.state} for name, machine in world.machines.items()
            ],
        }

    # fate

    def faults(self) -> list[dict[str, Any]]:
        return [
            {"id": number, "kind": fault.kind, "about": describe(fault)}
            for number, fault in self.world.faults().items()
        ]

    def inject(self, fault: Fault) -> dict[str, Any]:
        """It happens now."""
        self._check(fault)
        number = self.world.inject(fault)
        return {
            "id": number,
            "kind": fault.kind,
            "about": describe(fault),
            "active": int(fault.kind not in INSTANT),
        }

    def heal(self, number: int) -> None:
        if number not in self.world.faults():
            raise MissingError(f"no fault {number} is active")
        self.world.heal(number)

    def heal_all(self) -> int:
        """How many there were."""
        count = len(self.world.faults())
        self.world.heal_all()
        return count

    def _check(self, fault: Fault) -> None:
        """What it names is there, and it has what its kind needs and nothing else."""
        fields = {name.rstrip("?") for name in KINDS[fault.kind]}
        for name, known in self._names().items():
            value = getattr(fault, name)
            if value is None:
                continue
            if name not in fields:
                raise ConfigError(f"is nothing to a fault '{fault.kind}'", field=name)
            if value not in known:
                raise ConfigError(f"there is no '{value}', only {', '.join(known)}", field=name)
        nodes = tuple(self.world.machines)
        for one in (name for group in fault.groups for name in group):
            if one not in nodes:
                raise ConfigError(f"there is no '{one}', only {', '.join(nodes)}", field="groups")

    def _names(self) -> dict[str, tuple[str, ...]]:
        layout = self.world.layout
        switches = {name for link in layout.links for name in link.switches.values()}
        return {
            "node": tuple(self.world.machines),
            "link": tuple(link.name for link in layout.links),
            "switch": tuple(sorted(switches)),
            "site": tuple(sorted({node.site for node in layout.nodes})),
            "storage": tuple(storage.name for storage in layout.storages),
            "guest": tuple(sorted(self.world.guests.catalog.sids())),
        }
