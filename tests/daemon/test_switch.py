"""A membership that changes sides under those who watch it."""

from __future__ import annotations

import asyncio

import pytest

from appliance.daemon.switch import MembershipSwitch
from appliance.model.errors import RefusedError
from drivers.lone.membership import LoneMembership


def test_a_switch_is_a_change_like_any_other() -> None:
    async def run() -> None:
        switch = MembershipSwitch(LoneMembership("n1"))
        before = switch.view()
        waiting = asyncio.ensure_future(switch.changed(before.epoch))
        await asyncio.sleep(0)
        assert not waiting.done()
        switch.stand_on(LoneMembership("n2"))
        after = await asyncio.wait_for(waiting, 10)
        assert after.members == ("n2",)
        assert after.epoch == before.epoch + 1 == switch.view().epoch

    asyncio.run(run())


def test_epochs_never_go_back() -> None:
    """The new side counts from one again; who has seen epoch 3 still hears of every switch."""

    async def run() -> None:
        switch = MembershipSwitch(LoneMembership("n1"))
        seen = [switch.view().epoch]
        for name in ("n2", "n1", "n2"):
            switch.stand_on(LoneMembership(name))
            seen.append((await asyncio.wait_for(switch.changed(seen[-1]), 10)).epoch)
        assert seen == [1, 2, 3, 4]

    asyncio.run(run())


def test_who_stops_waiting_leaves_nothing_behind() -> None:
    async def run() -> None:
        switch = MembershipSwitch(LoneMembership("n1"))
        waiting = asyncio.ensure_future(switch.changed(1))
        await asyncio.sleep(0)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        assert len(asyncio.all_tasks()) == 1

    asyncio.run(run())


def test_the_rest_is_asked_of_the_side_that_holds() -> None:
    async def run() -> None:
        switch = MembershipSwitch(LoneMembership("n1"))
        assert (await switch.votes()).expected == 1
        with pytest.raises(RefusedError, match="in no cluster"):
            await switch.expect(2)

    asyncio.run(run())
