"""One move of one guest: live while it runs, offline while it is stopped.

The order of a live switch-over decides whether two copies can ever run:

1. The source stops executing and the rest is copied. Up to here every failure ends with the source
   going on and the target's half removed: the configuration never left the source.
2. The configuration is renamed to the target. While the answer is out nobody executes and nobody
   has the volume open. Refused for lack of quorum, and so never written: the source goes on.
   Written: the source never executes again. Unknown, or no longer at the source: both halves end,
   because another node may start the guest anew.
3. The source's process ends and the target's executes, in one instant. If the target cannot be
   told, both halves end: the configuration lies at the target, which starts the guest anew.

So a crash between any two steps leaves at most one node that may execute the guest: before the
commit only the source has the configuration, after it only the target. Renaming after the target
resumed would let a source that is fenced in between start, or be recovered as, a second copy. The
outcome of a move is therefore where the configuration is, not whether the guest still runs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, Protocol

from appliance.model.errors import NotQuorateError, QuorateError, UnavailableError
from appliance.ports.guests import Outcome
from sim.guests.needs import Paths
from sim.guests.precopy import MoveLimits, PreCopy
from sim.guests.process import Done, Process
from sim.guests.processes import OK, GuestHost
from sim.guests.storage import Volume
from sim.guests.work import Work
from sim.tasks import Boot

# What a move is doing. Up to FINAL the source may go on at any moment.
SETUP: Final = "setup"
DISKS: Final = "disks"
MEMORY: Final = "memory"
FINAL: Final = "final"  # the guest stands still, the rest is copied
COMMIT: Final = "commit"  # the rename is on its way
HANDOVER: Final = "handover"  # renamed; the target is being told
OVER: Final = "over"

# Nothing was written and the configuration is where it was. StaleError is not among them: it says
# that the configuration left the source by other means, so that the source must not go on.
CERTAINLY_AT_SOURCE = (NotQuorateError, UnavailableError)


class Renaming(Protocol):
    """What a move needs of the configurations."""

    async def rename(self, sid: str, source: str, target: str) -> None: ...


@dataclass(frozen=True, slots=True, eq=False)
class MoveRequest:
    """A move that a boot of the guest's node asks for. `done` is called once, unless it dies.

    copies: of volumes that the target cannot see; the same names on the same pools if not told.
    """

    sid: str
    target: str
    online: bool
    boot: Boot
    configs: Renaming
    done: Done
    copies: Mapping[Volume, Volume] = field(default_factory=dict)


class Surroundings(Protocol):
    """What a move sees of all moves together (the `Mover`)."""

    host: GuestHost
    paths: Paths
    limits: MoveLimits

    def share(self, move: Move) -> float: ...

    def jitter(self, what: str, move: Move) -> float: ...

    def forget(self, move: Move) -> None: ...


class Move:
    """One move of one guest, from the request to its outcome.

    It is driven by the source's node: paused with it, over without it.
    """

    def __init__(self, mover: Surroundings, request: MoveRequest) -> None:
        self.sid, self.source, self.target = request.sid, request.boot.node, request.target
        self.online, self.phase = request.online, SETUP
        self._request, self._mover, self._host = request, mover, mover.host
        sid = self.sid
        spec = self._host.catalog.spec(sid)
        memory_bytes = spec.memory_bytes * self._host.catalog.load(sid).busy_memory
        self._precopy = PreCopy(memory_bytes, spec.dirty_bytes_s, mover.limits)
        self._fails = self._host.catalog.count_move(sid)
        self._work: Work | None = None
        self._stalled: Work | None = None  # how long the stream may still stand still
        self._silent: Work | None = None  # how long the target's half may still hear nothing
        self._since_us = 0
        self._guest: Process | None = None  # the source's process
        self._half: Process | None = None  # the target's
        volumes = self._host.volumes(sid, self.source)
        self._pools = tuple(volume.pool for volume in volumes)
        self._own = tuple(volume for volume in volumes if volume.home)  # to be copied
        self._copies: list[Volume] = []  # on the target, made by this move
        self._target_was_lost = False

    # begin

    def begin(self) -> None:
        host = self._host
        for volume in self._own:
            copy = self._copy_of(volume)
            reason = host.storage.create(copy, host.storage.size_bytes(volume), self.target)
            if reason is not None:
                self._fail(reason)
                return
            self._copies.append(copy)
        if self.online:
            self._begin_halves()
        else:
            host.tell(self.sid, self.source, "migrating", "while stopped", self.target)
        setup_s = self._mover.limits.setup_s * self._mover.jitter("setup", self)
        self._next(SETUP, setup_s, self._set_up)

    def _begin_halves(self) -> None:
        self._guest = self._host.process(self.sid, self.source)
        assert self._guest is not None
        self._guest.target = self.target
        self._guest.on_end = self._guest_gone
        self._host.announce(self._guest, "migrating")
        volumes = tuple(map(self._copy_of, self._guest.volumes))
        self._half = self._host.begin_arrival(self.sid, self.target, self.source, volumes)
        self._half.on_end = self._half_gone

    def _copy_of(self, volume: Volume) -> Volume:
        """What the target uses in its place."""
        if not volume.home:
            return volume
        usual = self._host.storage.volume(volume.pool, self.target, volume.name)
        return self._request.copies.get(volume, usual)

    def _set_up(self) -> None:
        if self._own:
            disk_bytes = sum(map(self._host.storage.size_bytes, self._own))
            self._next(DISKS, disk_bytes, self._disks_copied)
        else:
            self._disks_copied()

    def _disks_copied(self) -> None:
        storage = self._host.storage
        for volume in self._own:
            storage.copied(volume, self._copy_of(volume))
        if self.online:
            self._copy_round()
        elif self._fails:
            self._fail("the copy broke off")
        else:
            self._send_rename()

    # pre-copy

    def _copy_round(self) -> None:
        self._since_us = self._host.kernel.now_us
        self._next(MEMORY, self._precopy.to_copy_bytes, self._round_over)

    def _round_over(self) -> None:
        if self._fails:
            self._fail("the memory stream broke off")
            return
        took_us = self._host.kernel.now_us - self._since_us
        self._precopy.round_over(took_us / 1_000_000)
        if self._precopy.fits(self._mover.share(self)):
            self._stop_and_copy()
        elif self._precopy.hopeless():
            self._fail(f"it did not converge in {self._precopy.rounds} rounds")
        else:
            self._copy_round()

    def _stop_and_copy(self) -> None:
        assert self._guest is not None
        self._guest.suspended = True
        self._since_us = self._host.kernel.now_us
        switch_s = self._mover.limits.switch_s * self._mover.jitter("switch", self)
        rest_s = self._precopy.to_copy_bytes / self._mover.share(self)
        self._next(FINAL, switch_s + rest_s, self._send_rename)

    # switch-over

    def _send_rename(self) -> None:
        self.phase = COMMIT
        self._drop_work()
        if self._guest is not None:
            self._host.let_go(self._guest)
        self._request.boot.spawn(self._rename(), f"move {self.sid} to {self.target}")
        self.retune()

    async def _rename(self) -> None:
        # The source's boot carries this, so no answer arrives once the source went down.
        try:
            await self._request.configs.rename(self.sid, self.source, self.target)
        except CERTAINLY_AT_SOURCE as error:
            self._fail(f"the configuration stays: {error}")
        except QuorateError as error:
            self._give_up_both(f"the configuration may not be here any more: {error}")
        else:
            self._renamed()

    def _renamed(self) -> None:
        self.phase = HANDOVER
        if not self.online:
            self._arrived(f"moved from {self.source}")
        elif self._half is None:
            self._arrived_dead()
        else:
            self._next(HANDOVER, self._latency_s(), self._hand_over)

    def _latency_s(self) -> float:
        """Of the order to go on; cut off it waits for the path, and for no longer than patience."""
        paths = self._mover.paths
        mutual = paths.mutual(self.source, self.target)
        return paths.latency_s(self.source, self.target) if mutual else 0.0

    def _hand_over(self) -> None:
        assert self._half is not None
        half, guest = self._half, self._guest
        self._guest = self._half = None
        down_us = self._host.kernel.now_us - self._since_us
        if guest is not None:
            guest.target = None
        self._host.hand_over(guest, half, f"from {self.source}, stood {down_us // 1000} ms")
        self._arrived("")

    def _arrived(self, why: str) -> None:
        self._drop_originals()
        if why:
            self._host.tell(self.sid, self.target, "stopped", why)
        self._conclude(OK)

    def _arrived_dead(self) -> None:
        """The configuration is at the target, the guest's state is lost: it will start anew."""
        reason = f"{self.target} was not there to take it over"
        self._end_halves("stopped", reason)
        self._drop_originals()
        self._conclude(Outcome(ok=True, reason=reason))

    # failures

    def _fail(self, reason: str) -> None:
        """The guest is where and as it was."""
        guest, half = self._guest, self._half
        self._guest = self._half = None
        if half is not None:
            half.on_end = None
            self._host.end(half, "failed", reason)
        self._drop_copies()
        if guest is not None:
            guest.target = guest.on_end = None
            self._host.go_on(guest, f"not moved to {self.target}: {reason}")
        elif not self.online:
            self._host.tell(
                self.sid, self.source, "stopped", f"not moved to {self.target}: {reason}"
            )
        self._conclude(Outcome(ok=False, reason=reason))

    def _give_up_both(self, reason: str) -> None:
        """The configuration may be elsewhere, so nobody executes. Both copies are kept."""
        self._end_halves("crashed", reason)
        self._conclude(Outcome(ok=False, reason=reason))

    def _end_halves(self, state: str, why: str) -> None:
        halves = (self._guest, self._half)
        self._guest = self._half = None
        for process in halves:
            if process is not None:
                process.on_end = process.target = None
                self._host.end(process, state, why)

    def _guest_gone(self) -> None:
        """The source's process ended by itself (or its node did, which calls `source_lost`)."""
        self._guest = None
        if self.phase not in (COMMIT, HANDOVER):
            self._fail("the guest ended")
        # Else everything of it is at the target already, which will take it over if the rename is
        # written; if it is refused there is nothing to go on with.

    def _half_gone(self) -> None:
        """The target's process ended: it went down, or it heard nothing for too long."""
        self._half = None
        if self.phase == HANDOVER and not self._host.is_paused(self.source):
            self._arrived_dead()
        elif self.phase != COMMIT:  # there the answer to the rename decides
            self.retune()  # stands still now, and is over when patience ends

    def source_lost(self) -> None:
        """The source went down: nothing drives the move any more."""
        keep_copy = self.phase in (COMMIT, HANDOVER)  # it may have become the only one
        half, guest = self._half, self._guest
        self._half = self._guest = None
        self.phase = OVER
        self._drop_work()
        if guest is not None:
            guest.on_end = guest.target = None
        if half is not None:
            half.on_end = None
            self._host.end(half, "failed", f"{self.source} went down")
        if not keep_copy:
            self._drop_copies()
        self._mover.forget(self)

    def target_lost(self) -> None:
        """The target went down: even if it comes back, it knows nothing of this any more."""
        self._target_was_lost = True
        self.retune()

    def _drop_copies(self) -> None:
        for volume in self._copies:
            self._host.storage.remove(volume)

    def _drop_originals(self) -> None:
        for volume in self._own:
            self._host.storage.remove(volume)

    # common parts

    def _next(self, phase: str, amount: float, done: Callable[[], None]) -> None:
        self._drop_work()
        self.phase = phase
        self._work = Work(self._host.kernel, amount, done)
        self.retune()

    def _drop_work(self) -> None:
        for work in (self._work, self._stalled, self._silent):
            if work is not None:
                work.cancel()
        self._work = self._stalled = self._silent = None

    def _conclude(self, outcome: Outcome) -> None:
        self._drop_work()
        self.phase = OVER
        self._mover.forget(self)
        self._request.done(outcome)

    def retune(self) -> None:
        """Something around it changed: go on at the speed that is possible now, or not at all."""
        if self.phase == OVER:
            return
        trouble = self._trouble()
        if trouble is not None:
            self._fail(trouble)
            return
        paused = self._host.is_paused(self.source)
        broken = not self._flows()
        if self._work is not None:
            self._work.set_rate(0.0 if paused or broken else self._speed())
        self._watch_stall(broken=broken, paused=paused)
        self._watch_silence(paused=paused)

    def _trouble(self) -> str | None:
        """What ends the move at once, as long as the source may go on."""
        if self.phase in (COMMIT, HANDOVER) or self._host.is_paused(self.source):
            return None
        for pool in self._pools:
            for node in (self.source, self.target):
                if not self._host.storage.reachable(pool, node):
                    return f"storage {pool} does not answer on {node}"
        if self.phase == FINAL and not self._flows():
            return f"{self.target} cannot be reached"
        return None

    def _flows(self) -> bool:
        """Whether the other end hears and answers."""
        host = self._host
        lost = self._target_was_lost or (self.online and self._half is None)
        if lost or host.is_paused(self.target):
            return False
        return self._mover.paths.mutual(self.source, self.target)

    def _speed(self) -> float:
        if self.phase == MEMORY:
            return self._mover.share(self)
        if self.phase == DISKS:
            bandwidth = min(self._host.storage.bandwidth(volume.pool) for volume in self._own)
            return min(self._mover.share(self), bandwidth)
        return 1.0

    def _watch_stall(self, *, broken: bool, paused: bool) -> None:
        """The source's side of a stream that stands still."""
        if not broken or self.phase == COMMIT:  # the answer to the rename is waited for, always
            if self._stalled is not None:
                self._stalled.cancel()
                self._stalled = None
            return
        if self._stalled is None:
            patience_s = self._mover.limits.patience_s
            self._stalled = Work(self._host.kernel, patience_s, self._out_of_patience)
        self._stalled.set_rate(0.0 if paused else 1.0)

    def _out_of_patience(self) -> None:
        if self.phase == HANDOVER:
            self._arrived_dead()
        else:
            self._fail(f"{self.target} cannot be reached")

    def _watch_silence(self, *, paused: bool) -> None:
        """The target's side: a half whose source stands still does not wait for ever.

        A fenced source may stand still until its power is cut, and what is left of its migration
        must not be taken for the guest by then.
        """
        half = self._half
        if half is None or not paused:
            if self._silent is not None:
                self._silent.cancel()
                self._silent = None
            return
        if self._silent is None:
            self._silent = Work(
                self._host.kernel,
                self._mover.limits.silence_s,
                lambda: self._host.end(half, "failed", f"{self.source} is silent"),
            )
        self._silent.set_rate(0.0 if self._host.is_paused(self.target) else 1.0)
