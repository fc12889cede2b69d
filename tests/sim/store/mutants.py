"""Deliberate faults of the store. Each must be found by random histories, else these prove little.

A mutant is a function that breaks something for as long as pytest's monkeypatch lasts.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final

import pytest

from appliance.core.store import durable, session, transfer
from appliance.core.store.durable import Disk, Write, record
from appliance.core.store.log import Log
from appliance.core.store.replica import Replica
from appliance.core.store.requests import Fate, Requests
from appliance.core.store.session import Session
from appliance.core.store.transfer import _entries
from appliance.model.errors import UnavailableError
from appliance.model.store.changes import Entry, Epoch, Point, RequestId
from appliance.model.store.codec import Reader, Writer
from appliance.model.store.forms import read_entry, read_point, write_point
from appliance.model.store.messages import Asked, Begin, Census, Need, State, Transfer
from appliance.services.store import service
from appliance.services.store.leases import StoreLeases
from appliance.services.store.service import StoreService
from sim.group.disk import SimDisk
from tests.sim.store.deciders import DECIDERS, believe_any_count, placed_where_it_was_heard

Mutant = Callable[[pytest.MonkeyPatch], None]


def acknowledge_on_sending(patch: pytest.MonkeyPatch) -> None:
    """Answer before the message has come back."""
    propose = Replica.propose

    def hasty(self: Replica) -> None:
        flying = [one for one in self.requests._open.values() if one.fate is Fate.WAITING]
        propose(self)
        for one in flying:
            if one.fate is Fate.SENT:
                self.requests._answer(one, self.log.last.version + 1)

    patch.setattr(Replica, "propose", hasty)


def acknowledge_on_delivery(patch: pytest.MonkeyPatch) -> None:
    """Answer when one's own message came back, whoever else has it."""
    place = Replica._place

    def hasty(
        self: Replica, session: Session, ordinal: int, request: RequestId, asked: Asked
    ) -> None:
        place(self, session, ordinal, request, asked)
        self.requests.release(ordinal)

    patch.setattr(Replica, "_place", hasty)


def one_confirmation_is_enough(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Session, "committed", lambda self: max(self.confirmed.values(), default=0))


def confirm_before_sync(patch: pytest.MonkeyPatch) -> None:
    """Call a write durable when it is queued."""
    flush = Replica.flush

    def hasty(self: Replica) -> None:
        self._durable = self.out.written
        flush(self)

    patch.setattr(Replica, "flush", hasty)


def skip_sync(patch: pytest.MonkeyPatch) -> None:
    async def skipped(self: SimDisk) -> None:
        return None

    patch.setattr(SimDisk, "sync", skipped)


def trust_the_flag(patch: pytest.MonkeyPatch) -> None:
    """Whoever says it has quorum may act, whatever its view."""

    def trusting(members: Any, states: Mapping[str, State], electorate: Any) -> bool:
        return all(state.census.quorate for state in states.values())

    patch.setattr(session, "may_act", trusting)


def ignore_quorum(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(session, "may_act", lambda members, states, electorate: True)
    counted = Replica.counted

    def blind(self: Replica, census: Census) -> None:
        counted(self, replace(census, quorate=True))

    patch.setattr(Replica, "counted", blind)


def longest_wins(patch: pytest.MonkeyPatch) -> None:
    """Newest is who counted most changes, epochs aside."""

    def longest(states: Mapping[str, State]) -> Point:
        return max((s.last for s in states.values() if s.trusted), key=lambda p: p.version)

    patch.setattr(session, "newest", longest)


def first_wins(patch: pytest.MonkeyPatch) -> None:
    """The state of the lowest name is taken."""

    def first(states: Mapping[str, State]) -> Point:
        return states[min(name for name in states if states[name].trusted)].last

    patch.setattr(session, "newest", first)


def newest_by_clock(patch: pytest.MonkeyPatch) -> None:
    """Epochs are told apart by the wall clock of who began them."""
    begin = Replica.begin

    def dated(self: Replica) -> None:
        begin(self)
        self.out.sends.pop()
        skew = sum(self.node.encode()) * 7919 % 1000
        self._begun += 1
        number = 1_000_000 + skew * 100 + self._begun
        self.out.send(Begin(Epoch(number, self.node, self.nonce)))

    def careless(self: Replica, sender: str, message: Begin, now_s: float) -> None:
        self.promised = min(self.promised, Epoch(0, "", ""))
        on_begin(self, sender, message, now_s)

    on_begin = Replica._on_begin
    patch.setattr(Replica, "begin", dated)
    patch.setattr(Replica, "_on_begin", careless)


def forget_promises(patch: pytest.MonkeyPatch) -> None:
    """An epoch may be met again: the number is one more than that of the history's end."""
    on_begin = Replica._on_begin

    def careless(self: Replica, sender: str, message: Begin, now_s: float) -> None:
        self.promised = Epoch(self.log.last.epoch.number, "", "")
        on_begin(self, sender, message, now_s)

    def begin(self: Replica) -> None:
        number = self.log.last.epoch.number + 1
        self._begun = number
        self.out.send(Begin(Epoch(number, "", "")))

    patch.setattr(Replica, "_on_begin", careless)
    patch.setattr(Replica, "begin", begin)


def lose_the_tail(patch: pytest.MonkeyPatch) -> None:
    """A transfer contains only what is known to be committed; the base is chosen so too."""
    synced = Replica.synced

    def short(self: Replica, written: int) -> None:
        if self._state_due is not None and self._state_due <= written:
            self.log.take_back(self.log.committed)
            self.tree.take_back(())
        synced(self, written)

    patch.setattr(Replica, "synced", short)


def transfer_without_pending(patch: pytest.MonkeyPatch) -> None:
    def fewer(log: Log, keep: int) -> bytes:
        entries = [entry for entry in log.after(keep) if entry.version <= log.committed]
        last = entries[-1].point if entries else log.point(keep)
        assert last is not None
        out = write_point(Writer(), last)
        return _entries(out, entries).done()

    patch.setattr(transfer, "part_blob", fewer)


def keep_the_stray_tail(patch: pytest.MonkeyPatch) -> None:
    """A node that went astray keeps what the group never acknowledged."""
    opened = Replica._open

    def stray(self: Replica, session: Session, now_s: float) -> None:
        base = session.start()
        session.open = False
        if self.trusted and self.log.last.version >= base.version:
            own = replace(next(iter(session.states.values())), last=self.log.last, trusted=True)
            patch_start(session, own.last)
        opened(self, session, now_s)

    def patch_start(session: Session, last: Point) -> None:
        session.states = {name: replace(state, last=last) for name, state in session.states.items()}

    patch.setattr(Replica, "_open", stray)


def send_again_at_once(patch: pytest.MonkeyPatch) -> None:
    """What was under way at a view change is simply sent again."""

    def impatient(self: Requests) -> None:
        interrupted(self)
        for one in self._open.values():
            one.fate = Fate.WAITING
        self._wait_again()

    interrupted = Requests.interrupted
    patch.setattr(Requests, "interrupted", impatient)


def unknown_is_failed(patch: pytest.MonkeyPatch) -> None:
    """Who was not confirmed in time is told that nothing happened."""

    def sure(self: Requests, now_s: float) -> None:
        for one in [one for one in self._open.values() if one.deadline_s <= now_s]:
            self._answer(one, UnavailableError("nothing changed"))

    patch.setattr(Requests, "expire", sure)


def refuse_without_asking(patch: pytest.MonkeyPatch) -> None:
    """Refusals and reads are answered from the local copy."""
    placed = Requests.placed

    def local(
        self: Requests, request: RequestId, ordinal: int, outcome: Any, entered: bool
    ) -> None:
        placed(self, request, ordinal, outcome, entered)
        one = self._open.get(request.number)
        if one is not None and self._placed and self._placed[-1] is one and not entered:
            self._answer(one, outcome)

    patch.setattr(Requests, "placed", local)


def damaged_is_trusted(patch: pytest.MonkeyPatch) -> None:
    """A node that lost its disk votes for what it has: nothing."""
    load = durable.load

    def careless(files: Mapping[str, bytes], damaged: Any = ()) -> Any:
        loaded = load(files, damaged)
        loaded.trusted = True
        return loaded

    patch.setattr(service, "load", careless)


def take_back_first(patch: pytest.MonkeyPatch) -> None:
    """A tail is taken back on the disk, and then, separately, what replaces it is written."""

    def separately(self: Disk, keep: int, entries: list[Entry]) -> None:
        self._append(record(3, Writer().number(keep).number(0).done()))
        for entry in entries:
            self.append(entry)

    patch.setattr(Disk, "splice", separately)


def fold_what_is_new(patch: pytest.MonkeyPatch) -> None:
    """A log that was read at the start is folded without what it had already."""
    begin = Disk.__init__

    def forgetful(self: Disk, put: Any, generation: int, _dirty: Any = ()) -> None:
        begin(self, put, generation)

    patch.setattr(Disk, "__init__", forgetful)


def install_in_place(patch: pytest.MonkeyPatch) -> None:
    """A full copy overwrites the old one file by file."""
    install = Disk.install

    def in_place(self: Disk, point: Point, cells: Any, pending: Any, old: Any) -> None:
        put: list[Write] = []
        real, self._put = self._put, put.append
        install(self, point, cells, pending, old)
        self._put = real
        for write in [w for w in put if w.name == "meta"] + [w for w in put if w.name != "meta"]:
            real(write)

    patch.setattr(Disk, "install", in_place)


def holder_counts_from_answer(patch: pytest.MonkeyPatch) -> None:
    """The holder's life begins when it hears that it holds, not before it asked."""
    renew = StoreLeases.renew

    async def late(self: StoreLeases, name: str, life_s: float) -> Any:
        answer = await renew(self, name, life_s)
        if name in self._until_s:
            self._until_s[name] = self._clock.monotonic() + life_s
        return answer

    patch.setattr(StoreLeases, "renew", late)


def expire_at_once(patch: pytest.MonkeyPatch) -> None:
    """Leases are taken from holders that are merely slow."""
    patch.setattr(StoreLeases, "free_in_s", lambda self, name: 0.0)


def read_committed_late(patch: pytest.MonkeyPatch) -> None:
    """A linearizable read that does not ask."""

    async def local(self: StoreService, *, timeout_s: float = 0.0) -> None:
        return None

    patch.setattr(StoreService, "catch_up", local)


def donor_lags(patch: pytest.MonkeyPatch) -> None:
    """What was ordered while a transfer was on its way is forgotten."""
    on_transfer = Replica._on_transfer

    def forgetful(
        self: Replica, session: Session, sender: str, message: Transfer, now_s: float
    ) -> None:
        if message.part == message.parts - 1 and message.receiver == self.node:
            self._buffer.clear()
        on_transfer(self, session, sender, message, now_s)

    patch.setattr(Replica, "_on_transfer", forgetful)


def watch_tells_the_last(patch: pytest.MonkeyPatch) -> None:
    """Of what is committed together a watch is told the last file only."""
    tell = StoreService._tell_watches
    patch.setattr(StoreService, "_tell_watches", lambda self, keys: tell(self, keys[-1:]))


def watch_misses_transfers(patch: pytest.MonkeyPatch) -> None:
    """What came with a whole copy is not told."""
    install = Replica._install_whole

    def silent(self: Replica, blob: bytes, now_s: float) -> None:
        before = len(self.out.changed)
        install(self, blob, now_s)
        del self.out.changed[before:]

    patch.setattr(Replica, "_install_whole", silent)


def whole_from_here(patch: pytest.MonkeyPatch) -> None:
    """The donor takes the asker's whole history for a part of its own."""

    def believing(log: Log, need: Need) -> int | None:
        return None if need.whole else min(need.last.version, log.last.version)

    def unchecked(blob: bytes, before: Point) -> list[Entry]:
        data = Reader(blob)
        read_point(data)
        found = []
        for _ in range(data.number()):
            entry = read_entry(before, data.data())
            before = entry.point
            found.append(entry)
        return found

    patch.setattr(transfer, "common_version", believing)
    patch.setattr(transfer, "read_part", unchecked)


# Found by whole histories.
MUTANTS: Final[dict[str, Mutant]] = {
    mutant.__name__: mutant
    for mutant in (
        acknowledge_on_sending,
        acknowledge_on_delivery,
        one_confirmation_is_enough,
        confirm_before_sync,
        skip_sync,
        trust_the_flag,
        ignore_quorum,
        longest_wins,
        first_wins,
        newest_by_clock,
        forget_promises,
        lose_the_tail,
        transfer_without_pending,
        keep_the_stray_tail,
        send_again_at_once,
        unknown_is_failed,
        refuse_without_asking,
        damaged_is_trusted,
        expire_at_once,
        read_committed_late,
        donor_lags,
        whole_from_here,
        watch_tells_the_last,
        watch_misses_transfers,
        *DECIDERS,
    )
}
# These need something rare, mostly in one millisecond of many: tests of their own look there.
NARROW: Final[dict[str, Mutant]] = {
    mutant.__name__: mutant
    for mutant in (
        take_back_first,
        fold_what_is_new,
        install_in_place,
        holder_counts_from_answer,
        placed_where_it_was_heard,
        believe_any_count,
    )
}
