"""What the tests of the store may do to its nodes. Both worlds implement it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple, Protocol

from appliance.model.store.changes import Step
from tests.contract.worlds import Call


class Seen(NamedTuple):
    """A file as a daemon sees it."""

    content: bytes
    version: int
    writer: str


class StoreDaemon(Protocol):
    """One life of the store on a node."""

    node: str

    @property
    def changed(self) -> Sequence[tuple[str, ...]]:
        """What `watch` reported so far."""
        ...

    def change(self, *steps: Step, timeout_s: float = 15.0) -> Call:
        """Its value is the version."""
        ...

    def read(self, path: str, *, privileged: bool = False) -> Call:
        """Its value is a `Seen`."""
        ...

    def latest(self, path: str) -> Call:
        """The same, linearizable."""
        ...

    def paths(self, prefix: str = "", *, privileged: bool = False) -> Call:
        """Its value: names, in order."""
        ...

    def watch(self, prefix: str = "") -> Call: ...

    def renew(self, name: str, life_s: float) -> Call:
        """Its value is a `LeaseAnswer`."""
        ...

    def release(self, name: str) -> Call: ...

    def held(self, name: str) -> Call: ...


class StoreWorld(Protocol):
    """Three nodes with one vote each, their stores empty when a test begins.

    What is not said here is as in `tests.contract.worlds.ClusterWorld`.
    """

    names: tuple[str, ...]

    def daemon(self, node: str) -> StoreDaemon:
        """The node's present daemon."""
        ...

    def until(self, condition: Callable[[], bool], what: str) -> None: ...

    def sleep(self, seconds: float) -> None: ...

    def serve(self, *nodes: str) -> None:
        """Wait until these nodes, or all, serve in one view of exactly these, all of them alike and
        with all that is in their logs committed.
        """
        ...

    def power_off(self, node: str) -> None: ...

    def power_on(self, node: str) -> None: ...

    def end_daemon(self, node: str) -> None: ...

    def start_daemon(self, node: str) -> None: ...

    def pause(self, node: str) -> None: ...

    def resume(self, node: str) -> None: ...

    def partition(self, *groups: Iterable[str]) -> None: ...

    def heal(self) -> None: ...


class Driver:
    """A world as the tests drive it: asks and waits."""

    def __init__(self, world: StoreWorld) -> None:
        self.world = world
        world.serve()

    def ended(self, call: Call) -> Call:
        self.world.until(lambda: call.done, "an answer")
        return call

    def change(self, node: str, *steps: Step, timeout_s: float = 15.0) -> int:
        """Make it, which must succeed; the version."""
        call = self.ended(self.world.daemon(node).change(*steps, timeout_s=timeout_s))
        assert call.error is None, call.error
        return int(call.value)

    def refused(self, node: str, *steps: Step) -> str:
        """The code with which it is refused."""
        call = self.ended(self.world.daemon(node).change(*steps))
        assert call.error is not None, "it was made"
        return call.error

    def latest(self, node: str, path: str) -> Seen | str:
        """The file, or the code of the error."""
        return _value(self.ended(self.world.daemon(node).latest(path)))

    def read(self, node: str, path: str, *, privileged: bool = False) -> Seen | str:
        return _value(self.ended(self.world.daemon(node).read(path, privileged=privileged)))

    def paths(self, node: str, prefix: str = "", *, privileged: bool = False) -> list[str]:
        call = self.ended(self.world.daemon(node).paths(prefix, privileged=privileged))
        return list(call.value)

    def cut_off(self, node: str) -> tuple[str, ...]:
        """This node is alone; the others, who go on together."""
        others = tuple(name for name in self.world.names if name != node)
        self.world.partition(others, (node,))
        self.world.serve(*others)
        return others


def _value(call: Call) -> Seen | str:
    if call.error is not None:
        return call.error
    seen: Seen = call.value
    return seen
