"""The contract of couriers, on the simulated network and over HTTPS."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, TypeVar, cast

import pytest

from appliance.api.api import Api
from appliance.model.cluster.certificate import fingerprint_of_pem
from appliance.web.asgi import AsgiApp
from appliance.web.listener import Listener, TlsFiles
from appliance.web.sockets import tls_socket
from drivers.https.courier import HttpsCourier
from drivers.tls.certificate import own_identity
from sim.faults import Fault
from sim.stage.apis import Apis
from sim.stage.contents import contents, served_layout
from sim.stage.courier import SimCourier
from sim.tasks import Boot, Signal
from sim.world import World
from tests.contract.courier import CourierContract, FarEnd

T = TypeVar("T")
FAR = "pve2"


class _Town(Apis):
    """One of the nodes has the far end in place of its API."""

    far: FarEnd

    def process(self, node: str) -> tuple[Boot, Api] | None:
        found = super().process(node)
        if found is None or node != FAR:
            return found
        return found[0], cast("Api", self.far)


class SimWorld:
    def __init__(self) -> None:
        layout = served_layout(2, 0)
        self.world = World(layout, files=contents(layout))
        town = _Town(self.world)
        self.world.run(10)
        near, there = town.process("pve1"), self.world.machines[FAR].boot
        assert near is not None
        assert there is not None
        far_boot = there.boot

        async def forever() -> None:
            await Signal[None](far_boot)

        self.far = town.far = FarEnd(forever)
        self._boot = near[0]
        self.courier = SimCourier(town, self._boot)
        self.address = town.addresses(FAR)[0]
        self.fingerprint = fingerprint_of_pem(town.certificate(FAR))

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        task = self._boot.spawn(work, "test")
        for _ in range(600):
            if task.done():
                return task.result()
            self.world.run(self.world.now_s + 0.2)
        raise AssertionError("it does not end")

    def lose(self) -> None:
        self.world.inject(Fault("power", FAR))


class TestSimulatedCourier(CourierContract):
    @pytest.fixture
    def world(self) -> SimWorld:
        return SimWorld()


class _Silent:
    def emit(self, source: str, event: object) -> None:
        """Nothing is told in a test."""


class RealWorld:
    """The other node listens for as long as something runs here."""

    def __init__(self, folder: Path) -> None:
        identity = own_identity(folder, "n2", ("127.0.0.1",))
        listening = tls_socket("127.0.0.1", 0)
        self.address = f"127.0.0.1:{listening.getsockname()[1]}"
        self.fingerprint = identity.fingerprint
        self.far, self.courier = FarEnd(self._forever), HttpsCourier()
        self._lost = False
        self._listener = Listener(
            AsgiApp(self.far, _Silent(), local=False),
            [listening],
            TlsFiles(identity.certificate, identity.key),
        )

    async def _forever(self) -> None:
        await asyncio.Event().wait()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        async def main() -> T:
            if not self._lost:
                await self._listener.start()
            try:
                async with asyncio.timeout(20):
                    return await work
            finally:
                self._listener.drop()
                await asyncio.sleep(0)

        return asyncio.run(main())

    def lose(self) -> None:
        self._lost = True
        self._listener.drop()


class TestHttpsCourier(CourierContract):
    @pytest.fixture
    def world(self, tmp_path: Path) -> RealWorld:
        return RealWorld(tmp_path)
