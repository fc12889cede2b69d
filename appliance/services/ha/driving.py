"""Carrying out the effects of a pure round through the ports."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Generator, Mapping
from typing import Any, TypeVar

from appliance.core.ha.constants import (
    LOCK_LIFE_S,
    LOCK_RETRY_S,
    LOCK_TRIES,
    LOCK_TRY_SPAN_S,
)
from appliance.core.ha.effects import KeepLock
from appliance.model.errors import QuorateError, UnavailableError
from appliance.model.events import Event
from appliance.model.events.daemon import LockAcquired
from appliance.ports.leases import LeaseAnswer
from appliance.ports.node import NodePorts

T = TypeVar("T")

_EARLY_S = 0.1


class Teller:
    """Brings what a machine tells to the journal, in step with what is done in between."""

    def __init__(self, ports: NodePorts, source: str) -> None:
        self._emit = ports.journal.emit
        self._source = source
        self.told: list[Event] = []
        self.count = 0

    def flush(self) -> None:
        if self.told:
            for event in self.told:
                self._emit(self._source, event)
            self.count += len(self.told)
            self.told.clear()


async def drive(
    steps: Generator[Any, Any, None],
    actions: Mapping[type, Callable[[Any], Awaitable[Any]]],
    teller: Teller,
) -> None:
    """Run the steps. `actions` tells what to do for an effect; what came of it is sent back."""
    answer: Any = None
    error: QuorateError | None = None
    while True:
        try:
            effect = steps.send(answer) if error is None else steps.throw(error)
        except StopIteration:
            teller.flush()
            return
        except QuorateError:
            teller.flush()
            raise
        if teller.told:
            teller.flush()
        try:
            answer, error = await actions[type(effect)](effect), None
        except QuorateError as failed:
            answer, error = None, failed


async def keep_lock(ports: NodePorts, wanted: KeepLock, teller: Teller) -> LeaseAnswer:
    """Take or refresh a lock; whoever acts on its strength tries a few times before giving up."""
    answer = await ports.leases.renew(wanted.name, LOCK_LIFE_S)
    if not answer.held and wanted.holding and ports.membership.view().quorate:
        end_s = ports.clock.monotonic() + LOCK_TRY_SPAN_S
        for _ in range(LOCK_TRIES - 1):
            await ports.clock.sleep(LOCK_RETRY_S)
            answer = await ports.leases.renew(wanted.name, LOCK_LIFE_S)
            if answer.held or ports.clock.monotonic() >= end_s:
                break
    if answer.held and answer.fresh:
        teller.told.append(LockAcquired(wanted.name))
        teller.flush()
    return answer


def free_at_s(now_s: float, answer: LeaseAnswer) -> float | None:
    """When the round begins that may find a refused lock free; the refused one began at `now_s`.

    A round asks some time after its beginning, and so will the one that finds it free; hence the
    time counts from the beginning of the refused one, and a little less.
    """
    return None if answer.free_in_s is None else now_s + answer.free_in_s - _EARLY_S


def attempt(read: Callable[[], T]) -> T | UnavailableError:
    """What the store says, or that it cannot be read."""
    try:
        return read()
    except UnavailableError as error:
        return error
