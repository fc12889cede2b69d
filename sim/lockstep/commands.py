"""Commands of a case: hardware, services, the CRM queue. What is wrong with one aborts the run."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from appliance.model.ha.ids import SIMULATED_TYPES
from appliance.model.ha.resources import ServiceConfig
from sim.lockstep.events import Command
from sim.lockstep.hardware import Hardware, SimulationAbort

if TYPE_CHECKING:
    from sim.lockstep.driver import Driver

_SID = re.compile(r"[a-z]+:\S+")
_MIB = 2.0**20


def run_command(driver: Driver, text: str, actor: str) -> None:
    """Carry out one command on behalf of `actor`."""
    words = text.split()
    if len(words) < 2:
        raise SimulationAbort(f"sim_hardware_cmd: '{text}' names no node and no service")
    verb, subject, rest = words[0], words[1], words[2:]
    hardware = driver.hardware
    if verb == "service":
        if not _SID.fullmatch(subject):
            raise SimulationAbort(f"'{subject}' is no service id\n")
    elif subject not in hardware.nodes:
        raise SimulationAbort(f"sim_hardware_cmd: no such node '{subject}'\n")
    hardware.tell(hardware.now_s, actor, Command(text))
    if verb == "service":
        _service(hardware, text, subject, rest)
    else:
        _node(driver, text, verb, subject, rest)


def _unknown(text: str) -> SimulationAbort:
    return SimulationAbort(f"sim_hardware_cmd: unknown command '{text}'\n")


# --- nodes ---


def _node(driver: Driver, text: str, verb: str, node: str, rest: list[str]) -> None:
    machine = driver.hardware.nodes[node]
    match [verb, *rest]:
        case ["power", "on"]:
            driver.power_on(node)
        case ["power", "off"]:
            driver.power_off(node)
        case ["network", ("on" | "off") as word]:
            machine.network = word == "on"
            driver.hardware.topology_changed()
        case ["cfs", "rw", ("work" | "fail") as word]:
            machine.store_works = word == "work"
        case ["cfs", "update", ("work" | "fail") as word]:
            machine.update_works = word == "work"
        case ["pve-manager-version", "set", version]:
            machine.version = version
        case [("reboot" | "shutdown") as marker]:
            machine.marker = marker
            driver.ask_lrm(node, "reboot" if marker == "reboot" else "shutdown")
        case ["restart-lrm"]:
            driver.restart_lrm(node)
        case ["crm", *words]:
            _crm(driver, text, node, words)
        case _:
            raise _unknown(text)


def _crm(driver: Driver, text: str, node: str, words: list[str]) -> None:
    queue = driver.hardware.commands
    match words:
        case ["stop"]:
            driver.stop_crm(node)
        case ["start"]:
            driver.start_crm(node)
        case [("enable-node-maintenance" | "disable-node-maintenance") as action]:
            queue.append(f"{action} {node}")
        case ["disarm-ha", ("freeze" | "ignore") as mode]:
            queue.append(f"disarm-ha {mode}")
        case ["arm-ha"]:
            queue.append("arm-ha")
        case _:
            raise _unknown(text)


# --- services ---


def _service(hardware: Hardware, text: str, sid: str, words: list[str]) -> None:
    match words:
        case [("started" | "stopped" | "disabled" | "ignored") as state]:
            hardware.set_service(sid, state=state)
        case [("migrate" | "relocate") as verb, target]:
            hardware.commands.append(f"{verb} {sid} {target}")
        case ["stop", timeout] if timeout.isdecimal():
            hardware.commands.append(f"stop {sid} {timeout}")
        case ["add", node, *options] if len(options) <= 2:
            _add(hardware, sid, node, options)
        case ["delete"]:
            hardware.drop_service(sid)
        case ["manual-migrate", target]:
            _move_by_hand(hardware, sid, target)
        case [("lock" | "unlock") as verb, *names] if len(names) <= 1:
            _lock(hardware, sid, verb, names)
        case [("set-static-stats" | "set-dynamic-stats") as verb, *pairs]:
            _set_stats(hardware, text, sid, verb, pairs)
        case _:
            raise _unknown(text)


def _lock(hardware: Hardware, sid: str, verb: str, names: list[str]) -> None:
    hardware.service(sid)
    if verb == "lock":
        hardware.guest_locks[sid] = names[0] if names else "backup"
    elif not names or hardware.guest_locks.get(sid) == names[0]:
        hardware.guest_locks.pop(sid, None)


def _add(hardware: Hardware, sid: str, node: str, options: list[str]) -> None:
    if sid in hardware.services:
        raise SimulationAbort(f"service '{sid}' exists already\n")
    if sid.partition(":")[0] not in SIMULATED_TYPES:
        raise SimulationAbort(f"'{sid}' has no known type\n")
    if node not in hardware.nodes:
        raise SimulationAbort(f"no such node '{node}'\n")
    state = options[0] if options else "started"
    hardware.put_service(ServiceConfig(sid, node, "started" if state == "enabled" else state))
    hardware.nodes[node].running[sid] = len(options) == 2 and options[1] == "1"


def _move_by_hand(hardware: Hardware, sid: str, target: str) -> None:
    config = hardware.service(sid)
    disarm = hardware.manager_status.disarm
    if config.state != "ignored" and (disarm is None or disarm.mode != "ignore"):
        raise SimulationAbort(f"service '{sid}' is managed by HA and not moved by hand\n")
    if target not in hardware.nodes:
        raise SimulationAbort(f"no such node '{target}'\n")
    hardware.set_service(sid, node=target)


def _set_stats(hardware: Hardware, text: str, sid: str, verb: str, pairs: list[str]) -> None:
    stats, names = hardware.dynamic_stats, ("cpu", "mem")
    if verb == "set-static-stats":
        stats, names = hardware.static_stats, ("maxcpu", "maxmem")
    cpu, mem = stats.get(sid, (0.0, 0.0))
    if len(pairs) % 2:
        raise _unknown(text)
    for name, value in zip(pairs[::2], pairs[1::2], strict=True):
        try:
            number = float(value)
        except ValueError:
            raise _unknown(text) from None
        if name not in names:
            raise _unknown(text)
        if name == names[0]:
            cpu = number
        else:
            mem = number * _MIB
    stats[sid] = (cpu, mem)
