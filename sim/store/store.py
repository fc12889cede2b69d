"""Ordered, acknowledged writes on replicas that split and merge with the cluster's views.

A write sent by a settled node of a quorate view takes effect after the commit delay, on every
replica that the one it was sent to has become by then (it is on the wire). Sent by an unsettled
node it waits for that node's next view, unless the ring broke only a moment ago: a ring goes on
until its token is lost, so a round begun before the break still ends. Sent without quorum it is
refused.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Final, Generic, Protocol, TypeVar

from appliance.model.errors import NotQuorateError, QuorateError
from appliance.ports.membership import View
from sim.checkers.observed import StoreObserver
from sim.kernel import ORDER_COMMIT, Kernel
from sim.pace import Effect
from sim.store.replica import Replica
from sim.tasks import Boot, Signal

T = TypeVar("T")
Apply = Callable[[Replica, Effect], T]

LAST_TOKEN_US: Final = 50_000  # how long a broken ring still orders messages


class Views(Protocol):
    """What the store asks the membership engine."""

    def view(self, node: str) -> View: ...
    def settled(self, node: str) -> bool: ...


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
        self._unsettled_us: dict[str, int] = {}
        self._versions = 0
        self.observers: list[StoreObserver] = []

    @property
    def nodes(self) -> Iterable[str]:
        """All nodes that have a replica."""
        return self._replicas

    def next_version(self) -> int:
        """A number that no content had before."""
        self._versions += 1
        return self._versions

    def replica(self, node: str) -> Replica:
        """What this node can read now."""
        return self._replicas[node]

    # writes

    def write(self, boot: Boot, what: str, apply: Apply[T]) -> Signal[T]:
        """Send a write; the signal tells its result, or the error that it raised."""
        write = _Write(boot, what, apply)
        if self._can_send(boot.node):
            self._send(write)
        else:
            self._waiting.setdefault(boot.node, []).append(write)
        return write.signal

    def _can_send(self, node: str) -> bool:
        if self._views.settled(node):
            return True
        since_us = self._unsettled_us.get(node)
        return since_us is not None and self._kernel.now_us - since_us <= LAST_TOKEN_US

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
            self._acknowledged(write)
            write.signal.fire_now(result)

    def _apply(self, write: _Write[T], replica: Replica, effect: Effect) -> T:
        node = write.boot.node
        result = write.apply(replica, effect)
        replica.commits += 1
        replica.written[node] = replica.written.get(node, 0) + 1
        for observer in self.observers:
            observer.on_commit(node, replica, write.what)
        return result

    def _acknowledged(self, write: _Write[Any]) -> None:
        if write.boot.alive:
            written = write.targets[0].written[write.boot.node]
            for observer in self.observers:
                observer.on_acknowledged(write.boot.node, written)

    # views

    def unsettled(self, nodes: Iterable[str]) -> None:
        """The ring of these nodes broke."""
        for node in nodes:
            self._unsettled_us.setdefault(node, self._kernel.now_us)

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
            self._unsettled_us.pop(node, None)
            for write in self._waiting.pop(node, ()):
                if write.boot.alive:
                    self._send(write)

    def lost(self, node: str) -> None:
        """The node lost its power: what it had not sent is gone."""
        self._waiting.pop(node, None)
