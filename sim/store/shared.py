"""The store of a simulated cluster, computed once for all members that are in step.

They deliver the same messages in the same order, so they judge alike and have the same: one copy
stands for all of them. Rules are the core's: what a change may do, which history is the newest, who
may act. What is modelled here is how long things take and what gets lost.

A change sent by a settled node that may act takes effect after the commit delay, on every copy that
the one it was sent to has become by then (it is on the wire). Sent by an unsettled node it waits
for that node's next view, unless the ring broke only a moment ago: a ring goes on until its token
is lost, so a round begun before the break still ends. Sent without quorum it is refused.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final, Protocol

from appliance.core.store.judge import check_steps
from appliance.core.store.session import Session
from appliance.core.store.tree import Tree
from appliance.model.errors import NotQuorateError, QuorateError, UnavailableError
from appliance.model.store.changes import Cells, Epoch, File, RequestId, Steps
from appliance.model.store.messages import State
from appliance.ports.membership import View, Votes
from appliance.services.store.ports import census_of
from sim.checkers.observed import Commit, StoreObserver
from sim.kernel import ORDER_COMMIT, Kernel, Timer, to_us
from sim.pace import Effect
from sim.store.copy import Before, Copy
from sim.tasks import Boot, Signal

LAST_TOKEN_US: Final = 50_000  # how long a broken ring still orders messages


class Views(Protocol):
    """What the store asks the membership engine."""

    def view(self, node: str) -> View: ...
    def tally(self, node: str) -> Votes: ...
    def settled(self, node: str) -> bool: ...


class Member(Protocol):
    """A node's store, for one boot."""

    def moved(self, old: Copy, new: Copy) -> None:
        """It was behind, or alone, and has another copy from now on."""
        ...

    def told(self, keys: Sequence[str]) -> None:
        """These cells changed, and it is watching."""
        ...


class Publisher(Protocol):
    """Wakes loops that coast."""

    def committed(self, copy: Copy, cells: Cells, before: Before, effect: Effect) -> None: ...


class _Write:
    """A change under way."""

    __slots__ = ("asked_us", "boot", "mtime_s", "request", "sent_us", "signal", "steps", "targets")

    def __init__(self, boot: Boot, request: RequestId, steps: Steps, mtime_s: int) -> None:
        self.boot, self.request, self.steps, self.mtime_s = boot, request, steps, mtime_s
        self.signal: Signal[int] = Signal(boot)
        self.targets: list[Copy] = []
        self.asked_us = boot.kernel.now_us
        self.sent_us = 0


class SharedStore:
    """All copies, by node. A node that is off keeps its own for its return."""

    def __init__(
        self,
        kernel: Kernel,
        views: Views,
        shares: Mapping[str, int],
        files: Mapping[str, File],
        delay_us: Callable[[str], int],
    ) -> None:
        """shares: votes of each configured node. files: what all nodes begin with."""
        self.publisher: Publisher | None = None
        self._kernel, self._views, self._delay_us, self._shares = kernel, views, delay_us, shares
        first = Copy(tuple(sorted(shares)), Tree(files))
        self._copies: dict[str, Copy] = dict.fromkeys(first.nodes, first)
        self.copies: Mapping[str, Copy] = self._copies  # what each node can read now
        self._acting: dict[str, bool] = dict.fromkeys(first.nodes, False)
        self._promised: dict[str, int] = dict.fromkeys(first.nodes, 0)
        self._members: dict[str, Member] = {}
        self._waiting: dict[str, dict[_Write, Timer]] = {}
        self._under_way: dict[_Write, None] = {}
        self._unsettled_us: dict[str, int] = {}
        self._numbers = self._sessions = 0
        self._watching: dict[str, Member] = {}
        self.observers: list[StoreObserver] = []

    @property
    def nodes(self) -> Iterable[str]:
        """All nodes that have a copy."""
        return self._copies

    def copy(self, node: str) -> Copy:
        """What this node can read now."""
        return self._copies[node]

    def enter(self, node: str, member: Member) -> None:
        """A boot of that node opens its store."""
        self._members[node] = member

    def attend(self, node: str, member: Member, *, watching: bool) -> None:
        """Whether it is to be told what changes."""
        if watching:
            self._watching[node] = member
        else:
            self._watching.pop(node, None)

    # changes

    def change(self, boot: Boot, steps: Steps, mtime_s: int, timeout_s: float) -> Signal[int]:
        """Ask for it; the signal tells the version, or the error that it came to."""
        check_steps(steps)
        node = boot.node
        if not self._views.view(node).quorate:
            raise _not_quorate(node)
        self._numbers += 1
        write = _Write(boot, RequestId(node, boot.nonce, self._numbers), steps, mtime_s)
        if self._can_send(node):
            self._send(write)
        else:
            give_up = self._kernel.call_in(
                to_us(timeout_s), lambda: self._give_up(write), ORDER_COMMIT
            )
            self._waiting.setdefault(node, {})[write] = give_up
        return write.signal

    def _can_send(self, node: str) -> bool:
        if not self._acting[node]:
            return False
        if self._views.settled(node):
            return True
        since_us = self._unsettled_us.get(node)
        return since_us is not None and self._kernel.now_us - since_us <= LAST_TOKEN_US

    def _give_up(self, write: _Write) -> None:
        self._waiting[write.boot.node].pop(write, None)
        write.signal.fail(UnavailableError("the store did not answer, nothing was changed"))

    def _send(self, write: _Write) -> None:
        node = write.boot.node
        write.targets = [self._copies[node]]
        write.sent_us = self._kernel.now_us
        self._under_way[write] = None
        self._kernel.call_in(self._delay_us(node), lambda: self._commit(write), ORDER_COMMIT)

    def _commit(self, write: _Write) -> None:
        del self._under_way[write]
        try:
            version, *_ = [self._apply(write, copy) for copy in write.targets]
        except QuorateError as error:
            write.signal.fail(error)
            return
        if write.boot.alive:
            point = write.targets[0].log.point(version)
            assert point is not None, "it was made just now"
            for observer in self.observers:
                observer.on_acknowledged(point)
        write.signal.fire_now(version)

    def _apply(self, write: _Write, copy: Copy) -> int:
        effect = Effect(write.sent_us, self._kernel.now_us)
        made = copy.change(write.steps, write.request, write.mtime_s, write.asked_us, effect)
        if made is None:
            return copy.log.last.version
        entry, before = made
        if self.publisher is not None:
            self.publisher.committed(copy, entry.cells, before, effect)
        self._show(copy, entry.cells, write.request.node)
        return entry.version

    def _show(self, copy: Copy, cells: Cells, writer: str) -> None:
        commit = Commit(writer, writer, cells, copy.tree.committed, copy.beats.holdings)
        for observer in self.observers:
            observer.on_commit(commit)
        if self._watching:
            self._tell(copy, [key for key, _ in cells])

    def _tell(self, copy: Copy, keys: Sequence[str]) -> None:
        for node, member in self._watching.items():
            if self._copies[node] is copy:
                member.told(keys)

    # views

    def unsettled(self, nodes: Iterable[str]) -> None:
        """The ring of these nodes broke."""
        for node in nodes:
            self._unsettled_us.setdefault(node, self._kernel.now_us)

    def installed(self, group: tuple[str, ...]) -> None:
        """These nodes share a view: they state what they have, and agree if they may act."""
        session = self._session(group)
        acting = session.ready()
        for node in group:
            self._acting[node] = acting
        if not acting:
            return
        base = session.start()
        source = self._copies[session.holders[0]]
        assert source.log.last == base
        alone = all(node in group for node in source.nodes)
        copy = source if alone else self._branch(source, group)
        for node in group:
            self._hand_over(node, source, copy)
        copy.nodes = group
        copy.begin(session.epoch)
        for observer in self.observers:
            observer.on_opened(group, copy.log)

    def _session(self, group: tuple[str, ...]) -> Session:
        self._sessions += 1
        number = max(self._promised[node] for node in group) + 1
        epoch = Epoch(number, group[0], f"{self._sessions}")
        for node in group:
            self._promised[node] = number
        session = Session(epoch, group)
        for node in group:
            census = census_of(node, self._views.view(node), self._views.tally(node), self._shares)
            last = self._copies[node].log.last
            session.states[node] = State(epoch, last, trusted=True, fresh=False, census=census)
        return session

    def _branch(self, source: Copy, group: tuple[str, ...]) -> Copy:
        """A copy for the group, which also gets what is on the wire to the source."""
        copy = source.branch(group)
        source.nodes = tuple(name for name in source.nodes if name not in group)
        for write in self._under_way:
            if any(target is source for target in write.targets):
                write.targets.append(copy)
        return copy

    def _hand_over(self, node: str, source: Copy, new: Copy) -> None:
        old, self._copies[node] = self._copies[node], new
        if old is source:
            return
        old.nodes = tuple(name for name in old.nodes if name != node)
        member = self._members.get(node)
        if member is not None:
            member.moved(old, new)

    def settled(self, nodes: Iterable[str]) -> None:
        """What these nodes wanted to send goes out, or is refused."""
        for node in nodes:
            self._unsettled_us.pop(node, None)
            waiting = self._waiting.get(node, {})
            if self._acting[node]:
                self._waiting.pop(node, None)
                self._send_all(waiting)
            elif not self._views.view(node).quorate:
                self._waiting.pop(node, None)
                for write, timer in waiting.items():
                    timer.cancel()
                    write.signal.fail(_not_quorate(node))

    def _send_all(self, waiting: Mapping[_Write, Timer]) -> None:
        for write, timer in waiting.items():
            timer.cancel()
            if write.boot.alive:
                self._send(write)

    def lost(self, node: str) -> None:
        """The node lost its power: what it had not sent is gone."""
        self._members.pop(node, None)
        self._watching.pop(node, None)
        for timer in self._waiting.pop(node, {}).values():
            timer.cancel()


def _not_quorate(node: str) -> NotQuorateError:
    return NotQuorateError(f"no quorum at {node}: the change is refused")
