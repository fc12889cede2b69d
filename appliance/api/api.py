"""The API of one node: a request in, an answer out."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from typing import Any, Final

from appliance.api.answers import NotImplementedHere, encoded, error_answer, value_answer
from appliance.api.authentication import NOBODY, vouch, who
from appliance.api.authorization import allow, checked_and_allowed, logged_in
from appliance.api.http import LOCAL, HttpAnswer, HttpRequest, Raw, read_body, read_form
from appliance.api.ports import ApiPorts
from appliance.api.table import WORLD, Found, Operation, Request, Table, parts_of
from appliance.model.errors import ConfigError, QuorateError, UnavailableError
from appliance.model.percent import decode_text
from appliance.services.cluster.passing import MARK

PREFIX: Final = "api2"
FORMS: Final = ("json", "extjs")


class Api:
    """Answers for one boot of one node."""

    def __init__(self, table: Table, ports: ApiPorts) -> None:
        self.table, self._ports = table, ports

    async def handle(self, request: HttpRequest) -> HttpAnswer:
        """The answer. Only a defect of a handler raises."""
        parts = tuple(decode_text(part) for part in parts_of(request.path))
        form = parts[1] if len(parts) > 1 and parts[0] == PREFIX else ""
        if form not in FORMS:
            return error_answer(NotImplementedHere(f"no such path '{request.path[:200]}'"), "json")
        try:
            value = await self._run(request, parts[2:])
        except QuorateError as error:
            return error_answer(error, form)
        if isinstance(value, HttpAnswer):
            return value
        if isinstance(value, AsyncIterator):
            return HttpAnswer(200, "OK", stream=_lines(value))
        return value_answer(value, form)

    def admit(self, head: HttpRequest) -> HttpAnswer | None:
        """Before the parts of a body are taken in: None if a file may come, else the error."""
        parts = tuple(decode_text(part) for part in parts_of(head.path))
        try:
            operation, found, user = self._asked(head, parts[2:])
            allow(user, operation, found.values, self._ports)
            if not operation.upload:
                raise ConfigError("takes no file", field="body")
        except QuorateError as error:
            return error_answer(error, "json")
        return None

    def _asked(self, request: HttpRequest, parts: tuple[str, ...]) -> tuple[Operation, Found, str]:
        """The operation, what its path says, and who asks."""
        found = self.table.find(parts)
        operation = found.operations.get(request.verb) if found else None
        public = operation is not None and operation.permission == WORLD
        # Old or foreign cookies must not keep anybody from logging in.
        user = NOBODY if public else who(request, self._ports, operation)
        if operation is None or found is None:
            logged_in(user)  # a stranger does not learn which paths there are
            path = "/".join(parts)
            raise NotImplementedHere(f"Method '{request.verb} /{path[:200]}' not implemented")
        if not public:
            logged_in(user)
        return operation, found, user

    async def _run(self, request: HttpRequest, parts: tuple[str, ...]) -> Any:
        operation, found, user = self._asked(request, parts)
        given = checked_and_allowed(user, operation, _given(request, found), self._ports)
        node = given.values.get(operation.node) if operation.node else None
        if node not in (None, "localhost", self._ports.node):
            return await self._pass_on(str(node), request, user)
        asked = Request(user, given.values, request.address, given.texts, request.upload)
        return await operation.handler(asked, self._ports)

    async def _pass_on(self, node: str, request: HttpRequest, user: str) -> HttpAnswer:
        """As it came: the other node finds out itself who asks, and what he may."""
        passing = self._ports.passing
        if passing is None or MARK in request.headers:
            raise UnavailableError(f"only {node} itself can answer this, ask it there")
        headers = {**request.headers, MARK: "1"}
        if request.address == LOCAL:
            headers |= await vouch(user, self._ports)
        return await passing.pass_on(node, replace(request, headers=headers))


def _given(request: HttpRequest, found: Found) -> Raw:
    """All parameters: those of the path go before those of the body, these before the query's."""
    given: Mapping[str, Any] = read_form(request.query)
    body = read_body(request)
    for name, value in sorted(found.values.items()):
        # Some clients say it again: the same is no harm.
        if any(name in more and str(more[name]) != value for more in (body, given)):
            raise ConfigError("stands in the path already, with another value", field=name)
    return {**given, **body, **found.values}


async def _lines(values: AsyncIterator[Any]) -> AsyncIterator[bytes]:
    """A line of JSON for each value; an error ends them as the last line."""
    try:
        async for value in values:
            yield encoded({"data": value}) + b"\n"
    except QuorateError as error:
        yield error_answer(error, "json").body + b"\n"
