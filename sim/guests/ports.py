"""The appliance's ports to guests, for one boot of one node."""

from __future__ import annotations

from appliance.ports.guests import Outcome
from sim.guests.migration import Mover
from sim.guests.move import MoveRequest
from sim.guests.needs import Configs
from sim.guests.process import RUNNING
from sim.guests.processes import OK
from sim.guests.specs import Specs
from sim.tasks import Boot, Signal


def _refused(reason: str, locked: str | None = None) -> Outcome:
    return Outcome(ok=False, reason=reason, locked=locked)


class _Guests:
    """What both ports share: whether this node may do anything with a guest at all."""

    def __init__(
        self, boot: Boot, mover: Mover, configs: Configs, specs: Specs | None = None
    ) -> None:
        """specs: what guests need may change with their files; None: it stays as it began."""
        self._boot, self._node = boot, boot.node
        self._mover, self._host, self._configs = mover, mover.host, configs
        self._specs = specs

    def _obstacle(self, sid: str) -> Outcome | None:
        """Only the node where the configuration lies, as it sees it, and only without a lock."""
        if self._specs is not None:
            self._specs.refresh(sid)
        lies_at = self._configs.node_of(sid)
        if lies_at is None or not self._host.catalog.known(sid):
            return _refused(f"there is no guest {sid}")
        if lies_at != self._node:
            return _refused(f"the configuration of {sid} is on {lies_at}")
        lock = self._configs.lock_of(sid)
        if lock is not None:
            return _refused(f"{sid} is locked ({lock})", lock)
        move = self._mover.moving(sid)
        if move is not None and move.source == self._node:
            return _refused(f"{sid} is being moved to {move.target}", "migrate")
        return None


class SimGuestRuntime(_Guests):
    """The `GuestRuntime` port."""

    def running(self, sid: str) -> bool:
        return self._host.present(sid, self._node)

    async def start(self, sid: str) -> Outcome:
        obstacle = self._obstacle(sid)
        if obstacle is not None:
            return obstacle
        ended: Signal[Outcome] = Signal(self._boot)
        self._host.start(sid, self._node, ended.fire)
        return await ended

    async def stop(self, sid: str, timeout_s: int | None) -> Outcome:
        obstacle = self._obstacle(sid)
        if obstacle is not None:
            return obstacle
        ended: Signal[Outcome] = Signal(self._boot)
        self._host.stop(sid, self._node, timeout_s, ended.fire)
        return await ended


class SimMigration(_Guests):
    """The `Migration` port."""

    async def check(self, sid: str, target: str) -> Outcome:
        return self._check(sid, target, online=self._host.present(sid, self._node)) or OK

    async def move(self, sid: str, target: str, online: bool) -> Outcome:
        process = self._host.process(sid, self._node)
        live = online and process is not None
        refusal = self._check(sid, target, online=live)
        if refusal is None and process is not None:
            if not online:
                refusal = _refused(f"{sid} is {process.state} and not to be moved so")
            elif process.phase != RUNNING:
                refusal = _refused(f"{sid} is {process.state}")
            elif sid.startswith("ct:"):
                refusal = _refused("a running container cannot be moved live")
        if refusal is not None:
            return refusal
        ended: Signal[Outcome] = Signal(self._boot)
        self._mover.begin(MoveRequest(sid, target, live, self._boot, self._configs, ended.fire))
        return await ended

    def _check(self, sid: str, target: str, *, online: bool) -> Outcome | None:
        obstacle = self._obstacle(sid)
        if obstacle is not None:
            return obstacle
        reason = self._mover.refusal(sid, self._node, target, online=online)
        return None if reason is None else _refused(reason)
