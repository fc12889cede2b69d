"""The `LiveMembership` port on the simulated membership."""

from __future__ import annotations

from typing import Protocol

from appliance.model.corosync_conf import CorosyncConf
from appliance.model.errors import RefusedError, UnavailableError
from appliance.ports.membership import View, Votes
from sim.tasks import Boot, Signal


class Engine(Protocol):
    """What is asked of the membership engine."""

    def view(self, node: str) -> View: ...
    def started(self, node: str) -> bool: ...
    def tally(self, node: str) -> Votes: ...


class SimLiveMembership:
    """Of one boot. `told` is to be called whenever a view may have changed."""

    def __init__(self, boot: Boot, engine: Engine) -> None:
        self._boot, self._engine = boot, engine
        self._seen = engine.view(boot.node)
        self._waiting: Signal[None] | None = None

    def told(self) -> None:
        """In the instant of the change; a paused node notices when it wakes."""
        view = self._engine.view(self._boot.node)
        self._boot.run(lambda: self._notice(view))

    def _notice(self, view: View) -> None:
        self._seen = view
        waiting, self._waiting = self._waiting, None
        if waiting is not None:
            waiting.fire(None)

    def view(self) -> View:
        return self._seen

    def refresh(self) -> bool:
        return self._engine.started(self._boot.node)

    async def changed(self, after_epoch: int) -> View:
        while self._seen.epoch <= after_epoch:
            if self._waiting is None:
                self._waiting = Signal(self._boot)
            await self._waiting
        return self._seen

    async def votes(self) -> Votes:
        if not self._engine.started(self._boot.node):
            raise UnavailableError("corosync does not answer")
        return self._engine.tally(self._boot.node)

    async def expect(self, votes: int) -> None:
        raise RefusedError("the simulated membership counts what is configured")

    async def apply(self, layout: CorosyncConf) -> None:
        raise RefusedError("the simulated cluster's layout does not change")
