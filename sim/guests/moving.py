"""Guests that the API moves to other nodes. Implements the `GuestMoves` port for one boot."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from appliance.model.errors import RefusedError, UnavailableError
from appliance.model.guest.running import Launch
from appliance.model.storage.volumes import own_part, split_id
from appliance.ports.guest_moves import Commit
from appliance.ports.guests import Outcome
from sim.guests.migration import Mover
from sim.guests.move import MoveRequest
from sim.guests.process import RUNNING
from sim.guests.specs import Specs
from sim.guests.storage import Volume
from sim.tasks import Boot, Signal


class Committed:
    """Who asked for a move gives the guest away. Implements `Renaming`."""

    def __init__(self, commit: Commit, renamed: Callable[[], None]) -> None:
        self._commit, self._renamed = commit, renamed

    async def rename(self, sid: str, source: str, target: str) -> None:
        await self._commit()
        self._renamed()


class SimGuestMoves:
    """On one boot."""

    def __init__(self, boot: Boot, mover: Mover, specs: Specs) -> None:
        self._boot, self._mover, self._specs = boot, mover, specs

    async def live(self, sid: str, target: str, disks: Mapping[str, str], commit: Commit) -> None:
        host, node = self._mover.host, self._boot.node
        self._look(sid, node)
        process = host.process(sid, node)
        if process is None or process.phase != RUNNING:
            raise RefusedError(f"{sid} does not run on {node}")
        copies = {
            self._volume(volid, node): self._volume(copy, target) for volid, copy in disks.items()
        }
        reason = self._mover.refusal(sid, node, target, online=True, copies=copies)
        if reason is not None:
            raise RefusedError(reason)
        ended: Signal[Outcome] = Signal(self._boot)
        configs = Committed(commit, lambda: self._look(sid, target))
        self._mover.begin(MoveRequest(sid, target, True, self._boot, configs, ended.fire, copies))
        outcome = await ended
        if not outcome.ok:
            raise RefusedError(outcome.reason)

    async def start_there(self, node: str, launch: Launch) -> None:
        host, sid, own = self._mover.host, launch.sid, self._boot.node
        if not host.is_up(node) or (node != own and not self._mover.paths.mutual(own, node)):
            raise UnavailableError(f"{node} cannot be reached")
        self._specs.put(sid, node, launch.settings)
        ended: Signal[Outcome] = Signal(self._boot)
        host.start(sid, node, ended.fire)
        outcome = await ended
        if not outcome.ok:
            raise RefusedError(outcome.reason)

    def _look(self, sid: str, node: str) -> None:
        """What the guest has for disks is what its file says now."""
        self._specs.put(sid, node, self._specs.settings(sid))

    def _volume(self, volid: str, node: str) -> Volume:
        pool, name = split_id(volid)
        return self._mover.host.storage.volume(pool, node, own_part(name))
