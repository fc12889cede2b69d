"""Nodes on loopback addresses: each listens for as long as an operating system runs on it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from typing import Final

from appliance.api.http import HttpAnswer, HttpRequest
from appliance.web.asgi import AsgiApp, DroppedError
from appliance.web.listener import Listener, TlsFiles
from appliance.web.sockets import tls_socket
from sim.journal import NodeJournal
from sim.stage.apis import Apis
from sim.stage.bridge import Bridge, LostError
from sim.tasks import Boot

LAST_WORDS_S: Final = 0.1  # for an answer that is on its way when the power goes
LOOK_S: Final = 0.02


class NodeFace:
    """The way to whatever boot of a node runs at the moment. Implements `Answers`."""

    def __init__(self, apis: Apis, bridge: Bridge, node: str) -> None:
        self._apis, self._bridge, self._node = apis, bridge, node

    async def handle(self, request: HttpRequest) -> HttpAnswer:
        found = self._apis.process(self._node)
        if found is None:
            raise DroppedError
        boot, api = found
        try:
            answer = await self._bridge.ask(boot, api.handle(request))
        except LostError:
            raise DroppedError from None
        return dropping(answer, self._bridge, boot)

    def admit(self, head: HttpRequest) -> HttpAnswer | None:
        found = self._apis.process(self._node)
        if found is None:
            raise DroppedError
        return found[1].admit(head)


def dropping(answer: HttpAnswer, bridge: Bridge, boot: Boot) -> HttpAnswer:
    """Its stream as it comes out of the boot; DroppedError when that ends."""
    if answer.stream is None:
        return answer
    return replace(answer, stream=_dropping(bridge.stream(boot, answer.stream)))


async def _dropping(pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    try:
        async for piece in pieces:
            yield piece
    except LostError:
        raise DroppedError from None


class Hall:
    """All nodes' listeners. addresses: where each node listens."""

    def __init__(
        self,
        apis: Apis,
        bridge: Bridge,
        addresses: Mapping[str, tuple[str, int]],
        tls: Mapping[str, TlsFiles],
    ) -> None:
        self._apis, self._addresses, self._tls = apis, addresses, tls
        self._apps = {
            node: AsgiApp(
                NodeFace(apis, bridge, node), NodeJournal(apis.world.journal, node), local=False
            )
            for node in addresses
        }
        self._listeners: dict[str, tuple[int, Listener]] = {}
        self._closing = False

    async def open(self) -> None:
        """Listen for all nodes that run. ConfigError if an address cannot be listened on."""
        for node in self._addresses:
            await self._follow(node)

    async def run(self) -> None:
        """For ever: whoever has lost its power stops listening, whoever boots begins."""
        while not self._closing:
            for node in self._addresses:
                await self._follow(node)
            await asyncio.sleep(LOOK_S)

    async def _follow(self, node: str) -> None:
        found, present = self._apis.answering(node), self._listeners.get(node)
        number = found.boot.boot.number if found is not None else 0
        if present is not None and present[0] != number:
            del self._listeners[node]
            asyncio.get_running_loop().call_later(LAST_WORDS_S, present[1].drop)
            present[1].close()
        if number and node not in self._listeners:
            listener = Listener(
                self._apps[node], [tls_socket(*self._addresses[node])], self._tls[node]
            )
            self._listeners[node] = number, listener
            await listener.start()

    async def close(self) -> None:
        """Answer what was asked, and stop listening."""
        self._closing = True
        listeners = [one for _, one in self._listeners.values()]
        self._listeners.clear()
        await asyncio.gather(*(one.stop() for one in listeners))
