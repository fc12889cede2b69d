"""The `Courier` port in the simulated world: requests from node to node, through its network."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Final

from appliance.api.api import Api
from appliance.model.cluster.certificate import fingerprint_of_pem
from appliance.model.errors import BrokenOffError, UnreachableError
from appliance.ports.http import HttpAnswer, HttpRequest
from sim.kernel import to_us
from sim.operations.calls import Town
from sim.tasks import Boot, Signal

TRIP_US: Final = to_us(0.0005)
NO_ROUTE_US: Final = to_us(3)  # until a host that does not answer is given up
LOOK_US: Final = to_us(1)  # how often it is looked whether the other end is still there
LOST_US: Final = to_us(20)  # a connection with nobody at its other end


class SimCourier:
    """Of one boot."""

    def __init__(self, town: Town, boot: Boot) -> None:
        self._town, self._boot = town, boot

    async def carry(self, address: str, fingerprint: str, request: HttpRequest) -> HttpAnswer:
        node = self._town.node_at(address)
        if node is None or not self._town.reaches(self._boot.node, node):
            await self._boot.sleep(NO_ROUTE_US)
            raise UnreachableError("No route to host")
        found = self._town.process(node)
        if found is None:
            raise UnreachableError("Connection refused")
        if fingerprint_of_pem(self._town.certificate(node)) != fingerprint:
            raise UnreachableError(f"{node} shows another certificate than it published")
        await self._boot.sleep(TRIP_US)
        carried = replace(request, address=self._town.addresses(self._boot.node)[0])
        return await _Journey(self._town, self._boot, found, carried).answer()


class _Journey:
    """One request on another node."""

    def __init__(
        self, town: Town, boot: Boot, there: tuple[Boot, Api], request: HttpRequest
    ) -> None:
        self._town, self._boot, self._request = town, boot, request
        self._there, self._api = there
        self._silent_us = 0

    async def answer(self) -> HttpAnswer:
        reply: Signal[HttpAnswer] = Signal(self._boot)

        async def handle() -> None:
            found = await self._api.handle(self._request)
            await self._there.sleep(TRIP_US)
            if self._connected():
                reply.fire(found)

        self._there.spawn(handle(), f"{self._request.verb} {self._request.path}")
        self._watch(reply)
        answer = await reply
        if answer.stream is None:
            return answer
        return replace(answer, stream=self._pieces(answer.stream))

    async def _pieces(self, stream: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        while True:
            piece: Signal[bytes | None] = Signal(self._boot)

            async def fetch(piece: Signal[bytes | None] = piece) -> None:
                found = await anext(stream, None)
                if self._connected():
                    piece.fire(found)

            self._there.spawn(fetch(), "stream")
            self._watch(piece)
            found = await piece
            if found is None:
                return
            yield found

    def _watch(self, signal: Signal[HttpAnswer] | Signal[bytes | None]) -> None:
        """Whoever waits for what will never come is told in the end."""

        def look() -> None:
            if signal.fired or not self._boot.alive:
                return
            self._silent_us = 0 if self._connected() else self._silent_us + LOOK_US
            if self._silent_us >= LOST_US:
                signal.fail(BrokenOffError("Connection timed out"))
                return
            self._boot.kernel.call_in(LOOK_US, look)

        self._boot.kernel.call_in(LOOK_US, look)

    def _connected(self) -> bool:
        return self._there.alive and self._town.reaches(self._boot.node, self._there.node)
