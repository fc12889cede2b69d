"""What a process saw, line by line in a file that outlives it; and the verdict on all such files.

A line is written before what it tells of can have had consequences elsewhere (a call before it is
made, an answer after it came), so a process may be killed at any moment.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from appliance.core.store.replica import Replica
from appliance.model.store.changes import Epoch, Point
from tests.histories.ledger import Committed, Ledger, committed_since
from tests.histories.linear import FOREVER, Kind, Op, linearizable
from tests.histories.recorder import Ack, Recorder

ENDED: Final = b'["ended"'  # begins the line of an operation that came back


class Scribe:
    """Writes what a recorder and a member of the store tell."""

    def __init__(self, file: Path) -> None:
        self._output = file.open("a")  # for as long as this process lives
        self._looked: tuple[Replica | None, int] = (None, 0)
        self._session: Epoch | None = None

    def _write(self, *line: object) -> None:
        self._output.write(json.dumps(line) + "\n")
        self._output.flush()

    def told(self, recorder: Recorder, what: str, key: str, op: Op) -> None:
        """The recorder's `told`."""
        ack = recorder.acks[-1].version if recorder.acks[-1:] else None
        if what != "ended" or recorder.acks[-1:] != [Ack(op.number, ack or 0)]:
            ack = None
        ended_s = None if op.ended_s == FOREVER else op.ended_s
        self._write(what, key, op.number, op.kind.name, op.called_s, ended_s, op.seen, ack)

    def look(self, replica: Replica) -> None:
        """Note what is newly committed here, and the session."""
        before, version = self._looked
        if before is not replica:
            version = 0
        self._looked = (replica, replica.log.committed)
        session = replica.session
        if session is not None and session.open and session.epoch != self._session:
            self._session = session.epoch
            self._write("session", session.epoch, session.members)
        found = committed_since(replica, version)
        if found:
            self._write("committed", [_line(one) for one in found])

    def held(self, lease: str, from_s: float, to_s: float) -> None:
        """This node held that lease all that time."""
        self._write("held", lease, from_s, to_s)


@dataclass
class Evidence:
    """All that the processes of a cluster wrote. Times are of one clock for all of them.

    shares, lent: votes of each node, and of a quorum device.
    """

    shares: Mapping[str, int]
    lent: int = 0
    ledger: Ledger = field(default_factory=Ledger)
    history: dict[str, list[Op]] = field(default_factory=dict)
    acks: list[Ack] = field(default_factory=list)
    outcomes: dict[str, int] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)
    _held: dict[str, list[tuple[float, float, str]]] = field(default_factory=dict)

    def read(self, node: str, file: Path) -> None:
        """Take the file of one life of a process of that node."""
        open_ops: dict[int, tuple[str, Op]] = {}
        for text in file.read_text().splitlines(keepends=True):
            if text.endswith("\n"):  # else it was killed just then
                self._take(node, json.loads(text), open_ops)
        for key, op in open_ops.values():
            self._count("unknown")
            self.history.setdefault(key, []).append(op)

    def _take(self, node: str, line: list[Any], open_ops: dict[int, tuple[str, Op]]) -> None:
        match line:
            case ["committed", entries]:
                self.wrong += self.ledger.note(node, map(_committed, entries))
            case ["session", epoch, members]:
                self.ledger.sessions[Epoch(*epoch)] = tuple(members)
            case ["held", lease, from_s, to_s]:
                self._held.setdefault(lease, []).append((from_s, to_s, node))
            case [what, key, number, kind, called_s, ended_s, seen, ack]:
                ended_s = FOREVER if ended_s is None else ended_s
                op = Op(number, Kind[kind], called_s, ended_s, seen)
                open_ops.pop(number, None)
                if what == "called":
                    open_ops[number] = (key, op)
                elif what == "ended":
                    self._ended(key, op, ack)
                else:
                    self._count("refused")

    def _ended(self, key: str, op: Op, ack: int | None) -> None:
        self._count(op.kind.name)
        self.history.setdefault(key, []).append(op)
        if ack is not None:
            self.acks.append(Ack(op.number, ack))

    def _count(self, what: str) -> None:
        self.outcomes[what] = self.outcomes.get(what, 0) + 1

    @property
    def answered(self) -> int:
        """Operations that were neither refused for want of quorum nor left open."""
        return self.operations - self.outcomes.get("refused", 0) - self.outcomes.get("unknown", 0)

    @property
    def operations(self) -> int:
        return sum(self.outcomes.values())

    def judge(self) -> list[str]:
        """What did not hold."""
        histories = sorted(self.history.items())
        return [
            *self.wrong,
            *self.ledger.judge(self.acks, self.shares, self.lent),
            *self._shared_leases(),
            *(f"{key}: not linearizable" for key, ops in histories if not linearizable(ops)),
        ]

    def _shared_leases(self) -> Iterator[str]:
        for lease, times in sorted(self._held.items()):
            until_s, holder = 0.0, ""
            for from_s, to_s, node in sorted(times):
                if node != holder and from_s < until_s:
                    yield f"{holder} and {node} both hold {lease} at {from_s:.3f}"
                if to_s > until_s:
                    until_s, holder = to_s, node

    def held_s(self, lease: str) -> float:
        """How long somebody surely held it."""
        return sum(to_s - from_s for from_s, to_s, _ in self._held.get(lease, ()))


def _line(one: Committed) -> tuple[object, ...]:
    point = one.point
    return point.epoch, point.version, point.digest.hex(), one.numbers


def _committed(entry: list[Any]) -> Committed:
    epoch, version, digest, numbers = entry
    return Committed(Point(Epoch(*epoch), version, bytes.fromhex(digest)), tuple(numbers))
