"""The changes that this member was asked for and has not answered yet."""

from __future__ import annotations

from collections import deque
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
MESSAGE_BYTES = 64 * 1024  # of contents; a larger change travels alone
FOREVER_S = float("inf")

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
    """`since`: what was committed here when it was sent; its entry, if any, is newer.

    size_bytes: of its contents.
    """

    number: int
    steps: Steps
    mtime_s: int
    deadline_s: float
    size_bytes: int = 0
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
    """In the order in which they were asked; `results` are for whoever asked.

    What happens to every request costs the same however many there are.
    """

    __slots__ = (
        "_flying",
        "_node",
        "_nonce",
        "_open",
        "_placed",
        "_soonest_s",
        "_waiting",
        "results",
    )

    def __init__(self, node: str, nonce: str) -> None:
        self._node, self._nonce = node, nonce
        self._open: dict[int, Request] = {}
        self._waiting: deque[Request] = deque()  # those answered meanwhile included
        self._placed: deque[Request] = deque()  # the same, by ordinal
        self._flying = 0  # sent or placed, and open
        self._soonest_s = FOREVER_S  # no deadline is sooner
        self.results: list[tuple[int, Outcome]] = []

    def add(self, request: Request) -> None:
        self._open[request.number] = request
        self._waiting.append(request)
        self._soonest_s = min(self._soonest_s, request.deadline_s)

    @property
    def ready(self) -> bool:
        """Whether `to_send` may have something."""
        return bool(self._waiting) and self._flying < MAX_IN_FLIGHT

    def to_send(self, since: int) -> list[Request]:
        """Those that may go now in one message; they count as sent from here on.

        since: what is committed.
        """
        found: list[Request] = []
        size = 0
        while self._waiting and self._flying < MAX_IN_FLIGHT:
            one = self._waiting[0]
            size += one.size_bytes
            if found and size > MESSAGE_BYTES:
                break
            self._waiting.popleft()
            if one.number in self._open:
                one.fate, one.since = Fate.SENT, since
                self._flying += 1
                found.append(one)
        return found

    def placed(self, request: RequestId, ordinal: int, outcome: Outcome, entered: bool) -> None:
        """One was judged; if it is of this boot and still open, remember how."""
        node, nonce, number = request
        if node != self._node or nonce != self._nonce:
            return
        one = self._open.get(number)
        if one is not None:
            one.fate, one.ordinal, one.outcome, one.entered = Fate.PLACED, ordinal, outcome, entered
            self._placed.append(one)

    def release(self, ordinal: int) -> None:
        """Everything up to there is committed: answer."""
        placed = self._placed
        while placed and placed[0].ordinal <= ordinal:
            one = placed.popleft()
            if one.number in self._open:
                self._answer(one, one.outcome)

    def interrupted(self) -> None:
        """The session is over."""
        self._placed.clear()
        self._flying = 0
        for one in self._open.values():
            one.fate = Fate.WAITING if one.harmless else Fate.DOUBTFUL
        self._wait_again()

    def _wait_again(self) -> None:
        self._waiting = deque(one for one in self._open.values() if one.fate is Fate.WAITING)

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
        self._wait_again()

    def refuse_waiting(self, why: str) -> None:
        """There is no quorum: what was not sent will not be."""
        for one in [one for one in self._open.values() if one.fate is Fate.WAITING]:
            self._answer(one, NotQuorateError(why))
        self._waiting.clear()

    def expire(self, now_s: float) -> None:
        """Answer those whose time is up."""
        if now_s < self._soonest_s:
            return
        for one in [one for one in self._open.values() if one.deadline_s <= now_s]:
            if one.harmless:
                self._answer(one, UnavailableError("the store did not answer, nothing was changed"))
            else:
                self._answer(
                    one, OutcomeUnknownError("not confirmed in time: it may or may not be made")
                )
        self._soonest_s = min((one.deadline_s for one in self._open.values()), default=FOREVER_S)

    def next_deadline_s(self) -> float | None:
        """No request's time is up before that."""
        return self._soonest_s if self._open else None

    def numbers(self) -> Iterable[int]:
        return tuple(self._open)

    def _answer(self, one: Request, outcome: Outcome) -> None:
        del self._open[one.number]
        if one.fate is Fate.SENT or one.fate is Fate.PLACED:
            self._flying -= 1
        self.results.append((one.number, outcome))
