"""The simulated operating system keeps the contract of its port."""

from __future__ import annotations

import asyncio

import pytest

from appliance.model.errors import RefusedError
from appliance.ports.node_system import INTERFACES
from sim.journal import WorldJournal
from sim.kernel import Kernel
from sim.node_system import NodeSystems, SimNodeSystem, installed
from tests.contract import node_system as contract


@pytest.fixture
def systems() -> NodeSystems:
    journal = WorldJournal(Kernel())
    return NodeSystems(journal, {"n1": "192.0.2.1", "n2": "192.0.2.2"}, installed())


@pytest.fixture
def system(systems: NodeSystems) -> SimNodeSystem:
    return systems.system("n1")


def test_files(system: SimNodeSystem) -> None:
    asyncio.run(contract.keeps_files(system))


def test_services(system: SimNodeSystem) -> None:
    asyncio.run(contract.starts_and_stops(system, "chrony"))


def test_names(system: SimNodeSystem) -> None:
    asyncio.run(contract.names_are_sorted(system))


def test_the_next_boot_has_the_files_and_runs_everything(systems: NodeSystems) -> None:
    async def stop(system: SimNodeSystem) -> None:
        await system.write("hosts", "# kept\n")
        await system.control("chrony", "stop")

    asyncio.run(stop(systems.system("n1")))
    again = systems.system("n1")
    assert asyncio.run(again.read("hosts")) == "# kept\n"
    assert all(service.running for service in again.services())
    assert asyncio.run(systems.system("n2").read("hosts")) != "# kept\n"


def test_links_are_what_was_put_in_force(system: SimNodeSystem) -> None:
    async def add(name: str) -> None:
        text = await system.read(INTERFACES)
        await system.write(INTERFACES, f"{text}auto {name}\niface {name} inet manual\n\n")

    asyncio.run(add("vmbr5"))
    assert "vmbr5" not in system.links()
    asyncio.run(system.reload_network())
    assert system.links()["vmbr5"].up
    asyncio.run(add("eth7"))
    with pytest.raises(RefusedError, match="eth7"):
        asyncio.run(system.reload_network())
    assert "eth7" not in system.links()
