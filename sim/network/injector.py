"""Carries out faults and takes them back: numbering, healing, and the network's own faults."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Protocol

from appliance.model.errors import ConfigError
from sim.events import FaultBegins, FaultHeals
from sim.faults import INSTANT, KINDS, Fault
from sim.journal import WorldJournal
from sim.kernel import ORDER_FAULT, Kernel, Timer, to_us
from sim.layout import ClusterLayout
from sim.network.fabric import Fabric

Heal = Callable[[], None]


class Network(Protocol):
    """What happens after the fabric was changed."""

    def fabric_changed(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Wiring:
    """What the network's faults act upon."""

    kernel: Kernel
    journal: WorldJournal
    layout: ClusterLayout
    fabric: Fabric
    network: Network


def nothing() -> None:
    """Nothing to take back."""


class NetworkInjector:
    """Faults of one world, numbered from 1. A kind is a method `_begin_<kind>`."""

    def __init__(self, wiring: Wiring) -> None:
        self._wiring = wiring
        self._count = 0
        self._active: dict[int, tuple[Fault, Heal, Timer | None]] = {}

    def can(self, kind: str) -> bool:
        """Whether this kind of fault can happen in this world."""
        return kind in KINDS and hasattr(self, f"_begin_{kind}")

    def active(self) -> dict[int, Fault]:
        """What has begun and not healed, by number."""
        return {number: found[0] for number, found in self._active.items()}

    def begin(self, fault: Fault) -> int:
        """It happens now. ConfigError if it names what does not exist. Returns its number."""
        begin: Callable[[Fault], Heal] | None = getattr(self, f"_begin_{fault.kind}", None)
        if begin is None or not self.can(fault.kind):
            raise ConfigError(f"no such fault; known: {', '.join(KINDS)}", field=fault.kind)
        _check_fields(fault)
        self._count += 1
        number = self._count
        self._wiring.journal.emit(
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
            timer = self._wiring.kernel.call_in(due_us, lambda: self.heal(number), ORDER_FAULT)
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
        self._wiring.journal.emit("world", FaultHeals(number, fault.kind, describe(fault)))
        heal()

    def heal_all(self) -> None:
        for number in tuple(self._active):
            self.heal(number)

    # network

    def _wire(self, cut: Callable[[], None], mend: Callable[[], None]) -> Heal:
        cut()
        self._wiring.network.fabric_changed()

        def heal() -> None:
            mend()
            self._wiring.network.fabric_changed()

        return heal

    def _begin_nic(self, fault: Fault) -> Heal:
        node, link, fabric = str(fault.node), str(fault.link), self._wiring.fabric
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
            timer = self._wiring.kernel.call_in(period_us, turn, ORDER_FAULT)

        def heal() -> None:
            timer.cancel()
            if mend is not None:
                mend()

        timer = self._wiring.kernel.call_in(period_us, turn, ORDER_FAULT)
        return heal

    def _begin_isolate(self, fault: Fault) -> Heal:
        node, fabric = str(fault.node), self._wiring.fabric
        links = [link.name for link in self._wiring.layout.links]

        def all_nics(*, up: bool) -> None:
            for link in links:
                fabric.set_nic(node, link, up=up)

        return self._wire(lambda: all_nics(up=False), lambda: all_nics(up=True))

    def _begin_switch(self, fault: Fault) -> Heal:
        name, fabric = str(fault.switch), self._wiring.fabric
        return self._wire(
            lambda: fabric.set_switch(name, up=False), lambda: fabric.set_switch(name, up=True)
        )

    def _begin_trunk(self, fault: Fault) -> Heal:
        link, fabric = str(fault.link), self._wiring.fabric
        return self._wire(
            lambda: fabric.set_trunk(link, up=False), lambda: fabric.set_trunk(link, up=True)
        )

    def _begin_partition(self, fault: Fault) -> Heal:
        fabric = self._wiring.fabric
        handle = fabric.block(fault.groups, fault.link)
        return self._wire(nothing, lambda: fabric.unblock(handle))

    def _begin_one_way(self, fault: Fault) -> Heal:
        fabric = self._wiring.fabric
        if len(fault.groups) != 2:
            raise ValueError("one_way needs two groups: who is not heard, and by whom")
        handle = fabric.block_one_way(fault.groups[0], fault.groups[1], fault.link)
        return self._wire(nothing, lambda: fabric.unblock(handle))

    def _begin_latency(self, fault: Fault) -> Heal:
        link, added_ms, cause = str(fault.link), fault.value or 0.0, self._count
        fabric = self._wiring.fabric
        return self._wire(
            lambda: fabric.set_latency(link, added_ms, cause),
            lambda: fabric.set_latency(link, 0.0, cause),
        )

    def _begin_loss(self, fault: Fault) -> Heal:
        link, share, cause = str(fault.link), fault.value or 0.0, self._count
        fabric = self._wiring.fabric
        return self._wire(
            lambda: fabric.set_loss(link, share, cause), lambda: fabric.set_loss(link, 0.0, cause)
        )

    def _begin_qdevice(self, _fault: Fault) -> Heal:
        fabric = self._wiring.fabric
        return self._wire(lambda: fabric.set_qdevice(up=False), lambda: fabric.set_qdevice(up=True))

    def _begin_qdevice_cut(self, fault: Fault) -> Heal:
        node, fabric = str(fault.node), self._wiring.fabric
        return self._wire(
            lambda: fabric.set_qdevice_path(node, up=False),
            lambda: fabric.set_qdevice_path(node, up=True),
        )


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
