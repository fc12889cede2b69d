"""Simulated hosts of guests keep the contract."""

from __future__ import annotations

from collections.abc import Coroutine
from dataclasses import replace
from typing import Any, TypeVar

import pytest

from appliance.model.errors import RefusedError
from appliance.model.guest.config import GuestConfig, Settings, write_guest
from appliance.model.guest.document import GuestKind
from appliance.model.guest.running import Launch
from sim.entropy import Entropy
from sim.guests.hosting import SimContainerHost, SimGuestHost, SimVmHost
from sim.guests.specs import Specs, spec_of
from sim.kernel import to_us
from sim.layout import GIB, GuestSpec, StorageSpec
from tests.contract.guest_host import CT, SETTINGS, VM, GuestHostContract, HostWorld
from tests.sim.guests.rig import Rig

T = TypeVar("T")
DISKS = {"vm-100-disk-0": 4, "vm-100-disk-1": 1, "vm-101-disk-0": 4, "vm-100-state-x": 1}


class SimulatedHost:
    def __init__(self) -> None:
        self.rig = Rig(storages=(StorageSpec("fast", shared=False),))
        self.texts: dict[str, str] = {}
        for sid, settings in SETTINGS.items():
            self.configure(sid, settings)
        storage, chance = self.rig.storage, Entropy(4)
        for name, size in DISKS.items():
            volume = storage.volume("fast", "n1", name)
            assert storage.create(volume, size * GIB, "n1") is None
        specs = Specs(self.rig.catalog, chance, lambda sid: (self.texts[sid], "n1"))
        self.host = SimGuestHost(self.rig.boots["n1"], self.rig.mover, specs, chance)
        self.vms, self.containers = SimVmHost(self.host), SimContainerHost(self.host)

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        task = self.rig.boots["n1"].spawn(work, "work")
        for _ in range(10_000):
            if task.done():
                return task.result()
            self.pass_s(0.05)
        raise AssertionError("it does not end")

    def begin(self, work: Coroutine[Any, Any, Any]) -> None:
        self.rig.boots["n1"].spawn(work, "work")

    def pass_s(self, seconds: float) -> None:
        self.rig.kernel.run(self.rig.kernel.now_us + to_us(seconds))

    def settings(self, sid: str) -> Settings:
        return SETTINGS[sid]

    def configure(self, sid: str, settings: Settings) -> None:
        kind: GuestKind = "ct" if sid == CT else "vm"
        self.texts[sid] = write_guest(GuestConfig(kind, settings))

    def spare(self) -> str:
        return "fast:vm-100-state-x"


class TestSimulated(GuestHostContract):
    @pytest.fixture
    def world(self) -> HostWorld:
        return SimulatedHost()

    def test_its_disks_are_open_while_it_runs_and_no_longer(self) -> None:
        world = SimulatedHost()
        storage = world.rig.storage

        def writers() -> list[str]:
            volumes = (storage.volume("fast", "n1", name) for name in DISKS)
            return [volume.name for volume in volumes if storage.writers(volume)]

        world.run(world.host.start(Launch(VM, world.settings(VM))))
        assert writers() == ["vm-100-disk-0", "vm-100-disk-1"]
        world.run(world.vms.mirror(VM, "scsi1", world.spare()))
        assert writers() == ["vm-100-disk-0", "vm-100-state-x"]
        world.run(world.host.stop(VM))
        assert writers() == []

    def test_a_slow_storage_makes_a_slow_start(self) -> None:
        world = SimulatedHost()
        world.rig.storage.begin_outage("fast")
        world.begin(world.host.start(Launch(VM, world.settings(VM))))
        world.pass_s(20)
        assert world.host.state(VM) is None
        world.rig.storage.end_outage("fast")
        world.pass_s(20)
        assert world.host.state(VM) is not None

    def test_it_cannot_have_more_memory_than_there_is(self) -> None:
        world = SimulatedHost()
        much = world.settings(VM).with_values({"memory": "99999999"})
        with pytest.raises(RefusedError, match="memory"):
            world.run(world.host.start(Launch(VM, much)))

    def test_the_same_seed_has_the_same_load(self) -> None:
        def story(seed: int) -> list[Any]:
            world = SimulatedHost()
            world.host._chance = Entropy(seed)
            world.run(world.host.start(Launch(VM, world.settings(VM))))
            found = []
            for _ in range(5):
                world.pass_s(33)
                found.append(world.host.load(VM))
            return found

        assert story(1) == story(1)
        assert story(1) != story(2)
        cpus = [load.cpu for load in story(1)]
        assert len(set(cpus)) == len(cpus)


def test_a_guest_of_the_layout_keeps_its_disk() -> None:
    old = GuestSpec("vm:100", "n1")
    settings = Settings({"cores": "8", "memory": "1024"})
    new = spec_of("vm:100", "n1", settings, old, Entropy(1))
    assert new == replace(old, cpus=8, memory_bytes=GIB)
