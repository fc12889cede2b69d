"""The `LiveMembership` port on the simulated membership."""

from __future__ import annotations

from typing import Protocol

from appliance.model.corosync_conf import CorosyncConf
from appliance.model.errors import RefusedError, UnavailableError
from appliance.ports.membership import ByHand, View, Votes
from sim.kernel import to_us
from sim.tasks import Boot, Signal

RELOAD_US = to_us(0.02)  # from a new file until all nodes have read theirs


class Engine(Protocol):
    """What is asked of the membership engine."""

    def view(self, node: str) -> View: ...
    def started(self, node: str) -> bool: ...
    def tally(self, node: str) -> Votes: ...
    def expect(self, node: str, votes: int) -> bool: ...
    def put_layout(self, node: str, conf: CorosyncConf) -> None: ...
    def reload(self, node: str) -> None: ...


class SimLiveMembership:
    """Of one boot. `told` is to be called whenever a view may have changed."""

    def __init__(self, boot: Boot, engine: Engine) -> None:
        self._boot, self._engine = boot, engine
        self._seen = engine.view(boot.node)
        self._hand = ByHand()
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

    def _need(self) -> None:
        if not self._engine.started(self._boot.node):
            raise UnavailableError("corosync does not answer")

    async def votes(self) -> Votes:
        self._need()
        return self._hand.mark(self._engine.tally(self._boot.node))

    async def expect(self, votes: int) -> None:
        self._need()
        self._hand.expect(votes)
        if not self._engine.expect(self._boot.node, votes):
            self._hand.expect(0)
            raise RefusedError(f"{votes} expected votes would not make sense now")

    async def apply(self, layout: CorosyncConf) -> None:
        self._engine.put_layout(self._boot.node, layout)
        await self._boot.sleep(RELOAD_US)
        self._need()
        self._engine.reload(self._boot.node)
