"""What the tests of a cluster's ports may do to its nodes. Both worlds implement it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final, Protocol

from appliance.ports.group_channel import GroupEvent, GroupView
from appliance.ports.membership import View

SHORT_BYTES: Final = 1024


def mark(payload: bytes) -> bytes:
    """A payload as histories show it: a long one by its length and digest."""
    if len(payload) <= SHORT_BYTES:
        return payload
    digest = hashlib.blake2b(payload, digest_size=16).hexdigest()
    return f"{len(payload)} bytes {digest}".encode()


def stream_payload(name: str, number: int, size_bytes: int) -> bytes:
    """One message of a stream: unlike all others, and filled up to a size."""
    return f"{name}/{number}/".encode().ljust(size_bytes, b".")


class Call(Protocol):
    """Something a daemon was asked to do, which goes on while time passes."""

    @property
    def done(self) -> bool: ...

    @property
    def error(self) -> str | None:
        """The code of the error with which it ended."""
        ...

    @property
    def value(self) -> Any:
        """What it returned."""
        ...


class Daemon(Protocol):
    """One life of the appliance's process on a node, and all it saw.

    `history` is what `receive` gave it, with payloads as `mark` makes them; `views` what
    `changed` gave it, one after another, the first being the view at the beginning. A daemon that
    died keeps both.
    """

    node: str

    @property
    def history(self) -> Sequence[GroupEvent]: ...

    @property
    def view(self) -> GroupView | None:
        """The last view in its history."""
        ...

    @property
    def views(self) -> Sequence[View]: ...

    def join(self, group: str) -> Call: ...

    def leave(self) -> Call: ...

    def send(self, payload: bytes) -> Call: ...

    def stream(self, name: str, seconds: float, size_bytes: int = 0, every_s: float = 0.0) -> Call:
        """Send the messages of `stream_payload`, one after another was accepted, for so long.

        The next one follows `every_s` after that at the earliest.
        A refused one is not sent again. Its value: (number, ticket) of each that was accepted.
        """
        ...

    def changed(self, after_epoch: int) -> Call:
        """Its value is the epoch of the view."""
        ...

    def refresh(self) -> Call: ...

    def votes(self) -> Call:
        """Its value is `appliance.ports.membership.Votes`."""
        ...

    def expect(self, votes: int) -> Call: ...

    def apply(self, text: str) -> Call:
        """Apply a corosync.conf."""
        ...


class ClusterWorld(Protocol):
    """At least three nodes with one vote each, and a network between them.

    A test begins with all nodes on, their cluster services running as one quorate cluster, and a
    fresh daemon on each that watches the membership and is in no group.
    """

    names: tuple[str, ...]

    def daemon(self, node: str) -> Daemon:
        """The node's present or last daemon."""
        ...

    def daemons(self) -> Sequence[Daemon]:
        """All that ever lived in this test."""
        ...

    def layout(self) -> str:
        """The corosync.conf that the cluster began with."""
        ...

    # time

    def until(self, condition: Callable[[], bool], what: str) -> None:
        """Let time pass until it holds. AssertionError when that takes too long."""
        ...

    def sleep(self, seconds: float) -> None: ...

    # nodes

    def power_off(self, node: str) -> None:
        """Daemon and cluster service are gone, without a word to anybody."""
        ...

    def power_on(self, node: str) -> None:
        """Both start again; returns when the cluster service answers."""
        ...

    def end_daemon(self, node: str) -> None:
        """Only the daemon dies."""
        ...

    def start_daemon(self, node: str) -> None: ...

    def end_service(self, node: str) -> None:
        """Only the cluster service dies."""
        ...

    def start_service(self, node: str) -> None:
        """It starts again; returns when it answers."""
        ...

    def pause(self, node: str) -> None:
        """Nothing on the node moves, and the node knows nothing of it."""
        ...

    def resume(self, node: str) -> None: ...

    # network

    def partition(self, *groups: Iterable[str]) -> None:
        """Only nodes of one group hear each other. A node in no group is alone."""
        ...

    def deafen(self, node: str) -> None:
        """It hears nobody; the others hear it."""
        ...

    def heal(self) -> None: ...
