"""Clients that read and write at random, and the history of what they saw."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from appliance.model.errors import (
    ExistsError,
    MissingError,
    NotQuorateError,
    OutcomeUnknownError,
    StaleError,
    UnavailableError,
)
from appliance.model.store.changes import ABSENT, Delete, Put
from appliance.services.store.service import StoreService
from sim.entropy import Entropy
from sim.group.cluster import Daemon, StoreCluster
from sim.kernel import to_us
from tests.sim.store.linear import FOREVER, Kind, Op

LARGE_BYTES = 1_020_000  # does not travel in one piece


@dataclass(slots=True)
class Ack:
    """A write that was acknowledged, and in which version."""

    number: int
    version: int


@dataclass
class Clients:
    """`per_node` clients on each daemon, each one operation at a time."""

    cluster: StoreCluster
    entropy: Entropy
    keys: tuple[str, ...] = (
        *("a.cfg", "b.cfg", "c.cfg", "d.cfg", "e.cfg", "f.cfg"),
        "nodes/n1/qemu-server/100.conf",
    )
    pause_s: float = 0.4
    per_node: int = 2
    stopped: bool = False
    history: dict[str, list[Op]] = field(default_factory=dict)
    acks: list[Ack] = field(default_factory=list)
    failed: set[int] = field(default_factory=set)
    outcomes: dict[str, int] = field(default_factory=dict)
    _numbers: int = 0
    _bursts: int = 0
    _known: dict[tuple[int, str], tuple[int, int]] = field(default_factory=dict)
    _open: dict[int, tuple[str, Op]] = field(default_factory=dict)

    def attend(self, node: str, daemon: Daemon) -> None:
        """A daemon was started."""
        for client in range(self.per_node):
            daemon.boot.spawn(self._run(node, daemon, client), f"client {client}")

    def burst(self, nodes: tuple[str, ...], count: int = 6) -> None:
        """So many changes at once on each of these nodes."""
        for node in nodes:
            daemon = self.cluster.machines[node].daemon
            for each in range(count if daemon is not None else 0):
                assert daemon is not None
                self._bursts += 1
                where = (node, daemon.boot.number, 2 + each, -self._bursts)
                daemon.boot.spawn(self._one(daemon.store, where), "burst")

    def finish(self) -> None:
        """What has not come back by now never will."""
        for key, op in self._open.values():
            self.history.setdefault(key, []).append(op)
        self._open.clear()

    async def _run(self, node: str, daemon: Daemon, client: int) -> None:
        turn = 0
        while not self.stopped:
            turn += 1
            where = (node, daemon.boot.number, client, turn)
            await daemon.boot.sleep(
                to_us(self.entropy.between(0, 2 * self.pause_s, "pause", *where))
            )
            await self._one(daemon.store, where)

    async def _one(self, store: StoreService, where: tuple[str | int, ...]) -> None:
        key = self.keys[int(self.entropy.unit("key", *where) * len(self.keys))]
        drawn = self.entropy.unit("what", *where)
        self._numbers += 1
        number = self._numbers
        content = b"%d" % number
        if self.entropy.unit("large", *where) < 0.004:
            content += b" " * LARGE_BYTES
        slot = (client_of(where), key)
        seen, version = self._known.get(slot, (0, ABSENT))
        act: Callable[[], Awaitable[int]]
        timeout_s = self.entropy.between(1.0, 8.0, "timeout", *where)
        if drawn < 0.35:
            put = Put(key, content)
            act, op = (lambda: store.change(put, timeout_s=timeout_s)), Kind.WRITE
        elif drawn < 0.6:
            put = Put(key, content, expect=version)
            act, op = (lambda: store.change(put, timeout_s=timeout_s)), Kind.SWAP
        elif drawn < 0.7:
            act, op = (lambda: store.change(Delete(key), timeout_s=timeout_s)), Kind.REMOVE
        else:
            act, op = (lambda: self._read(store, slot)), Kind.READ
        await self._record(store, key, Op(number, op, self._now_s(), FOREVER, seen), act, slot)

    def _now_s(self) -> float:
        return self.cluster.kernel.now_us / 1e6

    async def _read(self, store: StoreService, slot: tuple[int, str]) -> int:
        await store.catch_up(timeout_s=8.0)
        try:
            file = store.read(slot[1])
        except MissingError:
            self._known[slot] = (0, ABSENT)
            return 0
        self._known[slot] = (int(file.content), file.version)
        return int(file.content)

    async def _record(
        self,
        store: StoreService,
        key: str,
        op: Op,
        act: Callable[[], Awaitable[int]],
        slot: tuple[int, str],
    ) -> None:
        if op.kind is not Kind.READ:
            self._open[op.number] = (key, op)
        kind, seen = op.kind, op.seen
        try:
            result = await act()
        except (NotQuorateError, UnavailableError) as error:
            self._count(type(error).__name__)
            self.failed.add(op.number)
            self._open.pop(op.number, None)
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
                self.acks.append(Ack(op.number, result))
                value = 0 if op.kind is Kind.REMOVE else op.number
                self._known[slot] = (value, result if value else ABSENT)
        self._open.pop(op.number, None)
        self._count(kind.name)
        ended = Op(op.number, kind, op.called_s, self._now_s(), seen)
        self.history.setdefault(key, []).append(ended)

    def _count(self, what: str) -> None:
        self.outcomes[what] = self.outcomes.get(what, 0) + 1


def client_of(where: tuple[str | int, ...]) -> int:
    """A number for a client: its node's and its own."""
    node, _, client, _ = where
    return int(str(node).removeprefix("n")) * 10 + int(client)
