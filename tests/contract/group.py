"""A group of daemons as a test drives it, with all that it sends."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from appliance.ports.group_channel import Delivered, GroupView
from tests.contract.histories import Life, check
from tests.contract.worlds import Call, ClusterWorld, Daemon, mark, stream_payload

GROUP: Final = "contract"


def views(daemon: Daemon) -> list[GroupView]:
    return [event for event in daemon.history if isinstance(event, GroupView)]


def members(daemon: Daemon) -> tuple[str, ...] | None:
    """Who is in the group as this daemon saw it last."""
    return daemon.view.members if daemon.view is not None else None


def delivered(daemon: Daemon) -> list[bytes]:
    return [event.payload for event in daemon.history if isinstance(event, Delivered)]


class Group:
    """The daemons of a world in one group, and the fates of all messages sent.

    Whatever a test does, at the end `finish` compares what all daemons saw.
    """

    def __init__(self, world: ClusterWorld) -> None:
        self.world = world
        self._calls: list[tuple[Daemon, bytes, Call]] = []
        self._streams: list[tuple[Daemon, str, int, Call]] = []

    def send(self, node: str, payload: bytes) -> Call:
        daemon = self.world.daemon(node)
        call = daemon.send(payload)
        self._calls.append((daemon, payload, call))
        return call

    def stream(self, node: str, seconds: float, size_bytes: int = 0, every_s: float = 0.0) -> Call:
        """Let the node's daemon send many messages for so long."""
        daemon = self.world.daemon(node)
        name = f"{node}~{len(self._streams)}"
        call = daemon.stream(name, seconds, size_bytes, every_s)
        self._streams.append((daemon, name, size_bytes, call))
        return call

    def send_all(self, node: str, payloads: Iterable[bytes]) -> None:
        """Send these, and wait until they are accepted."""
        calls = [self.send(node, payload) for payload in payloads]
        self.world.until(lambda: all(call.done for call in calls), "messages to be accepted")
        assert [call.error for call in calls if call.error] == []

    def lives(self) -> list[Life]:
        """The lives of all daemons of the test."""
        found = []
        for daemon in self.world.daemons():
            accepted = {
                call.value: mark(payload)
                for sender, payload, call in self._calls
                if sender is daemon and call.done and call.error is None
            }
            for sender, name, size, call in self._streams:
                if sender is daemon and call.done:
                    accepted |= {
                        ticket: mark(stream_payload(name, number, size))
                        for number, ticket in call.value
                    }
            ended = daemon is not self.world.daemon(daemon.node)
            found.append(Life(daemon.node, list(daemon.history), accepted, ended))
        return found

    # steps of a test

    def join(self, nodes: Sequence[str] = ()) -> None:
        """Let these daemons, or all, join, and wait until all of them see all of them."""
        nodes = nodes or self.world.names
        calls = [self.world.daemon(node).join(GROUP) for node in nodes]
        self.world.until(lambda: all(call.done for call in calls), "joins")
        assert [call.error for call in calls if call.error] == []
        self.see(nodes, nodes)

    def rejoin(self, node: str) -> None:
        """Let a daemon join the others, and wait until all see all."""
        joined = self.world.daemon(node).join(GROUP)
        self.world.until(lambda: joined.done, f"{node} to join")
        assert joined.error is None
        self.see(self.world.names, self.world.names)

    def come_and_go(self, node: str) -> None:
        """A daemon leaves and joins again, which changes everybody's view twice."""
        left = self.world.daemon(node).leave()
        self.world.until(lambda: left.done, f"{node} to leave")
        joined = self.world.daemon(node).join(GROUP)
        self.world.until(lambda: joined.done, f"{node} to join")
        assert (left.error, joined.error) == (None, None)

    def see(self, nodes: Sequence[str], others: Sequence[str]) -> None:
        """Wait until these nodes see exactly those members."""
        expected = tuple(sorted(others))
        self.world.until(
            lambda: all(members(self.world.daemon(node)) == expected for node in nodes),
            f"{nodes} to see {others}",
        )

    def get(self, nodes: Sequence[str], payloads: Iterable[bytes]) -> None:
        """Wait until these nodes have got all of these messages."""
        wanted = {mark(payload) for payload in payloads}
        missing = {node: set(wanted) for node in nodes}
        looked_at = dict.fromkeys(nodes, 0)

        def have_all() -> bool:
            for node in nodes:
                history = self.world.daemon(node).history
                new = history[looked_at[node] :]
                looked_at[node] += len(new)
                missing[node] -= {e.payload for e in new if isinstance(e, Delivered)}
            return not any(missing.values())

        self.world.until(have_all, f"{len(wanted)} messages at {nodes}")

    def finish(self) -> None:
        """Wait until everybody who is in the group has got everything, and compare."""
        inside = [node for node in self.world.names if members(self.world.daemon(node))]
        last = [f"last of {node}".encode() for node in inside]
        for node, payload in zip(inside, last, strict=True):
            self.send_all(node, [payload])
        for node in inside:
            seen = members(self.world.daemon(node)) or ()
            self.get([node], [p for n, p in zip(inside, last, strict=True) if n in seen])
        check(self.lives())
