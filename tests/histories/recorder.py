"""Clients' operations on the store, and the history of what they saw."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Final

from appliance.model.errors import (
    ExistsError,
    MissingError,
    NotQuorateError,
    OutcomeUnknownError,
    StaleError,
    UnavailableError,
)
from appliance.model.store.changes import ABSENT, Delete, Put
from appliance.ports.entropy import Entropy
from appliance.services.store.service import StoreService
from tests.histories.linear import FOREVER, Kind, Op

Act = Callable[[], Awaitable[int]]
LARGE_BYTES: Final = 1_020_000  # does not travel in one piece
READ_TIMEOUT_S: Final = 8.0
KEYS: Final = (
    *("a.cfg", "b.cfg", "c.cfg", "d.cfg", "e.cfg", "f.cfg"),
    "nodes/n1/qemu-server/100.conf",
)


@dataclass(frozen=True, slots=True)
class Ack:
    """A write that was acknowledged, and in which version."""

    number: int
    version: int


@dataclass
class Recorder:
    """Draws operations, carries them out and keeps what came of them.

    Each write is of another number, so that what is read says who wrote it. `told` hears of each
    write when it is "called" and whether it "failed", and of each operation that has "ended".
    """

    entropy: Entropy
    now_s: Callable[[], float]
    keys: tuple[str, ...] = KEYS
    large: float = 0.004  # part of the writes
    told: Callable[[str, str, Op], None] = lambda what, key, op: None
    history: dict[str, list[Op]] = field(default_factory=dict)
    acks: list[Ack] = field(default_factory=list)
    failed: set[int] = field(default_factory=set)
    outcomes: dict[str, int] = field(default_factory=dict)
    numbers: int = 0
    _known: dict[tuple[int, str], tuple[int, int]] = field(default_factory=dict)
    _open: dict[int, tuple[str, Op]] = field(default_factory=dict)

    def finish(self) -> None:
        """What has not come back by now never will."""
        for key, op in self._open.values():
            self.history.setdefault(key, []).append(op)
        self._open.clear()

    async def one(self, store: StoreService, client: int, where: tuple[str | int, ...]) -> None:
        """One operation of that client, drawn by `where`."""
        key = self.keys[int(self.entropy.unit("key", *where) * len(self.keys))]
        self.numbers += 1
        number = self.numbers
        slot = (client, key)
        seen, version = self._known.get(slot, (0, ABSENT))
        kind = _kind(self.entropy.unit("what", *where))
        timeout_s = 1.0 + 7.0 * self.entropy.unit("timeout", *where)
        content = b"%d" % number
        if self.entropy.unit("large", *where) < self.large:
            content += b" " * LARGE_BYTES
        act: Act
        if kind is Kind.READ:
            act = lambda: self._read(store, slot)  # noqa: E731
        else:
            expect = version if kind is Kind.SWAP else None
            step = Delete(key) if kind is Kind.REMOVE else Put(key, content, expect)
            act = lambda: store.change(step, timeout_s=timeout_s)  # noqa: E731
        await self._record(Op(number, kind, self.now_s(), FOREVER, seen), act, slot)

    async def _read(self, store: StoreService, slot: tuple[int, str]) -> int:
        await store.catch_up(timeout_s=READ_TIMEOUT_S)
        try:
            file = store.read(slot[1])
        except MissingError:
            self._known[slot] = (0, ABSENT)
            return 0
        self._known[slot] = (int(file.content), file.version)
        return int(file.content)

    async def _record(self, op: Op, act: Act, slot: tuple[int, str]) -> None:
        key = slot[1]
        if op.kind is not Kind.READ:
            self._open[op.number] = (key, op)
            self.told("called", key, op)
        kind, seen = op.kind, op.seen
        try:
            result = await act()
        except (NotQuorateError, UnavailableError) as error:
            self._count(type(error).__name__)
            self.failed.add(op.number)
            self._open.pop(op.number, None)
            self.told("failed", key, op)
            return
        except OutcomeUnknownError:
            self._count("unknown")
            return
        except (StaleError, ExistsError, MissingError):
            kind = Kind.SWAP_REFUSED if op.kind is Kind.SWAP else Kind.REMOVE_REFUSED
        else:
            if op.kind is Kind.READ:
                seen = result
            else:
                self._acknowledged(op, slot, result)
        self._open.pop(op.number, None)
        self._count(kind.name)
        ended = Op(op.number, kind, op.called_s, self.now_s(), seen)
        self.history.setdefault(key, []).append(ended)
        self.told("ended", key, ended)

    def _acknowledged(self, op: Op, slot: tuple[int, str], version: int) -> None:
        self.acks.append(Ack(op.number, version))
        value = 0 if op.kind is Kind.REMOVE else op.number
        self._known[slot] = (value, version if value else ABSENT)

    def _count(self, what: str) -> None:
        self.outcomes[what] = self.outcomes.get(what, 0) + 1


def _kind(drawn: float) -> Kind:
    for upto, kind in ((0.35, Kind.WRITE), (0.6, Kind.SWAP), (0.7, Kind.REMOVE)):
        if drawn < upto:
            return kind
    return Kind.READ
