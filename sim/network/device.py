"""The quorum device as seen from both ends: who is connected, who still believes so.

Neither end notices at once that the other is silent. The device gives a silent node up after
some 0.85 of its timeout, the node the device after some 1.2; in between both can count the same
vote for different partitions. That is what the real one does, so it is what is simulated.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from sim.kernel import ORDER_NETWORK, Kernel, Timer, to_us
from sim.network.fabric import Fabric
from sim.network.quorum import Partition, VoteRules, device_choice
from sim.network.timing import RECONNECT_S, Timing


@dataclass(slots=True)
class Client:
    """One node's connection.

    session: the device has one from it. believes: the node counts on the device. silent_us: since
    when neither hears the other, or None.
    """

    session: bool = False
    believes: bool = False
    silent_us: int | None = None
    drop_us: int = 0  # when the device gives the node up, if it is silent
    fade_us: int = 0  # when the node gives the device up
    timers: tuple[Timer, ...] = ()


class DeviceLinks:
    """The connections of a cluster to its quorum device. `review` is called when votes may move."""

    def __init__(
        self,
        kernel: Kernel,
        fabric: Fabric,
        rules: VoteRules,
        nodes: Iterable[str],
        timing: Timing,
        review: Callable[[], None],
    ) -> None:
        self._kernel, self._fabric, self._timing = kernel, fabric, timing
        self.rules, self._review = rules, review
        self._clients = {node: Client() for node in nodes}

    # what happens to a node

    def connected(self, node: str) -> None:
        """At once: so it is when the world begins."""
        if self._fabric.qdevice_reachable(node):
            self._open(node)
        else:
            self._clients[node].silent_us = self._kernel.now_us

    def started(self, node: str, ready_us: int) -> None:
        """Corosync runs; the device's daemon connects when the node is ready for others."""
        client = self._clients[node]
        client.session = client.believes = False
        client.silent_us = None
        self._later(client, [(ready_us + to_us(RECONNECT_S), lambda: self._connect(node))])

    def stopped(self, node: str) -> None:
        """Clean: the connection is closed and both know."""
        self._later(self._clients[node], [])
        self._clients[node] = Client()

    def silenced(self, node: str) -> None:
        """Power is gone, or the node is paused, or there is no way any more."""
        client = self._clients[node]
        if client.silent_us is not None:
            return
        now = self._kernel.now_us
        client.silent_us = now
        client.drop_us = now + self._timing.drop(node, now)
        client.fade_us = now + self._timing.fade(node, now)
        due = [client.drop_us] if client.session else []
        due += [client.fade_us] if client.believes else []
        self._later(client, [(at, self._review) for at in due])

    def heard(self, node: str) -> None:
        """Node and device can talk again: as before if neither gave up, else connect anew."""
        client = self._clients[node]
        if client.silent_us is None:
            return
        now = self._kernel.now_us
        session, client.believes = self._holds(client, now), self.believed(node)
        client.silent_us = None
        if session:
            self._later(client, [])
            return
        client.session = False
        due = now + self._timing.reconnect(node, now)
        self._later(client, [(due, lambda: self._connect(node))])

    def _connect(self, node: str) -> None:
        if self._fabric.qdevice_reachable(node):
            self._open(node)
            self._review()
        else:
            self._clients[node].silent_us = self._kernel.now_us

    def _open(self, node: str) -> None:
        client = self._clients[node]
        client.session = client.believes = True
        client.silent_us = None

    def _later(self, client: Client, calls: Iterable[tuple[int, Callable[[], None]]]) -> None:
        """Wait for these and no longer for what was awaited."""
        for timer in client.timers:
            timer.cancel()
        client.timers = tuple(
            self._kernel.call_at(due_us, call, ORDER_NETWORK) for due_us, call in calls
        )

    # what both ends know

    def _holds(self, client: Client, now_us: int) -> bool:
        return client.session and (client.silent_us is None or now_us < client.drop_us)

    def talks(self, node: str) -> bool:
        """Whether the node hears the device's answers."""
        client = self._clients[node]
        return client.session and client.silent_us is None

    def believed(self, node: str) -> bool:
        """Whether the node counts on the device, rightly or not."""
        client = self._clients[node]
        silent = client.silent_us is not None and self._kernel.now_us >= client.fade_us
        return client.believes and not silent

    def choice(self, groups: Iterable[tuple[str, ...]]) -> tuple[str, ...] | None:
        """The group that has the vote, as far as the device knows its nodes."""
        partitions = self._partitions(groups)
        chosen = device_choice(self.rules, partitions)
        return chosen.members if chosen else None

    def _partitions(self, groups: Iterable[tuple[str, ...]]) -> list[Partition]:
        now = self._kernel.now_us
        held = {node for node, client in self._clients.items() if self._holds(client, now)}
        return [Partition(group, tuple(node for node in group if node in held)) for group in groups]

    def casting(self, group: tuple[str, ...], groups: Iterable[tuple[str, ...]]) -> frozenset[str]:
        """For which members of a new ring the vote counts."""
        talking = frozenset(node for node in group if self.talks(node))
        return talking if talking and self.choice(groups) == group else frozenset()

    def hold_us(
        self,
        group: tuple[str, ...],
        groups: tuple[tuple[str, ...], ...],
        missed: Iterable[str],
        due_us: int,
    ) -> int:
        """When a ring that is agreed on at `due_us` has its answer from the device.

        It waits for a device that does not answer, and the device waits for nodes that are
        silent; both at most for the sync timeout. missed: nodes that were in the ring before.
        """
        waits = [due_us]
        clients = self._clients
        deaf = [clients[node] for node in group if clients[node].silent_us is not None]
        waits += [client.fade_us for client in deaf if client.believes]
        if any(self.talks(node) for node in group):
            silent = [clients[node] for node in missed if clients[node].silent_us is not None]
            waits += [client.drop_us for client in silent if client.session]
            rivals = [part for part in self._partitions(groups) if part.members != group]
            if any(rival.connected for rival in rivals) and self.choice(groups) == group:
                waits.append(due_us + self._timing.grant(group[0], due_us))
        return min(max(waits), due_us + self._timing.sync_us)
