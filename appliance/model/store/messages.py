"""What the members of the store's group tell each other. Each names the epoch it belongs to."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple, TypeAlias

from appliance.model.errors import DamagedError
from appliance.model.store.changes import Epoch, Point, Steps
from appliance.model.store.codec import Reader, Writer, number
from appliance.model.store.electorate import NO_LAYOUT, Electorate
from appliance.model.store.forms import (
    read_epoch,
    read_point,
    read_steps,
    steps_parts,
    write_epoch,
    write_point,
)


@dataclass(frozen=True, slots=True)
class Census:
    """What a node knows of quorum.

    online: whom its quorum counts. votes: its own. total: of all configured nodes and the quorum
    device. needed: for quorum. lent: how many the quorum device adds to those of the nodes.
    layout: the version of the layout by which corosync counts, 0 if that is not known. present: the
    votes that it counts now, the device's included. lowered: an operator here said that fewer are
    to be expected.
    """

    quorate: bool
    online: tuple[str, ...]
    votes: int
    total: int
    needed: int
    lent: int = 0
    layout: int = 0
    present: int = 0
    lowered: bool = False


@dataclass(frozen=True, slots=True)
class Begin:
    """A session may begin."""

    epoch: Epoch


@dataclass(frozen=True, slots=True)
class Higher:
    """The sender has promised a higher epoch than that of this session."""

    epoch: Epoch
    promised: Epoch


@dataclass(frozen=True, slots=True)
class State:
    """The sender has promised this epoch; this is where its own history ends.

    trusted: it has all that it ever confirmed. fresh: it never confirmed anything. electorates:
    who decides as of what it knows to be committed, then who does by each change after that.
    """

    epoch: Epoch
    last: Point
    trusted: bool
    fresh: bool
    census: Census
    electorates: tuple[Electorate, ...] = (NO_LAYOUT,)


@dataclass(frozen=True, slots=True)
class Counted:
    """The sender's census changed."""

    epoch: Epoch
    census: Census


@dataclass(frozen=True, slots=True)
class Proceed:
    """Enough waiting for members that do not answer."""

    epoch: Epoch


class Asked(NamedTuple):
    """A change, the sender's `number`th of this boot; without steps, a read."""

    number: int
    mtime_s: int
    steps: Steps


@dataclass(frozen=True, slots=True)
class Propose:
    """Changes to judge at this place of the order, one after another. node, nonce: who asks."""

    epoch: Epoch
    node: str
    nonce: str
    changes: tuple[Asked, ...]


@dataclass(frozen=True, slots=True)
class Confirm:
    """All of this session up to that ordinal is durable at the sender."""

    epoch: Epoch
    ordinal: int


@dataclass(frozen=True, slots=True)
class Need:
    """`donor` shall send what the sender lacks.

    last: where its history ends. committed: the last point that is surely everybody's. whole: it
    cannot use a part.
    """

    epoch: Epoch
    donor: str
    last: Point
    committed: Point
    whole: bool


@dataclass(frozen=True, slots=True)
class Transfer:
    """A piece (`part` of `parts`) of the answer, the donor's history as of that ordinal.

    committed: up to which version of it is. changes: each layout that came in the session, and its
    place. keep: the receiver keeps its own history up to this version, and the pieces hold what
    follows; None: they hold everything.
    """

    epoch: Epoch
    receiver: str
    ordinal: int
    committed: int
    changes: tuple[tuple[int, int], ...]
    keep: int | None
    part: int
    parts: int
    chunk: bytes


Message: TypeAlias = (
    Begin | Higher | State | Counted | Proceed | Propose | Confirm | Need | Transfer
)


def _write_census(out: Writer, census: Census) -> Writer:
    out.flag(census.quorate).texts(census.online).number(census.votes).number(census.total)
    out.number(census.needed).number(census.lent)
    return out.number(census.layout).number(census.present).flag(census.lowered)


def _write_electorates(out: Writer, electorates: tuple[Electorate, ...]) -> None:
    out.number(len(electorates))
    for one in electorates:
        out.number(one.layout).number(one.since).number(one.device).flag(one.yields)
        out.number(len(one.votes))
        for name, votes in one.votes:
            out.text(name).number(votes)


def _read_electorates(data: Reader) -> tuple[Electorate, ...]:
    return tuple(_read_electorate(data) for _ in range(data.number()))


def _read_electorate(data: Reader) -> Electorate:
    layout, since, device, yields = data.number(), data.number(), data.number(), data.flag()
    votes = tuple((data.text(), data.number()) for _ in range(data.number()))
    return Electorate(layout, since, votes, device, yields)


def _read_census(data: Reader) -> Census:
    quorate, online = data.flag(), data.texts()
    votes, total, needed = data.number(), data.number(), data.number()
    lent, layout, present = data.number(), data.number(), data.number()
    return Census(quorate, online, votes, total, needed, lent, layout, present, data.flag())


def encode(message: Message) -> bytes:
    """For the group channel, which carries one or several, one after another."""
    out = Writer()
    match message:
        case Begin():
            write_epoch(out.number(1), message.epoch)
        case Higher():
            write_epoch(write_epoch(out.number(2), message.epoch), message.promised)
        case State():
            write_point(write_epoch(out.number(3), message.epoch), message.last)
            _write_census(out.flag(message.trusted).flag(message.fresh), message.census)
            _write_electorates(out, message.electorates)
        case Counted():
            _write_census(write_epoch(out.number(4), message.epoch), message.census)
        case Proceed():
            write_epoch(out.number(5), message.epoch)
        case Propose():
            _write_propose(out, message)
        case Confirm():
            write_epoch(out.number(7), message.epoch).number(message.ordinal)
        case Need():
            write_epoch(out.number(8), message.epoch).text(message.donor)
            write_point(write_point(out, message.last), message.committed).flag(message.whole)
        case Transfer():
            _write_transfer(out, message)
    return out.done()


def _write_propose(out: Writer, message: Propose) -> None:
    write_epoch(out.number(6), message.epoch).text(message.node).text(message.nonce)
    parts = [number(len(message.changes))]
    for asked, mtime_s, steps in message.changes:
        parts += number(asked), number(mtime_s), *steps_parts(steps)
    out.encoded(b"".join(parts))


def _write_transfer(out: Writer, message: Transfer) -> None:
    write_epoch(out.number(9), message.epoch).text(message.receiver).number(message.ordinal)
    out.number(message.committed).number(len(message.changes))
    for layout, ordinal in message.changes:
        out.number(layout).number(ordinal)
    out.optional(message.keep).number(message.part).number(message.parts).data(message.chunk)


def _read_propose(epoch: Epoch, data: Reader) -> Propose:
    node, nonce = data.text(), data.text()
    changes = [Asked(data.number(), data.number(), read_steps(data)) for _ in range(data.number())]
    return Propose(epoch, node, nonce, tuple(changes))


def _read_transfer(epoch: Epoch, data: Reader) -> Transfer:
    receiver, ordinal, committed = data.text(), data.number(), data.number()
    changes = tuple((data.number(), data.number()) for _ in range(data.number()))
    keep, part, parts = data.optional(), data.number(), data.number()
    return Transfer(epoch, receiver, ordinal, committed, changes, keep, part, parts, data.data())


def _read_need(epoch: Epoch, data: Reader) -> Need:
    return Need(epoch, data.text(), read_point(data), read_point(data), data.flag())


def _read_state(epoch: Epoch, data: Reader) -> State:
    last, trusted, fresh = read_point(data), data.flag(), data.flag()
    return State(epoch, last, trusted, fresh, _read_census(data), _read_electorates(data))


def decode(payload: bytes) -> tuple[Message, ...]:
    """Messages that were encoded one after another. DamagedError if they are not the store's."""
    data, found = Reader(payload), []
    while not data.ended:
        found.append(_read(data))
    return tuple(found)


def _read(data: Reader) -> Message:
    kind = data.number()
    if kind not in _READ:
        raise DamagedError(f"no message is of kind {kind}")
    return _READ[kind](read_epoch(data), data)


_READ: Final[Mapping[int, Callable[[Epoch, Reader], Message]]] = {
    1: lambda epoch, data: Begin(epoch),
    2: lambda epoch, data: Higher(epoch, read_epoch(data)),
    3: _read_state,
    4: lambda epoch, data: Counted(epoch, _read_census(data)),
    5: lambda epoch, data: Proceed(epoch),
    6: _read_propose,
    7: lambda epoch, data: Confirm(epoch, data.number()),
    8: _read_need,
    9: _read_transfer,
}
