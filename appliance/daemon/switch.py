"""A membership that stays the same object while what is behind it changes."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import replace

from appliance.model.corosync_conf import CorosyncConf
from appliance.ports.membership import LiveMembership, View, Votes


class MembershipSwitch:
    """Implements the `LiveMembership` port. Its epochs grow over a switch as over any change."""

    def __init__(self, behind: LiveMembership) -> None:
        self._behind, self._before = behind, 0
        self._switched = asyncio.Event()

    def stand_on(self, behind: LiveMembership) -> None:
        self._before = self.view().epoch + 1 - behind.view().epoch
        self._behind = behind
        switched, self._switched = self._switched, asyncio.Event()
        switched.set()

    def view(self) -> View:
        view = self._behind.view()
        return replace(view, epoch=self._before + view.epoch)

    def refresh(self) -> bool:
        return self._behind.refresh()

    async def changed(self, after_epoch: int) -> View:
        while self.view().epoch <= after_epoch:
            change = asyncio.ensure_future(self._behind.changed(after_epoch - self._before))
            switch = asyncio.ensure_future(self._switched.wait())
            try:
                await asyncio.wait((change, switch), return_when=asyncio.FIRST_COMPLETED)
            finally:
                for one in (change, switch):
                    one.cancel()
                    with contextlib.suppress(asyncio.CancelledError):
                        await one
        return self.view()

    async def votes(self) -> Votes:
        return await self._behind.votes()

    async def expect(self, votes: int) -> None:
        await self._behind.expect(votes)

    async def apply(self, layout: CorosyncConf) -> None:
        await self._behind.apply(layout)
