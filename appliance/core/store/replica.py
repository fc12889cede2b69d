"""One member of the store: what it does with what it is told, and what it wants done.

Who drives it hands over events in the order in which they came, `flush`es after each batch, and
then does what `out` says: first queues the writes, then sends. When nothing is left to send it asks
to `propose`. Nothing here waits; time is an argument.
The reasons are in docs/design/0008-replicated-store.md.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from appliance.core.store.ages import LeaseAges
from appliance.core.store.durable import Disk, Loaded, Write
from appliance.core.store.electorates import Terms, brought_by, electorates
from appliance.core.store.judge import check_steps, judge
from appliance.core.store.patience import next_holder, next_step
from appliance.core.store.requests import Outcome, Request, Requests
from appliance.core.store.session import Session
from appliance.core.store.transfer import Collector, answer, install_part, install_whole
from appliance.model.errors import DamagedError, NotQuorateError, QuorateError
from appliance.model.store.changes import (
    LEASE_MARK,
    Entry,
    Epoch,
    Lease,
    RequestId,
    Steps,
)
from appliance.model.store.electorate import LAYOUT_PATH, NO_LAYOUT, Electorate
from appliance.model.store.forms import make_entry
from appliance.model.store.messages import (
    Asked,
    Begin,
    Census,
    Confirm,
    Counted,
    Higher,
    Message,
    Need,
    Proceed,
    Propose,
    State,
    Transfer,
    decode,
    encode,
)
from appliance.ports.group_channel import GroupView

NO_CENSUS = Census(False, (), 0, 1, 1)


@dataclass(slots=True)
class Out:
    """What is to be done. `written` counts all writes ever; `Replica.synced` speaks of it."""

    writes: list[Write] = field(default_factory=list)
    sends: list[bytes] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)  # keys, as committed
    written: int = 0

    def write(self, operation: Write) -> None:
        self.writes.append(operation)
        self.written += 1

    def send(self, message: Message) -> None:
        self.sends.append(encode(message))


class Replica:
    """The state machine. `nonce` tells this boot from all others of this node.

    alone: the node is in no cluster, so it decides whatever layout is in its store.
    """

    def __init__(
        self, node: str, nonce: str, loaded: Loaded, now_s: float, *, alone: bool = False
    ) -> None:
        self.node, self.nonce, self.alone = node, nonce, alone
        self.out = Out()
        self.log, self.tree, self.trusted = loaded.log, loaded.tree, loaded.trusted
        self.promised, self.fresh = loaded.promise, loaded.fresh
        self.disk = Disk(self.out.write, loaded.generation, loaded.dirty)
        for repair in loaded.repairs:
            self.out.write(repair)
        self.requests = Requests(node, nonce)
        self.census = NO_CENSUS
        self.members: tuple[str, ...] = ()
        self.session: Session | None = None
        self.since_s = now_s  # the last step forward of an agreement
        self._durable = self._begun = self._numbers = 0
        self._state_due: int | None = None
        self._ages = LeaseAges(self.tree.committed, now_s)
        self._unwritten: list[Entry] = []  # never when nothing is being handled
        self._forget_session()

    # what is asked

    @property
    def serving(self) -> bool:
        """Whether a change asked for now can go out at once."""
        return self.session is not None and self.session.open and not self.lagging

    def lease(self, name: str) -> Lease | None:
        """As committed here."""
        cell = self.tree.committed.get(LEASE_MARK + name)
        return cell if isinstance(cell, Lease) else None

    def lease_seen_s(self, name: str) -> float | None:
        """When this member learned of the lease's last change."""
        return self._ages.seen_s(name)

    def submit(self, steps: Steps, mtime_s: int, deadline_s: float) -> int:
        """Ask for a change (or a read, without steps); its number, under which the result comes.

        ConfigError, TooLargeError, NotQuorateError: it is refused at once.
        """
        size = check_steps(steps)
        if not self.census.quorate:
            raise NotQuorateError(f"no quorum at {self.node}: the change is refused")
        self._numbers += 1
        self.requests.add(Request(self._numbers, steps, mtime_s, deadline_s, size))
        return self._numbers

    # what happens

    def viewed(self, view: GroupView, now_s: float) -> None:
        """The group's view changed: whatever was agreed on is void."""
        self._end_session(now_s)
        self.members = view.members
        if self.members and self.members[0] == self.node:
            self.begin()

    def delivered(self, sender: str, payload: bytes, now_s: float) -> None:
        """A message of the group, at its place in the order."""
        for message in decode(payload):
            self._deliver(sender, message, now_s)

    def _deliver(self, sender: str, message: Message, now_s: float) -> None:
        if isinstance(message, Begin):
            self._on_begin(sender, message, now_s)
            return
        session = self.session
        if session is None or message.epoch != session.epoch:
            return  # of another session, for all members alike
        match message:
            case Propose():
                self._on_propose(session, message)
            case Confirm():
                session.confirmed[sender] = message.ordinal
                self._advance(session, now_s)
            case State() | Counted() | Proceed():
                self._on_gathering(session, sender, message, now_s)
            case Higher():
                self._on_higher(session, message)
            case Need():
                self._on_need(session, sender, message)
            case Transfer():
                self._on_transfer(session, sender, message, now_s)

    def counted(self, census: Census) -> None:
        """What this node knows of quorum is now this."""
        if census == self.census:
            return
        self.census = census
        if self.session is not None and self._state_sent:
            self.out.send(Counted(self.session.epoch, census))
        if not census.quorate:
            self.requests.refuse_waiting(f"quorum was lost at {self.node}: nothing was changed")
        elif self.session is not None:
            self._release(self.session)

    def synced(self, written: int) -> None:
        """All writes up to that count are durable."""
        self._durable = max(self._durable, written)
        session = self.session
        if session is not None and self._state_due is not None and self._state_due <= written:
            self._state_due, self._state_sent = None, True
            self.out.send(
                State(
                    session.epoch,
                    self.log.last,
                    self.trusted,
                    self.fresh,
                    self.census,
                    (NO_LAYOUT,) if self.alone else electorates(self.tree, self.log),
                )
            )

    def flush(self) -> None:
        """A batch of events is over: confirm what can be."""
        session = self.session
        if session is None or not session.open:
            return
        confirmed = 0
        while self._unsynced and self._unsynced[0][0] <= self._durable:
            confirmed = self._unsynced.popleft()[1]
        # Others have confirmed that already, and all members know: one voice more changes nothing.
        if confirmed > self._committed:
            self.out.send(Confirm(session.epoch, confirmed))

    @property
    def proposing(self) -> bool:
        """Whether `propose` has something to send."""
        return self.requests.ready and self.serving

    def propose(self) -> None:
        """There is room for another message: send requests, if any wait."""
        session = self.session
        if session is None or not self.proposing:
            return
        requests = self.requests.to_send(self.log.committed)
        if requests:
            changes = tuple(Asked(one.number, one.mtime_s, one.steps) for one in requests)
            self.out.send(Propose(session.epoch, self.node, self.nonce, changes))

    def tick(self, now_s: float) -> float | None:
        """Time has passed; when to call again at the latest, None: no need to."""
        self.requests.expire(now_s)
        wait = next_step(self, now_s)
        if wait.due is not None:
            self.since_s = now_s
            wait.due()
            wait = next_step(self, now_s)
        times = [at for at in (self.requests.next_deadline_s(), wait.at_s) if at is not None]
        return min(times, default=None)

    # agreement

    def _forget_session(self) -> None:
        self.session = None
        self.lagging = False
        self.asked = 0  # how often this member asked for a transfer
        self._state_due = None
        self._state_sent = False
        self._buffer: list[tuple[int, RequestId, Asked]] = []
        self._places: deque[tuple[int, int]] = deque()  # ordinal, version there
        self._unsynced: deque[tuple[int, int]] = deque()  # count of writes, ordinal
        self._committed = 0
        self._settled = False
        self._collector = Collector()

    def _end_session(self, now_s: float) -> None:
        self._forget_session()
        self.requests.interrupted()
        self.since_s = now_s

    def begin(self) -> None:
        """Ask the members for a new session."""
        self._begun = max(self._begun, self.promised.number) + 1
        self.out.send(Begin(Epoch(self._begun, self.node, self.nonce)))

    def _on_begin(self, sender: str, message: Begin, now_s: float) -> None:
        if sender not in self.members:
            return
        self._end_session(now_s)
        self.session = Session(message.epoch, self.members)
        if message.epoch <= self.promised:
            self.out.send(Higher(message.epoch, self.promised))
            return
        # Durable before it is said: an epoch that got as far as being agreed on anywhere must
        # never be met again by an older or equal one, whoever restarts in between.
        self.promised = message.epoch
        self.disk.promise(message.epoch)
        self._state_due = self.out.written

    def _on_higher(self, session: Session, message: Higher) -> None:
        if session.epoch.founder == self.node and message.promised.number >= self._begun:
            self._begun = message.promised.number
            self.begin()

    def _on_gathering(
        self, session: Session, sender: str, message: State | Counted | Proceed, now_s: float
    ) -> None:
        match message:
            case State():
                session.states[sender] = message
            case Proceed():
                session.proceed = True
            case Counted():
                session.count(sender, message.census)
        if session.ready():
            self._open(session, now_s)
        elif session.open:
            # Corosync's word may be good only now for what all have confirmed already.
            self._advance(session, now_s)

    def _open(self, session: Session, now_s: float) -> None:
        base = session.start()
        self.since_s = now_s
        if self.trusted and self.log.last == base:
            self._append(make_entry(base, session.epoch, None, ()))
            self._processed(1)
        else:
            self.lagging = True
            self.ask()

    def ask(self, *, whole: bool = False) -> None:
        """Ask one who has it for what this member lacks; another one each time."""
        session = self.session
        assert session is not None
        donor = next_holder(session.holders, session.members, self.node, self.asked)
        self.asked += 1
        point = self.log.committed_point()
        whole = whole or not self.trusted
        self.out.send(Need(session.epoch, donor, self.log.last, point, whole))

    # the order

    def _on_propose(self, session: Session, message: Propose) -> None:
        if not session.open:
            return
        node, nonce = message.node, message.nonce
        for asked in message.changes:
            session.ordinal = ordinal = session.ordinal + 1
            who = RequestId(node, nonce, asked.number)
            if self.lagging:
                self._buffer.append((ordinal, who, asked))
            else:
                self._place(session, ordinal, who, asked)
        if not self.lagging:
            self._processed(session.ordinal)

    def _place(self, session: Session, ordinal: int, request: RequestId, asked: Asked) -> None:
        last = self.log.last
        _, mtime_s, steps = asked
        outcome: Outcome
        entered, version = False, last.version + 1
        try:
            cells = judge(self.tree, steps, request.node, mtime_s, version, alone=self.alone)
        except QuorateError as error:
            outcome = error
        else:
            if cells:
                self._append(make_entry(last, session.epoch, request, cells))
                self._elect(session, ordinal, brought_by(cells))
            entered = bool(cells)
            outcome = version if entered else last.version
        self.requests.placed(request, ordinal, outcome, entered)

    def _append(self, entry: Entry) -> None:
        self.log.append(entry)
        self.tree.apply(entry)
        self._unwritten.append(entry)

    def _elect(self, session: Session, ordinal: int, electorate: Electorate | None) -> None:
        """From here on these decide."""
        if electorate is not None and session.terms is not None and not self.alone:
            session.terms.change(electorate, ordinal)
            # Confirmed by itself: what came in the same message is for others to decide about.
            self._processed(ordinal)

    def _processed(self, ordinal: int) -> None:
        """The order was gone through up to there: its entries go to the disk at once."""
        if self._unwritten:
            self.disk.append(*self._unwritten, committed=self.log.committed)
            self._unwritten.clear()
        self._places.append((ordinal, self.log.last.version))
        self._unsynced.append((self.out.written, ordinal))

    def _advance(self, session: Session, now_s: float) -> None:
        """Something more may be committed."""
        if not session.open or self.lagging:
            return
        upto, version = session.committed(), 0
        while self._places and self._places[0][0] <= upto:
            self._committed, version = self._places.popleft()
        if version:
            self._commit(version, now_s)
            if not self._settled:
                self._settled = True
                self.requests.resolve(self.log)
            self._release(session)
        elif not self._settled:
            before = session.committed_before()
            if before > self.log.committed:
                self._commit(before, now_s)

    def _commit(self, version: int, now_s: float) -> None:
        entries = self.log.commit(version)
        for entry in entries:
            self.tree.commit(entry)
        changed = [key for entry in entries for key, _ in entry.cells]
        self.out.changed += changed
        if any(key.startswith(LEASE_MARK) for key in changed):
            self._ages.commit(entries, now_s)
        if LAYOUT_PATH in changed and any(brought_by(entry.cells) for entry in entries):
            # Those who decided before may never be back to say again that it was committed.
            self.disk.note_committed(self.log.committed)
        self.disk.committed(entries, self.log, self.tree)

    def _release(self, session: Session) -> None:
        # Confirmed by enough others, and yet: where quorum can be on two sides for a moment, it is
        # the flag that says which of them is to be silent.
        if self.census.quorate and session.open:
            self.requests.release(self._committed)

    # transfer

    def _on_need(self, session: Session, sender: str, message: Need) -> None:
        if message.donor == self.node and session.open and not self.lagging:
            changes = session.terms.changes() if session.terms else ()
            for piece in answer(message, sender, session.ordinal, changes, self.log, self.tree):
                self.out.send(piece)

    def _on_transfer(self, session: Session, sender: str, message: Transfer, now_s: float) -> None:
        if message.receiver != self.node or not self.lagging:
            return
        self.since_s = now_s
        blob = self._collector.take(sender, message)
        if blob is None:
            return
        try:
            if message.keep is None:
                self._install_whole(blob, now_s)
            else:
                install_part(blob, message.keep, self.log, self.tree, self.disk)
        except DamagedError:
            self.ask(whole=True)
            return
        self.lagging = False
        self._resume(session, message, now_s)
        buffered, self._buffer = self._buffer, []
        for ordinal, who, asked in buffered:
            if ordinal > message.ordinal:
                self._place(session, ordinal, who, asked)
        self._processed(session.ordinal)
        self._advance(session, now_s)

    def _resume(self, session: Session, message: Transfer, now_s: float) -> None:
        """Know what the donor knows: what is committed, and who decides from which place on."""
        if message.committed > self.log.committed:
            self._commit(min(message.committed, self.log.last.version), now_s)
        if not self.alone:
            found, changes = electorates(self.tree, self.log), dict(message.changes)
            session.terms = Terms(found, changes)
            for electorate in found[1:]:
                if electorate.layout in changes:  # each is confirmed by itself
                    self._places.append((changes[electorate.layout], electorate.since))

    def _install_whole(self, blob: bytes, now_s: float) -> None:
        self.log, self.tree, changed = install_whole(blob, self.tree, self.disk)
        self.out.changed += changed
        self.trusted, self.fresh = True, False
        self._ages.replace(self.tree.committed, now_s)
