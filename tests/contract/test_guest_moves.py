"""What every `GuestMoves` must do, simulated or real.

A real implementation joins by another `MoveBench` in `benches`: two nodes, one running virtual
machine with a disk on a storage that only its node sees. The rest does not know which world it is.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any, Protocol

import pytest

from appliance.model.errors import NotQuorateError, QuorateError, RefusedError, StaleError
from appliance.model.guest.config import parse_guest
from appliance.model.guest.running import Launch
from appliance.ports.guest_moves import GuestMoves
from sim.guests.moving import SimGuestMoves
from sim.guests.specs import Specs
from sim.layout import GIB, GuestSpec, NodeSpec
from tests.sim.guests.rig import Rig


class MoveBench(Protocol):
    """Two nodes and a guest to try an implementation on."""

    here: str
    there: str
    sid: str
    disk: str

    def moves(self) -> GuestMoves:
        """Of the node where the guest runs."""
        ...

    def launch(self) -> Launch: ...

    def run(self, coro: Coroutine[Any, Any, None]) -> None:
        """Run it to its end; its error is raised."""
        ...

    def running(self) -> list[str]:
        """Where the guest executes."""
        ...

    def volumes(self, volid: str) -> list[str]:
        """The nodes that have this local volume."""
        ...

    def give(self) -> None:
        """The guest's file is the other node's."""
        ...

    def stop(self) -> None: ...


class SimBench:
    """The simulated one."""

    here, there, sid, disk = "n1", "n2", "vm:100", "local:vm-100-disk-0"

    def __init__(self) -> None:
        nodes = (NodeSpec(self.here), NodeSpec(self.there))
        spec = GuestSpec(self.sid, self.here, storage="local", disk_bytes=GIB)
        self._rig = Rig(spec, nodes=nodes)
        self._rig.started(self.sid, self.here)
        self._text = f"memory: 1024\nscsi0: {self.disk},size=1G\n"
        self._node = self.here

    def moves(self) -> GuestMoves:
        specs = Specs(self._rig.catalog, _Chance(), lambda _sid: (self._text, self._node))
        return SimGuestMoves(self._rig.boots[self.here], self._rig.mover, specs)

    def launch(self) -> Launch:
        return Launch(self.sid, parse_guest(self._text, "vm").current)

    def run(self, coro: Coroutine[Any, Any, None]) -> None:
        task = self._rig.boots[self.here].spawn(_told(coro), "test")
        while not task.done():
            self._rig.run(1.0)
        error = task.result()
        if error is not None:
            raise error

    def running(self) -> list[str]:
        return list(self._rig.host.runs_on(self.sid))

    def volumes(self, volid: str) -> list[str]:
        storage, (pool, _, name) = self._rig.storage, volid.partition(":")
        nodes = (self.here, self.there)
        return [node for node in nodes if storage.exists(storage.volume(pool, node, name))]

    def give(self) -> None:
        self._node = self.there

    def stop(self) -> None:
        assert self._rig.host.crash(self.sid)


class _Chance:
    def unit(self, *_key: str | int) -> float:
        return 0.5


async def _told(coro: Coroutine[Any, Any, None]) -> QuorateError | None:
    try:
        await coro
    except QuorateError as error:
        return error
    return None


benches: list[Callable[[], MoveBench]] = [SimBench]


@pytest.fixture(params=benches, ids=["sim"])
def bench(request: pytest.FixtureRequest) -> MoveBench:
    made: MoveBench = request.param()
    return made


def live(bench: MoveBench, commit: Callable[[], None]) -> None:
    async def committed() -> None:
        commit()

    disks = {bench.disk: bench.disk}
    bench.run(bench.moves().live(bench.sid, bench.there, disks, committed))


def test_it_goes_on_there_with_its_disk(bench: MoveBench) -> None:
    seen: list[list[str]] = []

    def commit() -> None:
        seen.append(bench.running())  # nobody executes it while it is given away
        bench.give()

    live(bench, commit)
    assert seen == [[]]
    assert bench.running() == [bench.there]
    assert bench.volumes(bench.disk) == [bench.there]


def test_it_goes_on_here_if_it_is_not_given_away(bench: MoveBench) -> None:
    def commit() -> None:
        raise NotQuorateError("no quorum")

    with pytest.raises(QuorateError, match="no quorum"):
        live(bench, commit)
    assert bench.running() == [bench.here]
    assert bench.volumes(bench.disk) == [bench.here]


def test_nobody_goes_on_if_it_may_have_been_given_away(bench: MoveBench) -> None:
    def commit() -> None:
        raise StaleError("somebody else was faster")

    with pytest.raises(QuorateError):
        live(bench, commit)
    assert bench.running() == []
    assert bench.volumes(bench.disk) == [bench.here, bench.there]


def test_one_that_does_not_run_cannot_move_so(bench: MoveBench) -> None:
    bench.stop()
    with pytest.raises(RefusedError):
        live(bench, bench.give)
    assert bench.volumes(bench.disk) == [bench.here]


def test_a_node_that_is_not_there(bench: MoveBench) -> None:
    async def commit() -> None:
        bench.give()

    with pytest.raises(QuorateError):
        bench.run(bench.moves().live(bench.sid, "nowhere", {}, commit))
    assert bench.running() == [bench.here]


def test_a_start_on_the_other_node_needs_its_disks_there(bench: MoveBench) -> None:
    bench.stop()
    bench.give()
    with pytest.raises(RefusedError, match="does not exist"):
        bench.run(bench.moves().start_there(bench.there, bench.launch()))
    assert bench.running() == []
    bench.run(bench.moves().start_there(bench.here, bench.launch()))
    assert bench.running() == [bench.here]
