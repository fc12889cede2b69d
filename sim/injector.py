"""Carries out faults on the models and takes them back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sim.faults import Fault
from sim.guests.processes import GuestHost
from sim.guests.storage import Storage
from sim.hardware.machine import Machine
from sim.network.injector import Heal, NetworkInjector, Wiring, nothing


@dataclass(frozen=True, slots=True)
class Targets:
    """The models that faults act upon."""

    wiring: Wiring
    machines: Mapping[str, Machine]
    storage: Storage
    guests: GuestHost


class Injector(NetworkInjector):
    """Faults of machines, network, storage and guests."""

    def __init__(self, targets: Targets) -> None:
        super().__init__(targets.wiring)
        self._to = targets

    # machines

    def _begin_power(self, fault: Fault) -> Heal:
        machine = self._machine(fault)
        machine.power_fault("power cut")
        return lambda: machine.power_fault_ends("power is back")

    def _begin_reset(self, fault: Fault) -> Heal:
        self._machine(fault).reset("reset")
        return nothing

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
        return nothing

    def _begin_watchdog_broken(self, fault: Fault) -> Heal:
        machine = self._machine(fault)
        machine.watchdog_fault()
        return machine.watchdog_fault_ends

    def _begin_site(self, fault: Fault) -> Heal:
        assert fault.site is not None
        site = fault.site
        there = [one for one in self._to.machines.values() if one.spec.site == site]
        heal_network = self._wire(
            lambda: self._wiring.fabric.set_site_network(site, up=False),
            lambda: self._wiring.fabric.set_site_network(site, up=True),
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
        return nothing
