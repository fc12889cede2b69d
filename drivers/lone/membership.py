"""The membership of a node that is alone."""

from __future__ import annotations

import asyncio

from appliance.model.corosync_conf import CorosyncConf
from appliance.model.errors import RefusedError
from appliance.ports.membership import View, Votes


class LoneMembership:
    """Implements the `LiveMembership` port: one node with one vote, which never changes."""

    def __init__(self, node: str) -> None:
        self._view = View((node,), (node,), quorate=True, epoch=1)

    def view(self) -> View:
        return self._view

    def refresh(self) -> bool:
        return True

    async def changed(self, after_epoch: int) -> View:
        if after_epoch >= self._view.epoch:
            await asyncio.Event().wait()  # nothing will ever set it
        return self._view

    async def votes(self) -> Votes:
        return Votes(expected=1, present=1, needed=1, flags=("Quorate",))

    async def expect(self, votes: int) -> None:
        if votes != 1:
            raise RefusedError("this node is in no cluster: its own vote is all that counts")

    async def apply(self, layout: CorosyncConf) -> None:
        raise RefusedError("this node is in no cluster: create one or join one")
