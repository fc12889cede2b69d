"""The changes that this member was asked for and has not answered yet."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum, auto
from typing import TypeAlias

from appliance.core.store.log import Log
from appliance.model.errors import (
    NotQuorateError,
    OutcomeUnknownError,
    QuorateError,
    UnavailableError,
)
from appliance.model.store.changes import RequestId, Steps

MAX_IN_FLIGHT = 256

Outcome: TypeAlias = int | QuorateError  # the version at which it was judged, or why not


class Fate(Enum):
    """waiting: not with the group. sent: on its way. placed: judged at its place of the order.

    doubtful: it was one of the latter when the session ended.
    """

    WAITING = auto()
    SENT = auto()
    PLACED = auto()
    DOUBTFUL = auto()


@dataclass(slots=True)
class Request:
    """`since`: what was committed here when it was sent; its entry, if any, is newer."""

    number: int
    steps: Steps
    mtime_s: int
    deadline_s: float
    fate: Fate = Fate.WAITING
    since: int = 0
    ordinal: int = 0
    outcome: Outcome = 0
    entered: bool = False  # it made an entry

    @property
    def harmless(self) -> bool:
        """It can have changed nothing."""
        judged = self.fate is Fate.PLACED and not self.entered
        return self.fate is Fate.WAITING or judged or not self.steps


class Requests:
    """In the order in which they were asked; `results` are for whoever asked."""

    __slots__ = ("_node", "_nonce", "_open", "results")

    def __init__(self, node: str, nonce: str) -> None:
        self._node, self._nonce = node, nonce
        self._open: dict[int, Request] = {}
        self.results: list[tuple[int, Outcome]] = []

    def add(self, request: Request) -> None:
        self._open[request.number] = request

    def to_send(self) -> list[Request]:
        """Those that may go now."""
        flying = sum(one.fate in {Fate.SENT, Fate.PLACED} for one in self._open.values())
        waiting = [one for one in self._open.values() if one.fate is Fate.WAITING]
        return waiting[: max(0, MAX_IN_FLIGHT - flying)]

    def placed(self, request: RequestId, ordinal: int, outcome: Outcome, entered: bool) -> None:
        """One was judged; if it is of this boot and still open, remember how."""
        if request.node != self._node or request.nonce != self._nonce:
            return
        one = self._open.get(request.number)
        if one is not None:
            one.fate, one.ordinal, one.outcome, one.entered = Fate.PLACED, ordinal, outcome, entered

    def release(self, ordinal: int) -> None:
        """Everything up to there is committed: answer."""
        ripe = [
            one for one in self._open.values() if one.fate is Fate.PLACED and one.ordinal <= ordinal
        ]
        for one in ripe:
            self._answer(one, one.outcome)

    def interrupted(self) -> None:
        """The session is over."""
        for one in self._open.values():
            one.fate = Fate.WAITING if one.harmless else Fate.DOUBTFUL

    def resolve(self, log: Log) -> None:
        """What earlier sessions did is settled, and nothing else will ever be of it."""
        for one in [one for one in self._open.values() if one.fate is Fate.DOUBTFUL]:
            entry = log.find(RequestId(self._node, self._nonce, one.number), one.since)
            if entry is not None:
                self._answer(one, entry.version)
            elif log.floor.version <= one.since:
                one.fate = Fate.WAITING
            else:
                self._answer(one, OutcomeUnknownError("the change may or may not have been made"))

    def refuse_waiting(self, why: str) -> None:
        """There is no quorum: what was not sent will not be."""
        for one in [one for one in self._open.values() if one.fate is Fate.WAITING]:
            self._answer(one, NotQuorateError(why))

    def expire(self, now_s: float) -> None:
        """Answer those whose time is up."""
        for one in [one for one in self._open.values() if one.deadline_s <= now_s]:
            if one.harmless:
                self._answer(one, UnavailableError("the store did not answer, nothing was changed"))
            else:
                self._answer(
                    one, OutcomeUnknownError("not confirmed in time: it may or may not be made")
                )

    def next_deadline_s(self) -> float | None:
        return min((one.deadline_s for one in self._open.values()), default=None)

    def numbers(self) -> Iterable[int]:
        return tuple(self._open)

    def _answer(self, one: Request, outcome: Outcome) -> None:
        del self._open[one.number]
        self.results.append((one.number, outcome))
