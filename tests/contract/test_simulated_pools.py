"""The contract of storages, on every type of a simulated cluster."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any

import pytest

from appliance.model.storage.kinds import KINDS
from tests.contract.pools import PoolBench, PoolContract
from tests.sim.storage.rig import StorageRig


@pytest.fixture(params=sorted(KINDS))
def bench(request: pytest.FixtureRequest) -> PoolBench:
    return SimBench(request.param)


class SimBench(StorageRig):
    """A storage of one type, and one of the kind that takes anything."""

    def __init__(self, kind: str) -> None:
        super().__init__()
        self.storage, self.other = kind, "spare"

    def run(self, coro: Coroutine[Any, Any, Any]) -> Any:
        return self.finish(self.here, coro)

    def write(self, volid: str) -> None:
        self.contents(volid).mark = self.world.volumes.shelves.new_mark()

    def content(self, volid: str, node: str = "") -> str:
        return str(self.contents(volid, node).mark)


class TestSimulatedPools(PoolContract):
    pass
