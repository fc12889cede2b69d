"""Calls to the API of another node: logs in as people do. Implements the `Peers` port."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from appliance.api.client import FORM, data_of, target
from appliance.model.errors import UnauthenticatedError, UnavailableError
from appliance.model.percent import encode_url
from appliance.ports.peers import Credentials
from appliance.ports.transport import Line, Transport

COOKIE = "PVEAuthCookie"


class ApiPeer:
    """Implements the `Peer` port."""

    def __init__(self, line: Line, where: str) -> None:
        self._line, self._where = line, where
        self._headers: dict[str, str] = {}
        self._csrf = ""

    async def login(self, credentials: Credentials) -> None:
        given = {"username": credentials.username, "password": credentials.password}
        try:
            session = await self.call("POST", "/access/ticket", given)
        except UnauthenticatedError as error:
            raise UnauthenticatedError(f"{self._where}: {error}") from None
        try:
            ticket, self._csrf = str(session["ticket"]), str(session["CSRFPreventionToken"])
        except (KeyError, TypeError):
            raise UnavailableError(f"{self._where} gave no ticket") from None
        self._headers = {"cookie": f"{COOKIE}={encode_url(ticket)}"}

    async def call(self, verb: str, path: str, parameters: Mapping[str, Any]) -> Any:
        where, body = target(verb, path, parameters)
        headers = dict(self._headers)
        if verb != "GET" and self._csrf:
            headers["csrfpreventiontoken"] = self._csrf
        if body:
            headers["content-type"] = FORM
        reply = await self._line.send(verb, where, headers, body)
        return data_of(reply.status, reply.body, where=self._where)

    async def close(self) -> None:
        await self._line.close()


class ApiPeers:
    """Over any transport."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    async def login(self, address: str, credentials: Credentials) -> ApiPeer:
        line = await self._transport.connect(address, credentials.fingerprint)
        peer = ApiPeer(line, address)
        try:
            await peer.login(credentials)
        except BaseException:
            await line.close()
            raise
        return peer
