"""Carries out faults on the models and takes them back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import Protocol

from appliance.model.errors import ConfigError
from sim.events import FaultBegins, FaultHeals
from sim.faults import INSTANT, KINDS, Fault
from sim.guests.processes import GuestHost
from sim.guests.storage import Storage
from sim.hardware.machine import Machine
from sim.journal import WorldJournal
from sim.kernel import ORDER_FAULT, Kernel, Timer, to_us
from sim.layout import ClusterLayout
from sim.network.fabric import Fabric

Heal = Callable[[], None]


class Network(Protocol):
    """What happens after the fabric was changed."""

    def fabric_changed(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Targets:
    """The models that faults act upon."""

    kernel: Kernel
    journal: WorldJournal
    layout: ClusterLayout
    machines: Mapping[str, Machine]
    fabric: Fabric
    network: Network
    storage: Storage
    guests: GuestHost


def _nothing() -> None:
    """Nothing to take back."""


class Injector:
    """Faults of one world, numbered from 1."""

    def __init__(self, targets: Targets) -> None:
        self._to = targets
        self._count = 0
        self._active: dict[int, tuple[Fault, Heal, Timer | None]] = {}

    def begin(self, fault: Fault) -> int:
        """It happens now. ConfigError if it names what does not exist. Returns its number."""
        begin: Callable[[Fault], Heal] | None = getattr(self, f"_begin_{fault.kind}", None)
        if begin is None or fault.kind not in KINDS:
            raise ConfigError(f"no such fault; known: {', '.join(KINDS)}", field=fault.kind)
        _check_fields(fault)
        self._count += 1
        number = self._count
        self._to.journal.emit(
            "world",
            FaultBegins(number, fault.kind, describe(fault), fault.node, fault.heal_after_s),
        )
        try:
            heal = begin(fault)
        except (KeyError, ValueError) as error:
            raise ConfigError(str(error), field=fault.kind) from error
        if fault.kind in INSTANT:
            return number
        timer = None
        if fault.heal_after_s is not None:
            due_us = to_us(fault.heal_after_s)
            timer = self._to.kernel.call_in(due_us, lambda: self.heal(number), ORDER_FAULT)
        self._active[number] = (fault, heal, timer)
        return number

    def heal(self, number: int) -> None:
        """End it. Harmless if it has ended."""
        found = self._active.pop(number, None)
        if found is None:
            return
        fault, heal, timer = found
        if timer is not None:
            timer.cancel()
        self._to.journal.emit("world", FaultHeals(number, fault.kind, describe(fault)))
        heal()

    def heal_all(self) -> None:
        for number in tuple(self._active):
            self.heal(number)

    # machines

    def _begin_power(self, fault: Fault) -> Heal:
        machine = self._machine(fault)
        machine.power_fault("power cut")
        return lambda: machine.power_fault_ends("power is back")

    def _begin_reset(self, fault: Fault) -> Heal:
        self._machine(fault).reset("reset")
        return _nothing

    def _begin_hang(self, fault: Fault) -> Heal:
        machine = self._machine(fault)
        machine.hang()
        return machine.unhang

    def _begin_pause(self, fault: Fault) -> Heal:
        machine = self._machine(fault)
        boot = machine.boot
        machine.pause()
        return lambda: machine.resume() if machine.boot is boot else None

    def _begin_clock_jump(self, fault: Fault) -> Heal:
        assert fault.value is not None
        self._machine(fault).wall.jump(fault.value)
        return _nothing

    def _begin_watchdog_broken(self, fault: Fault) -> Heal:
        machine = self._machine(fault)
        machine.watchdog_fault()
        return machine.watchdog_fault_ends

    def _begin_site(self, fault: Fault) -> Heal:
        assert fault.site is not None
        site = fault.site
        there = [one for one in self._to.machines.values() if one.spec.site == site]
        heal_network = self._wire(
            lambda: self._to.fabric.set_site_network(site, up=False),
            lambda: self._to.fabric.set_site_network(site, up=True),
        )
        for machine in there:
            machine.power_fault(f"power of {site} is lost")

        def heal() -> None:
            heal_network()
            for machine in there:
                machine.power_fault_ends(f"power of {site} is back")

        return heal

    def _machine(self, fault: Fault) -> Machine:
        assert fault.node is not None
        if fault.node not in self._to.machines:
            raise ValueError(f"no node {fault.node}")
        return self._to.machines[fault.node]

    # network

    def _wire(self, cut: Callable[[], None], mend: Callable[[], None]) -> Heal:
        cut()
        self._to.network.fabric_changed()

        def heal() -> None:
            mend()
            self._to.network.fabric_changed()

        return heal

    def _begin_nic(self, fault: Fault) -> Heal:
        node, link, fabric = str(fault.node), str(fault.link), self._to.fabric
        return self._wire(
            lambda: fabric.set_nic(node, link, up=False),
            lambda: fabric.set_nic(node, link, up=True),
        )

    def _begin_nic_flap(self, fault: Fault) -> Heal:
        """Down first, then up and down in turn."""
        assert fault.value is not None
        period_us = max(1, to_us(fault.value))
        mend: Heal | None = self._begin_nic(fault)
        timer: Timer

        def turn() -> None:
            nonlocal mend, timer
            if mend is None:
                mend = self._begin_nic(fault)
            else:
                mend()
                mend = None
            timer = self._to.kernel.call_in(period_us, turn, ORDER_FAULT)

        def heal() -> None:
            timer.cancel()
            if mend is not None:
                mend()

        timer = self._to.kernel.call_in(period_us, turn, ORDER_FAULT)
        return heal

    def _begin_isolate(self, fault: Fault) -> Heal:
        node, fabric = str(fault.node), self._to.fabric
        links = [link.name for link in self._to.layout.links]

        def all_nics(*, up: bool) -> None:
            for link in links:
                fabric.set_nic(node, link, up=up)

        return self._wire(lambda: all_nics(up=False), lambda: all_nics(up=True))

    def _begin_switch(self, fault: Fault) -> Heal:
        name, fabric = str(fault.switch), self._to.fabric
        return self._wire(
            lambda: fabric.set_switch(name, up=False), lambda: fabric.set_switch(name, up=True)
        )

    def _begin_trunk(self, fault: Fault) -> Heal:
        link, fabric = str(fault.link), self._to.fabric
        return self._wire(
            lambda: fabric.set_trunk(link, up=False), lambda: fabric.set_trunk(link, up=True)
        )

    def _begin_partition(self, fault: Fault) -> Heal:
        fabric = self._to.fabric
        handle = fabric.block(fault.groups, fault.link)
        return self._wire(_nothing, lambda: fabric.unblock(handle))

    def _begin_one_way(self, fault: Fault) -> Heal:
        fabric = self._to.fabric
        if len(fault.groups) != 2:
            raise ValueError("one_way needs two groups: who is not heard, and by whom")
        handle = fabric.block_one_way(fault.groups[0], fault.groups[1], fault.link)
        return self._wire(_nothing, lambda: fabric.unblock(handle))

    def _begin_latency(self, fault: Fault) -> Heal:
        link, added_ms, cause = str(fault.link), fault.value or 0.0, self._count
        fabric = self._to.fabric
        return self._wire(
            lambda: fabric.set_latency(link, added_ms, cause),
            lambda: fabric.set_latency(link, 0.0, cause),
        )

    def _begin_loss(self, fault: Fault) -> Heal:
        link, share, cause = str(fault.link), fault.value or 0.0, self._count
        fabric = self._to.fabric
        return self._wire(
            lambda: fabric.set_loss(link, share, cause), lambda: fabric.set_loss(link, 0.0, cause)
        )

    def _begin_qdevice(self, _fault: Fault) -> Heal:
        fabric = self._to.fabric
        return self._wire(lambda: fabric.set_qdevice(up=False), lambda: fabric.set_qdevice(up=True))

    def _begin_qdevice_cut(self, fault: Fault) -> Heal:
        node, fabric = str(fault.node), self._to.fabric
        return self._wire(
            lambda: fabric.set_qdevice_path(node, up=False),
            lambda: fabric.set_qdevice_path(node, up=True),
        )

    # storage and guests

    def _begin_storage(self, fault: Fault) -> Heal:
        pool, node, storage = str(fault.storage), fault.node, self._to.storage
        storage.begin_outage(pool, node)
        return lambda: storage.end_outage(pool, node)

    def _begin_storage_slow(self, fault: Fault) -> Heal:
        pool, factor, storage = str(fault.storage), fault.value or 1.0, self._to.storage
        storage.begin_slow(pool, factor)
        return lambda: storage.end_slow(pool, factor)

    def _begin_disk_full(self, fault: Fault) -> Heal:
        pool, node, storage = str(fault.storage), fault.node, self._to.storage
        storage.begin_full(pool, node)
        return lambda: storage.end_full(pool, node)

    def _begin_guest_crash(self, fault: Fault) -> Heal:
        self._to.guests.crash(str(fault.guest))
        return _nothing


def _check_fields(fault: Fault) -> None:
    for name in KINDS[fault.kind]:
        if not name.endswith("?") and not getattr(fault, name):
            raise ConfigError(f"fault {fault.kind} needs it", field=name)


def describe(fault: Fault) -> str:
    """What it concerns, in words: `node1 link0`, `node1,node2 | node3`, `switch1`."""
    words = []
    for field in fields(fault):
        value = getattr(fault, field.name)
        if field.name in ("kind", "heal_after_s") or value is None or value == ():
            continue
        if field.name == "groups":
            words.append(" | ".join(",".join(group) for group in value))
        else:
            words.append(f"{value:g}" if isinstance(value, float) else str(value))
    return " ".join(words)
