"""Guests of the lock-step simulator: maps of what runs, and the type `fa` that fails on purpose.

The digits of an `fa` number, from the left: no meaning; starts that fail before one succeeds; moves
that fail before one succeeds; non-zero: cannot be shut down; unused; non-zero: the failures happen
on `node<digit>` alone. Attempts are counted for the whole cluster.
"""

from __future__ import annotations

from appliance.ports.guests import Outcome
from sim.lockstep.hardware import Hardware
from sim.lockstep.ports import StepClock

_OK = Outcome(True)
_WORK_S = 2


class StepGuests:
    """Implements `GuestRuntime` for one node."""

    def __init__(self, hardware: Hardware, node: str, clock: StepClock) -> None:
        self._hardware, self._node, self._clock = hardware, node, clock
        self._running = hardware.nodes[node].running

    def running(self, sid: str) -> bool:
        return self._running.get(sid, False)

    async def start(self, sid: str) -> Outcome:
        if fails(self._hardware.start_attempts, sid, self._node, digit=1):
            return Outcome(False, "fails on purpose")
        lock = self._hardware.guest_locks.get(sid)
        if lock is not None:
            return Outcome(False, "locked", lock)
        self._clock.spend(_WORK_S)
        self._running[sid] = True
        return _OK

    async def stop(self, sid: str, timeout_s: int | None) -> Outcome:
        if _digit(sid, 3):
            return Outcome(False, "cannot be shut down")
        lock = self._hardware.guest_locks.get(sid)
        if lock is not None:
            return Outcome(False, "locked", lock)
        self._running[sid] = False
        return _OK


class StepMigration:
    """Implements `Migration` for one node. A moved guest does not run on its target at once."""

    def __init__(self, hardware: Hardware, node: str, clock: StepClock) -> None:
        self._hardware, self._node, self._clock = hardware, node, clock

    async def check(self, sid: str, target: str) -> Outcome:
        if fails(self._hardware.move_attempts, sid, self._node, digit=2):
            return Outcome(False, "fails on purpose")
        lock = self._hardware.guest_locks.get(sid)
        return _OK if lock is None else Outcome(False, "locked", lock)

    async def move(self, sid: str, target: str, online: bool) -> Outcome:
        self._clock.spend(_WORK_S)
        self._hardware.set_service(sid, node=target)
        self._hardware.nodes[self._node].running.pop(sid, None)
        return _OK


def fails(attempts: dict[str, int], sid: str, node: str, digit: int) -> bool:
    """Count an attempt; whether it is one of those that fail."""
    planned = _digit(sid, digit)
    only = _digit(sid, 5)
    if sid.startswith("fa:") and (not only or node == f"node{only}"):
        count = attempts.get(sid, 0) + 1
        if planned >= count:
            attempts[sid] = count
            return True
    attempts[sid] = 0
    return False


def _digit(sid: str, index: int) -> int:
    kind, _, number = sid.partition(":")
    return int(number[index]) if kind == "fa" and len(number) > index else 0
