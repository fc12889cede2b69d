"""Ordered, acknowledged writes on replicas that split and merge with the cluster's views.

A write sent by a settled node of a quorate view takes effect after the commit delay, on every
replica that the one it was sent to has become by then (it is on the wire). Sent by an unsettled
node it waits for that node's next view. Sent without quorum it is refused.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Generic, Protocol, TypeVar

from appliance.model.errors import NotQuorateError, QuorateError
from appliance.ports.membership import View
from sim.kernel import ORDER_COMMIT, Kernel
from sim.pace import Effect
from sim.store.replica import Replica
from sim.tasks import Boot, Signal

T = TypeVar("T")
Apply = Callable[[Replica, Effect], T]


class Views(Protocol):
    """What the store asks the membership engine."""

    def view(self, node: str) -> View: ...
    def settled(self, node: str) -> bool: ...


class CommitObserver(Protocol):
    """Is told of every write that took effect. For checkers; it must change nothing."""

    def on_commit(self, node: str, replica: Replica, what: str) -> None: ...

    def on_acknowledged(self, node: str, writes: int) -> None:
        """The writer was told; `writes` counts its writes in the replica it was told from."""
        ...

    def on_installed(self, group: tuple[str, ...], replica: Replica, quorate: bool) -> None: ...


class _Write(Generic[T]):
    """A write under way."""

    __slots__ = ("apply", "boot", "sent_us", "signal", "targets", "what")

    def __init__(self, boot: Boot, what: str, apply: Apply[T]) -> None:
        self.boot, self.what, self.apply = boot, what, apply
        self.signal: Signal[T] = Signal(boot)
        self.targets: list[Replica] = []
        self.sent_us = 0


class Store:
    """All replicas, by node. A node that is off keeps its own for its return."""

    def __init__(
        self, kernel: Kernel, views: Views, first: Replica, delay_us: Callable[[str], int]
    ) -> None:
        self._kernel, self._views, self._delay_us = kernel, views, delay_us
        self._replicas: dict[str, Replica] = dict.fromkeys(first.members, first)
        self._waiting: dict[str, list[_Write[Any]]] = {}
        self._under_way: list[_Write[Any]] = []
        self.observers: list[CommitObserver] = []

    def replica(self, node: str) -> Replica:
        """What this node can read now."""
        return self._replicas[node]

    # writes

    def write(self, boot: Boot, what: str, apply: Apply[T]) -> Signal[T]:
        """Send a write; the signal tells its result, or the error that it raised."""
        write = _Write(boot, what, apply)
        if self._views.settled(boot.node):
            self._send(write)
        else:
            self._waiting.setdefault(boot.node, []).append(write)
        return write.signal

    def _send(self, write: _Write[Any]) -> None:
        node = write.boot.node
        if not self._views.view(node).quorate:
            write.signal.fail(NotQuorateError(f"no quorum at {node}: {write.what} is refused"))
            return
        write.targets = [self._replicas[node]]
        write.sent_us = self._kernel.now_us
        self._under_way.append(write)
        self._kernel.call_in(self._delay_us(node), lambda: self._commit(write), ORDER_COMMIT)

    def _commit(self, write: _Write[Any]) -> None:
        self._under_way.remove(write)
        effect = Effect(write.sent_us, self._kernel.now_us)
        try:
            result, *_ = [self._apply(write, replica, effect) for replica in write.targets]
        except QuorateError as error:
            write.signal.fail(error)
        else:
            for observer in self.observers:
                observer.on_acknowledged(write.boot.node, write.targets[0].written[write.boot.node])
            write.signal.fire_now(result)

    def _apply(self, write: _Write[T], replica: Replica, effect: Effect) -> T:
        node = write.boot.node
        result = write.apply(replica, effect)
        replica.commits += 1
        replica.written[node] = replica.written.get(node, 0) + 1
        for observer in self.observers:
            observer.on_commit(node, replica, write.what)
        return result

    # views

    def installed(self, group: tuple[str, ...], quorate: bool) -> None:
        """These nodes now share a view: they agree on the newest of their replicas."""
        newest = max(
            (self._replicas[node] for node in group), key=lambda one: (one.epoch, one.commits)
        )
        if newest.members != group:
            newest = self._branch(newest, group)
        if quorate:
            newest.epoch += 1
        for node in group:
            self._replicas[node] = newest
        for observer in self.observers:
            observer.on_installed(group, newest, quorate)

    def _branch(self, source: Replica, group: tuple[str, ...]) -> Replica:
        """A copy for the group, which also gets what is on the wire to the source."""
        copy = source.copy(group)
        source.members = tuple(name for name in source.members if name not in group)
        for write in self._under_way:
            if any(target is source for target in write.targets):
                write.targets.append(copy)
        return copy

    def settled(self, nodes: Iterable[str]) -> None:
        """What these nodes wanted to send goes out, or is refused."""
        for node in nodes:
            for write in self._waiting.pop(node, ()):
                if write.boot.alive:
                    self._send(write)
