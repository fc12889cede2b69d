"""Calls between simulated nodes: who has which address, what a call costs, what can go wrong."""

from __future__ import annotations

import base64
import ipaddress
from collections.abc import Mapping
from typing import Protocol

from appliance.api.api import Api
from appliance.api.http import HttpRequest
from appliance.model.cluster.certificate import fingerprint_of_pem
from appliance.model.cluster.join_info import host_of
from appliance.model.errors import (
    ConfigError,
    OutcomeUnknownError,
    UnavailableError,
)
from appliance.ports.transport import Reply
from sim.kernel import to_us
from sim.tasks import Boot, Signal

CALL_US = to_us(0.02)
TIMEOUT_US = to_us(60)


class Town(Protocol):
    """All nodes, as far as calls are concerned."""

    def addresses(self, node: str) -> tuple[str, ...]: ...
    def node_at(self, address: str) -> str | None: ...

    def reaches(self, node: str, other: str) -> bool:
        """Whether packets go both ways, and the other has power."""
        ...

    def certificate(self, node: str) -> bytes:
        """What its API shows, as PEM."""
        ...

    def process(self, node: str) -> tuple[Boot, Api] | None:
        """What answers there; None if nothing runs."""
        ...


def certificate_of(node: str) -> bytes:
    """A text in the form of a certificate, another one for each node."""
    body = base64.b64encode(f"certificate of {node}".encode()).decode()
    return f"-----BEGIN CERTIFICATE-----\n{body}\n-----END CERTIFICATE-----\n".encode()


class SimHost:
    """Implements the `ThisHost` port. Names of nodes are host names, `*.invalid` are unknown."""

    def __init__(self, town: Town, node: str) -> None:
        self._town, self._node = town, node

    def addresses(self) -> tuple[str, ...]:
        return self._town.addresses(self._node)

    async def resolve(self, name: str) -> tuple[str, ...]:
        try:
            return (str(ipaddress.ip_address(name)),)
        except ValueError:
            return self._town.addresses(name)[:1]

    def certificate(self) -> bytes:
        return self._town.certificate(self._node)


class SimTransport:
    """Implements the `Transport` port for one boot."""

    def __init__(self, town: Town, boot: Boot) -> None:
        self._town, self._boot = town, boot

    async def connect(self, address: str, fingerprint: str) -> SimLine:
        await self._boot.sleep(CALL_US)
        node = self._town.node_at(host_of(address)) or host_of(address)
        if not self._town.reaches(self._boot.node, node) or not self._town.process(node):
            raise UnavailableError(f"nobody answers at {address}")
        seen = fingerprint_of_pem(self._town.certificate(node))
        if seen != fingerprint:
            raise ConfigError(f"{address} has another one: {seen}", field="fingerprint")
        return SimLine(self._town, self._boot, node)


class SimLine:
    """Implements the `Line` port."""

    def __init__(self, town: Town, boot: Boot, node: str) -> None:
        self._town, self._boot, self._node = town, boot, node

    async def send(self, verb: str, path: str, headers: Mapping[str, str], body: bytes) -> Reply:
        await self._boot.sleep(CALL_US)
        found = self._town.process(self._node)
        if found is None or not self._town.reaches(self._boot.node, self._node):
            raise UnavailableError(f"{self._node} does not answer")
        boot, api = found
        reply: Signal[Reply] = Signal(self._boot)
        where, _, query = path.partition("?")
        caller = self._town.addresses(self._boot.node)[0]
        request = HttpRequest(verb, where, query, headers, body, caller)
        boot.spawn(self._answer(api, request, reply), f"{verb} {where}")
        late = OutcomeUnknownError(f"{self._node} took the call and gave no answer")
        self._boot.kernel.call_in(TIMEOUT_US, lambda: reply.fail(late))
        return await reply

    async def _answer(self, api: Api, request: HttpRequest, reply: Signal[Reply]) -> None:
        """Runs on the other node; the answer finds its way only if there is one then."""
        answer = await api.handle(request)
        if self._town.reaches(self._boot.node, self._node):
            reply.fire(Reply(answer.status, answer.body))

    async def close(self) -> None:
        """Nothing is kept open."""
