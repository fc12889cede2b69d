"""What every `NodeSystem` keeps, simulated or real."""

from __future__ import annotations

import pytest

from appliance.model.errors import MissingError
from appliance.ports.node_system import FILES, NodeSystem


async def keeps_files(system: NodeSystem) -> None:
    for name in FILES:
        before = await system.read(name)
        await system.write(name, "# one\n# two ä\n")
        assert await system.read(name) == "# one\n# two ä\n"
        await system.write(name, "")
        assert await system.read(name) == ""
        await system.write(name, before)
        assert await system.read(name) == before


async def starts_and_stops(system: NodeSystem, service: str) -> None:
    def running() -> bool:
        return next(one.running for one in system.services() if one.name == service)

    for verb, after in (("stop", False), ("start", True), ("restart", True), ("reload", True)):
        await system.control(service, verb)  # type: ignore[arg-type]
        assert running() is after, verb
    with pytest.raises(MissingError):
        await system.control("no-such-service", "start")


async def names_are_sorted(system: NodeSystem) -> None:
    for names in (
        [one.name for one in system.services()],
        [one.name for one in system.packages()],
        list(system.links()),
    ):
        assert names == sorted(names)
    assert [line.at_s for line in system.log()] == sorted(line.at_s for line in system.log())
