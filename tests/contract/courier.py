"""What every courier of requests between nodes promises."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

import pytest

from appliance.model.errors import BrokenOffError, UnreachableError
from appliance.ports.courier import Courier
from appliance.ports.http import HttpAnswer, HttpRequest

T = TypeVar("T")
OTHER = ":".join(["AB"] * 32)  # a fingerprint of nobody's


class CourierWorld(Protocol):
    """A courier on one node, and another node with a `FarEnd`."""

    far: FarEnd
    courier: Courier
    address: str
    fingerprint: str

    def run(self, work: Coroutine[Any, Any, T]) -> T: ...

    def lose(self) -> None:
        """The other node loses its power now."""
        ...


@dataclass
class FarEnd:
    """What answers on the other node. forever: waits for what never comes."""

    forever: Callable[[], Awaitable[None]]
    lose: Callable[[], None] = lambda: None
    seen: list[HttpRequest] = field(default_factory=list)
    content: bytes = b""

    async def handle(self, request: HttpRequest) -> HttpAnswer:
        self.seen.append(request)
        upload = request.upload
        if upload is not None:
            self.content = b"".join(
                upload.read(at, 1000) for at in range(0, upload.size_bytes, 1000)
            )
        match request.path:
            case "/api2/json/slow":
                self.lose()
                await self.forever()
            case "/api2/json/stream":
                return HttpAnswer(200, "OK", stream=self._pieces(last=True))
            case "/api2/json/broken":
                return HttpAnswer(200, "OK", stream=self._pieces(last=False))
        return HttpAnswer(595, "No, and that is why", b'{"data":1}')

    def admit(self, head: HttpRequest) -> HttpAnswer | None:
        return None

    async def _pieces(self, *, last: bool) -> AsyncIterator[bytes]:
        yield b"one"
        yield b"two"
        if not last:
            self.lose()
            await self.forever()


@dataclass
class Given:
    """Implements the `Upload` port."""

    content: bytes
    name: str = "a b.iso"

    @property
    def size_bytes(self) -> int:
        return len(self.content)

    def read(self, offset: int, size_bytes: int) -> bytes:
        return self.content[offset : offset + size_bytes]

    def keep(self) -> None: ...
    def close(self) -> None: ...


class CourierContract:
    """Needs a fixture `world`."""

    def carry(self, world: CourierWorld, request: HttpRequest) -> HttpAnswer:
        return world.run(world.courier.carry(world.address, world.fingerprint, request))

    def test_request_and_answer_arrive_as_they_were_sent(self, world: CourierWorld) -> None:
        headers = {"cookie": "PVEAuthCookie=a%3Ab", "content-type": "application/json"}
        answer = self.carry(
            world, HttpRequest("PUT", "/api2/json/a%2Fb", "x=1&y=%20", headers, b'{"z":2}')
        )
        assert (answer.status, answer.reason) == (595, "No, and that is why")
        assert (answer.body, answer.stream) == (b'{"data":1}', None)
        told = {name.lower(): value for name, value in answer.headers}
        assert told == {"content-type": "application/json;charset=UTF-8"}
        (seen,) = world.far.seen
        assert (seen.verb, seen.path, seen.query) == ("PUT", "/api2/json/a%2Fb", "x=1&y=%20")
        assert (seen.body, {**seen.headers, **headers}) == (b'{"z":2}', dict(seen.headers))

    def test_a_request_without_a_body(self, world: CourierWorld) -> None:
        assert self.carry(world, HttpRequest("DELETE", "/api2/json/x")).status == 595
        assert world.far.seen[0].body == b""

    def test_a_file_arrives_with_its_fields(self, world: CourierWorld) -> None:
        upload = Given(bytes(range(256)) * 1024)
        sent = HttpRequest(
            "POST",
            "/api2/json/upload",
            headers={"content-type": "multipart/form-data; boundary=old"},
            fields={"content": "iso"},
            upload=upload,
        )
        assert self.carry(world, sent).status == 595
        (seen,) = world.far.seen
        assert seen.upload is not None
        assert (dict(seen.fields), seen.upload.name) == ({"content": "iso"}, "a b.iso")
        assert world.far.content == upload.content

    def test_a_stream_comes_in_order_and_ends(self, world: CourierWorld) -> None:
        async def read() -> bytes:
            answer = await world.courier.carry(
                world.address, world.fingerprint, HttpRequest("GET", "/api2/json/stream")
            )
            assert answer.stream is not None
            return b"".join([piece async for piece in answer.stream])

        assert world.run(read()) == b"onetwo"

    def test_nothing_is_sent_to_another_certificate(self, world: CourierWorld) -> None:
        request = HttpRequest("POST", "/api2/json/x", body=b"secret")
        with pytest.raises(UnreachableError):
            world.run(world.courier.carry(world.address, OTHER, request))
        assert world.far.seen == []

    def test_nobody_there(self, world: CourierWorld) -> None:
        world.lose()
        with pytest.raises(UnreachableError):
            self.carry(world, HttpRequest("GET", "/api2/json/x"))

    def test_a_node_that_is_lost_while_it_works(self, world: CourierWorld) -> None:
        world.far.lose = world.lose
        with pytest.raises(BrokenOffError):
            self.carry(world, HttpRequest("GET", "/api2/json/slow"))

    def test_a_node_that_is_lost_in_the_middle_of_a_stream(self, world: CourierWorld) -> None:
        world.far.lose = world.lose
        found: list[bytes] = []

        async def read() -> None:
            answer = await world.courier.carry(
                world.address, world.fingerprint, HttpRequest("GET", "/api2/json/broken")
            )
            assert answer.stream is not None
            async for piece in answer.stream:
                found.append(piece)  # noqa: PERF401 - also those before an error count

        with pytest.raises(BrokenOffError):
            world.run(read())
        assert b"onetwo".startswith(b"".join(found))
