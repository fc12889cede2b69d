"""`/simulation`: operations that a served world adds to the table of the product."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import fields
from typing import Any, Final

from appliance.api.ports import ApiPorts
from appliance.api.table import Operation, Request
from appliance.model.option import Option
from sim.faults import KINDS, Fault
from sim.stage.bridge import read_speed
from sim.stage.controls import Controls
from sim.tasks import Boot, Signal

MODIFY: Final[Mapping[str, Any]] = {"check": ["perm", "/", ["Sys.Modify"]]}
AUDIT: Final[Mapping[str, Any]] = {"check": ["perm", "/", ["Sys.Audit"]]}
PARTS: Final = (
    "commands",
    "events",
    "faults",
    "kinds",
    "pause",
    "resume",
    "speed",
    "status",
    "step",
)

_ID: Final = Option("id", "Number of the fault.", "integer", required=True, minimum=1)
_AFTER: Final = Option("after", "Those after that number.", "integer", 0, minimum=0)
_LIMIT: Final = Option("limit", "So many at most.", "integer", 1000, minimum=1, maximum=20_000)
_FOLLOW: Final = Option("follow", "Go on with what happens, a line each.", "boolean", False)
_FAULT: Final = (
    Option("kind", "What goes wrong.", choices=tuple(KINDS), required=True),
    Option("node", "The node that it hits."),
    Option("link", "The cluster network."),
    Option("switch", "The switch."),
    Option("site", "The site."),
    Option("storage", "The storage."),
    Option("guest", "The guest, such as vm:100."),
    Option("groups", "Nodes by comma, groups by |: pve1 | pve2,pve3."),
    Option("value", "The kind's number, see /simulation/kinds.", "number"),
    Option("heal_after", "Seconds until it heals by itself.", "number", minimum=0),
)
_UNITS: Final = {
    "nic_flap": "seconds between down and up",
    "latency": "milliseconds that are added",
    "loss": "share of packets, from 0 to 1",
    "storage_slow": "how many times slower",
    "clock_jump": "seconds",
}


class Simulation:
    """The handlers. boot_of: the running boot of a node."""

    def __init__(self, controls: Controls, boot_of: Callable[[str], Boot]) -> None:
        self._controls, self._boot_of = controls, boot_of

    async def index(self, _request: Request, _ports: ApiPorts) -> Any:
        return [{"name": name} for name in PARTS]

    async def status(self, _request: Request, _ports: ApiPorts) -> Any:
        return self._controls.status()

    async def pause(self, _request: Request, _ports: ApiPorts) -> Any:
        self._controls.bridge.pause()
        return self._controls.status()

    async def resume(self, _request: Request, _ports: ApiPorts) -> Any:
        self._controls.bridge.resume()
        return self._controls.status()

    async def speed(self, request: Request, _ports: ApiPorts) -> Any:
        self._controls.bridge.set_speed(read_speed(request.parameters["speed"]))
        return self._controls.status()

    async def step(self, request: Request, _ports: ApiPorts) -> Any:
        """The second at which it will be over."""
        return {"until": self._controls.bridge.step(request.parameters["seconds"])}

    async def kinds(self, _request: Request, _ports: ApiPorts) -> Any:
        return [
            {
                "kind": kind,
                "needs": [name for name in needs if not name.endswith("?")],
                "takes": [name.rstrip("?") for name in needs if name.endswith("?")],
                **({"value": _UNITS[kind]} if kind in _UNITS else {}),
            }
            for kind, needs in KINDS.items()
        ]

    async def faults(self, _request: Request, _ports: ApiPorts) -> Any:
        return self._controls.faults()

    async def inject(self, request: Request, _ports: ApiPorts) -> Any:
        return self._controls.inject(fault_of(request.parameters))

    async def heal(self, request: Request, _ports: ApiPorts) -> Any:
        self._controls.heal(request.parameters["id"])

    async def heal_all(self, _request: Request, _ports: ApiPorts) -> Any:
        return self._controls.heal_all()

    async def command(self, request: Request, _ports: ApiPorts) -> Any:
        self._controls.world.operate(request.parameters["command"])

    async def events(self, request: Request, ports: ApiPorts) -> Any:
        given = request.parameters
        if not given["follow"]:
            return self._controls.events(given["after"], given["limit"])
        return self._following(given["after"], self._boot_of(ports.node))

    async def _following(self, after: int, boot: Boot) -> AsyncIterator[dict[str, Any]]:
        while True:
            for one in self._controls.events(after):
                after = one["n"]
                yield one
            more: Signal[None] = Signal(boot)
            self._controls.on_event(lambda more=more: more.fire_now(None))  # type: ignore[misc]
            await more

    def operations(self) -> tuple[Operation, ...]:
        speed = Option("speed", "Simulated seconds in one, or max.", required=True)
        seconds = Option("seconds", "How much time passes.", "number", required=True)
        command = Option("command", "As in scenario files.", required=True, max_length=400)
        return (
            Operation("GET", "/simulation", self.index, "What there is.", (), AUDIT),
            Operation("GET", "/simulation/status", self.status, "Time and nodes.", (), AUDIT),
            Operation("POST", "/simulation/pause", self.pause, "Time stands still.", (), MODIFY),
            Operation("POST", "/simulation/resume", self.resume, "Time goes on.", (), MODIFY),
            Operation("PUT", "/simulation/speed", self.speed, "How fast.", (speed,), MODIFY),
            Operation("POST", "/simulation/step", self.step, "Let time pass.", (seconds,), MODIFY),
            Operation("GET", "/simulation/kinds", self.kinds, "Kinds of faults.", (), AUDIT),
            Operation("GET", "/simulation/faults", self.faults, "Faults now.", (), AUDIT),
            Operation("POST", "/simulation/faults", self.inject, "A fault.", _FAULT, MODIFY),
            Operation("DELETE", "/simulation/faults", self.heal_all, "Heal all.", (), MODIFY),
            Operation("DELETE", "/simulation/faults/{id}", self.heal, "Heal it.", (_ID,), MODIFY),
            Operation(
                "POST",
                "/simulation/commands",
                self.command,
                "What an operator does.",
                (command,),
                MODIFY,
            ),
            Operation(
                "GET",
                "/simulation/events",
                self.events,
                "What happened, as data.",
                (_AFTER, _LIMIT, _FOLLOW),
                AUDIT,
            ),
        )


def fault_of(given: Mapping[str, Any]) -> Fault:
    """From the parameters of a request."""
    names = {field.name for field in fields(Fault)} - {"groups", "heal_after_s"}
    found = {name: value for name, value in given.items() if name in names}
    texts = str(given.get("groups") or "").split("|")
    groups = tuple(
        tuple(name.strip() for name in text.split(",") if name.strip()) for text in texts if text
    )
    return Fault(**found, groups=groups, heal_after_s=given.get("heal_after"))
