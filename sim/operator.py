"""What an operator asks of a simulated cluster, in Proxmox VE's words.

A request goes to a node that an operator could log in to: the first, by name, that runs and is
quorate. One that cannot be carried out becomes a `refused` event; an unknown word is a ConfigError.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping
from typing import Any, Final

from appliance.model.errors import ConfigError, QuorateError
from appliance.model.ha.datacenter import parse_datacenter
from appliance.model.ha.resources import Resource
from sim.boot import NodeBoot
from sim.events import Operator, Refused
from sim.facts import Facts
from sim.guests.processes import GuestHost
from sim.hardware.machine import Machine
from sim.journal import WorldJournal

Request = Coroutine[Any, Any, None]

USAGE: Final = (
    "ha-manager migrate SID NODE",
    "ha-manager relocate SID NODE",
    "ha-manager set SID --state started|stopped|disabled|ignored",
    "ha-manager add SID [--state STATE]",
    "ha-manager remove SID",
    "ha-manager crm-command stop SID TIMEOUT",
    "ha-manager crm-command node-maintenance enable|disable NODE",
    "ha-manager crm-command disarm-ha freeze|ignore",
    "ha-manager crm-command arm-ha",
    "node shutdown|reboot|poweron NODE",
    "service restart pve-ha-lrm|pve-ha-crm NODE",
    "guest load SID BUSY [BUSY_MEMORY]",
    "datacenter set LINE",
)
STATES: Final = ("started", "stopped", "disabled", "ignored")


class Console:
    """Takes command lines."""

    def __init__(
        self,
        journal: WorldJournal,
        facts: Facts,
        machines: Mapping[str, Machine],
        guests: GuestHost,
    ) -> None:
        self._journal, self._facts = journal, facts
        self._machines, self._guests = machines, guests

    def operate(self, command: str) -> None:
        """Ask for it now; what becomes of it is seen later."""
        words = command.split()
        act = self._parse(words, command)
        self._journal.emit("operator", Operator(command))
        act()

    def _parse(self, words: list[str], command: str) -> Callable[[], None]:
        match words:
            case ["ha-manager", *rest]:
                make = self._ha_manager(rest)
                if make is not None:
                    return lambda: self._at_a_node(command, make)
            case ["node", "shutdown" | "reboot" | "poweron" as verb, node]:
                machine = self._machine(node)
                return lambda: self._node(verb, machine, command)
            case ["service", "restart", "pve-ha-lrm" | "pve-ha-crm" as unit, node]:
                machine = self._machine(node)
                return lambda: self._restart(unit, machine, command)
            case ["guest", "load", sid, busy, *memory] if len(memory) < 2:
                load = [_number(text) for text in (busy, *memory)]
                self._known_guest(sid)
                return lambda: self._guests.catalog.set_load(sid, *load)
            case ["datacenter", "set", *line] if line:
                text = " ".join(line)
                parse_datacenter(text, strict=True, file="datacenter.cfg")
                return lambda: self._at_a_node(command, _set_datacenter(text))
        raise ConfigError(f"not understood; known requests: {'; '.join(USAGE)}", field=command)

    def _ha_manager(self, words: list[str]) -> Callable[[NodeBoot], Request] | None:
        """The request to make, or None if the words are not understood."""
        match words:
            case ["migrate" | "relocate" as verb, sid, node]:
                self._machine(node)
                return lambda boot: _queue(boot, f"{verb} {sid} {node}", sid)
            case ["set", sid, "--state", state] if state in STATES:
                return lambda boot: boot.config.set_requested_state(sid, state, None)
            case ["add", sid, *rest] if rest[:1] in ([], ["--state"]) and len(rest) in (0, 2):
                self._known_guest(sid)
                state = rest[1] if rest else "started"
                return lambda boot: _add(boot, sid, state)
            case ["remove", sid]:
                return lambda boot: boot.config.remove_service(sid)
            case ["crm-command", *rest]:
                return self._crm_command(rest)
        return None

    def _crm_command(self, words: list[str]) -> Callable[[NodeBoot], Request] | None:
        match words:
            case ["stop", sid, timeout] if timeout.isdigit():
                return lambda boot: _queue(boot, f"stop {sid} {timeout}", sid)
            case ["node-maintenance", "enable" | "disable" as verb, node]:
                self._machine(node)
                return lambda boot: _queue(boot, f"{verb}-node-maintenance {node}")
            case ["disarm-ha", "freeze" | "ignore" as mode]:
                return lambda boot: _queue(boot, f"disarm-ha {mode}")
            case ["arm-ha"]:
                return lambda boot: _queue(boot, "arm-ha")
        return None

    # carrying it out

    def _at_a_node(self, command: str, make: Callable[[NodeBoot], Request]) -> None:
        node = self._facts.contact()
        boot = None if node is None else self._machines[node].boot
        if boot is None:
            self._refuse(command, "no node is running and quorate")
            return
        boot.boot.begin(lambda: self._guarded(command, make, boot), command)

    async def _guarded(
        self, command: str, make: Callable[[NodeBoot], Request], boot: NodeBoot
    ) -> None:
        try:
            await make(boot)
        except QuorateError as error:
            self._refuse(command, str(error))

    def _node(self, verb: str, machine: Machine, command: str) -> None:
        if verb == "poweron":
            machine.wanted = True
            machine.power_on("operator")
        elif not machine.shutdown("reboot" if verb == "reboot" else "shutdown"):
            self._refuse(command, f"{machine.name} is {machine.state}")

    def _restart(self, unit: str, machine: Machine, command: str) -> None:
        if not machine.restart_daemon(unit.removeprefix("pve-ha-")):
            self._refuse(command, f"{machine.name} is {machine.state}")

    def _refuse(self, command: str, why: str) -> None:
        self._journal.emit("operator", Refused(command, why))

    # checks

    def _machine(self, node: str) -> Machine:
        if node not in self._machines:
            raise ConfigError(f"no such node; known: {', '.join(self._machines)}", field=node)
        return self._machines[node]

    def _known_guest(self, sid: str) -> None:
        if not self._guests.catalog.known(sid):
            raise ConfigError("no such guest", field=sid)


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise ConfigError("a number is needed", field=text) from None


def _set_datacenter(line: str) -> Callable[[NodeBoot], Request]:
    return lambda boot: boot.config.set_datacenter(lambda text: _with_line(text, line))


async def _queue(boot: NodeBoot, command: str, sid: str | None = None) -> None:
    if sid is not None and sid not in boot.config.config().services:
        raise QuorateError(f"no such service '{sid}'")
    await boot.ports.ha_state.queue_command(command)


async def _add(boot: NodeBoot, sid: str, state: str) -> None:
    if sid in boot.config.config().services:
        raise QuorateError(f"service '{sid}' is managed already")
    if boot.config.node_of(sid) is None:
        raise QuorateError(f"no such guest '{sid}'")
    await boot.config.put_service(Resource(sid, state))


def _with_line(text: str, line: str) -> str:
    """One line of datacenter.cfg replaces the option of that name."""
    key = line.partition(":")[0].strip()
    kept = [old for old in text.splitlines() if old.partition(":")[0].strip() != key]
    return "".join(f"{one}\n" for one in (*kept, line))
