"""The contract of the group channel for a node that is alone, and its membership."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterable, Iterator, Sequence
from typing import Any

import pytest

from appliance.model.corosync_conf import Link, create
from appliance.model.errors import QuorateError, RefusedError
from appliance.ports.group_channel import Delivered, GroupEvent, GroupView
from appliance.ports.membership import View
from drivers.lone.channel import LoneChannel
from drivers.lone.membership import LoneMembership
from tests.contract.group import Group, members, views
from tests.contract.group_channel import SoleMemberContract
from tests.contract.histories import OUTSIDE
from tests.contract.worlds import mark

NODE = "n1"
PATIENCE_ROUNDS = 20_000


class LoneCall:
    def __init__(self, work: Coroutine[Any, Any, Any]) -> None:
        self.done = False
        self.value: Any = None
        self.error: str | None = None
        self._task = asyncio.ensure_future(self._run(work))

    async def _run(self, work: Coroutine[Any, Any, Any]) -> None:
        try:
            self.value = await work
        except QuorateError as error:
            self.error = error.code
        self.done = True


class LoneDaemon:
    node = NODE

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop, self._channel = loop, LoneChannel(NODE)
        self.history: list[GroupEvent] = []
        self.views: Sequence[View] = ()
        self._listening: LoneCall | None = None

    @property
    def view(self) -> GroupView | None:
        found = (event for event in reversed(self.history) if isinstance(event, GroupView))
        return next(found, None)

    def _call(self, work: Coroutine[Any, Any, Any]) -> LoneCall:
        async def begin() -> LoneCall:
            return LoneCall(work)

        return self._loop.run_until_complete(begin())

    async def _listen(self) -> None:
        while True:
            for event in await self._channel.receive():
                if isinstance(event, Delivered):
                    self.history.append(Delivered(event.sender, mark(event.payload), event.ticket))
                else:
                    self.history.append(event)

    def join(self, group: str) -> LoneCall:
        call = self._call(self._channel.join(group))
        if self._listening is None or self._listening.done:
            self._listening = self._call(self._listen())
        return call

    def leave(self) -> LoneCall:
        return self._call(self._channel.leave())

    def send(self, payload: bytes) -> LoneCall:
        return self._call(self._channel.send(payload))

    def _unknown(self, *_: object) -> LoneCall:
        raise NotImplementedError("a sole member's contract does not ask for it")

    stream = changed = votes = refresh = expect = apply = _unknown


class LoneWorld:
    names: tuple[str, ...] = (NODE,)

    def __init__(self, runner: asyncio.Runner) -> None:
        self._loop = runner.get_loop()
        self._daemon = LoneDaemon(self._loop)

    def daemon(self, node: str) -> LoneDaemon:
        return self._daemon

    def daemons(self) -> Sequence[LoneDaemon]:
        return (self._daemon,)

    def until(self, condition: Callable[[], bool], what: str) -> None:
        for _ in range(PATIENCE_ROUNDS):
            if condition():
                return
            self._loop.run_until_complete(asyncio.sleep(0))
        raise AssertionError(f"waited in vain for {what}")

    def sleep(self, seconds: float) -> None:
        self._loop.run_until_complete(asyncio.sleep(seconds))

    def layout(self) -> str:
        raise NotImplementedError("a node that is alone has none")

    def _unknown(self, *_: object) -> None:
        raise NotImplementedError("a sole member's contract does not ask for it")

    power_off = power_on = end_daemon = start_daemon = end_service = start_service = _unknown
    pause = resume = deafen = _unknown

    def partition(self, *groups: Iterable[str]) -> None:
        self._unknown()

    def heal(self) -> None:
        self._unknown()


@pytest.fixture
def world() -> Iterator[LoneWorld]:
    with asyncio.Runner() as runner:
        yield LoneWorld(runner)


class TestLoneChannel(SoleMemberContract):
    """Inherits all tests."""


def test_leaving_and_joining_again(world: LoneWorld) -> None:
    group = Group(world)
    group.join()
    group.send_all(NODE, [b"before"])
    left = world.daemon(NODE).leave()
    world.until(lambda: left.done and members(world.daemon(NODE)) == (), "to be outside")
    group.rejoin(NODE)
    assert views(world.daemon(NODE)) == [
        GroupView((NODE,), (NODE,)),
        OUTSIDE,
        GroupView((NODE,), (NODE,)),
    ]
    group.finish()


def test_who_sends_more_than_is_received_waits() -> None:
    async def main() -> None:
        channel = LoneChannel(NODE)
        await channel.join("group")
        payload = bytes(16 * 1024 * 1024)
        sending = [asyncio.ensure_future(channel.send(payload)) for _ in range(8)]
        await asyncio.sleep(0.01)
        assert [task.done() for task in sending].count(True) == 5
        got = 0
        while got < 8:
            got += sum(isinstance(event, Delivered) for event in await channel.receive())
        assert [await task for task in sending] == list(range(1, 9))

    asyncio.run(main())


def test_leaving_frees_who_waits_to_send() -> None:
    async def main() -> None:
        channel = LoneChannel(NODE)
        await channel.join("group")
        payload = bytes(16 * 1024 * 1024)
        sending = [asyncio.ensure_future(channel.send(payload)) for _ in range(6)]
        await asyncio.sleep(0.01)
        await channel.leave()
        ended = await asyncio.gather(*sending, return_exceptions=True)
        assert [getattr(one, "code", "sent") for one in ended] == ["sent"] * 5 + ["unavailable"]

    asyncio.run(main())


def test_a_node_that_is_alone_has_quorum_and_no_layout() -> None:
    async def main() -> None:
        membership = LoneMembership(NODE)
        view = membership.view()
        assert (view.members, view.online, view.quorate) == ((NODE,), (NODE,), True)
        assert membership.refresh()
        assert await membership.changed(0) == view
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(membership.changed(view.epoch), 0.05)
        votes = await membership.votes()
        assert (votes.expected, votes.present, votes.needed) == (1, 1, 1)
        await membership.expect(1)
        with pytest.raises(RefusedError, match="no cluster"):
            await membership.expect(2)
        with pytest.raises(RefusedError, match="no cluster"):
            await membership.apply(create("lab", NODE, {0: Link("10.0.0.1")}))

    asyncio.run(main())
