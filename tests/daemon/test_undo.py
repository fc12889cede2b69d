"""A daemon that died while its node entered a cluster: the node is what it was before."""

from __future__ import annotations

import asyncio
import contextlib
from pathlib import Path
from typing import Self

import pytest

from appliance.core.store.durable import META, joining
from appliance.daemon import cluster_service
from appliance.daemon.cluster_service import NodeClusterService
from appliance.daemon.keeper import DatabaseKeeper
from appliance.daemon.stand import LayoutFile, Stand
from appliance.model.corosync_conf import CorosyncConf, Link, create
from appliance.model.errors import NotQuorateError, UnavailableError
from appliance.model.store.changes import Put
from appliance.services.store.service import StoreService
from drivers.corosync.process import CorosyncProcess
from drivers.system.clock import SystemClock
from drivers.system.entropy import SystemEntropy
from drivers.system.journal import SystemJournal
from drivers.system.tasks import SystemSignals, SystemTasks

KEY = b"k" * 256
LAYOUT = create("lab", "n1", {0: Link("10.0.0.1")})


class Boot:
    """A node's store and cluster service in a folder, as the daemon has them. No corosync."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.conf = folder, folder / "corosync.conf"
        self.keeper = DatabaseKeeper(folder / "store.db")
        self.tasks = SystemTasks(lambda _name, _error: None)
        self.process = CorosyncProcess(folder, folder)

    async def open_database(self) -> None:
        await self.keeper.open(alone=not self.conf.exists())
        system = (SystemClock(), self.tasks, SystemSignals(), SystemEntropy())
        self.stand = Stand("n1", LayoutFile(self.conf), self.keeper, system, SystemJournal("n1"))
        self.service = NodeClusterService(self.stand, self.process, self.folder)

    async def __aenter__(self) -> Self:
        await self.open_database()
        self.undone = await self.service.undo()
        await self.stand.open()
        return self

    async def __aexit__(self, *_error: object) -> None:
        await self.stand.close()
        await self.tasks.close()
        await self.keeper.close()

    async def settled(self) -> StoreService:
        """The store, which has just been opened, as soon as it works."""
        async with asyncio.timeout(30):
            while True:
                with contextlib.suppress(NotQuorateError):
                    await self.stand.store.catch_up()
                    return self.stand.store
                await asyncio.sleep(0.01)

    async def put(self, content: bytes) -> None:
        await (await self.settled()).change(Put("storage.cfg", content))

    async def content(self) -> bytes:
        return (await self.settled()).read("storage.cfg").content


class Died(Exception):
    """The daemon is gone: nothing of it runs any more, not even what cleans up."""


@pytest.fixture(autouse=True)
def no_corosync(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What corosync itself does is tested with real ones; rings of this machine stay."""
    monkeypatch.setattr(cluster_service, "RINGS", tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path / "nothing"))


def die_when(monkeypatch: pytest.MonkeyPatch, boot: Boot, step: str) -> None:
    """The daemon ends when it comes to that step of entering, without any cleaning up."""

    async def end(*_given: object) -> None:
        raise Died

    places = {
        "stop corosync": (boot.process, "stop"),
        "empty the store": (boot.keeper, "begin"),
        "start corosync": (boot.process, "start"),
    }
    monkeypatch.setattr(*places[step], end)
    monkeypatch.setattr(boot.service, "_go_back", end)


@pytest.mark.parametrize("step", ["stop corosync", "empty the store", "start corosync"])
def test_the_next_daemon_goes_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    async def run() -> None:
        async with Boot(tmp_path) as boot:
            assert not boot.undone
            await boot.put(b"mine")
            with monkeypatch.context() as patch:
                die_when(patch, boot, step)
                with pytest.raises(Died):
                    await boot.service.enter(LAYOUT, KEY)
        async with Boot(tmp_path) as boot:
            assert boot.undone
            assert boot.service.layout() is None
            assert not (tmp_path / "authkey").exists()
            assert await boot.content() == b"mine"
            await boot.put(b"still mine")
        async with Boot(tmp_path) as boot:
            assert not boot.undone  # once is enough

    asyncio.run(run())


def test_corosync_that_does_not_start_leaves_the_node_as_it_was(tmp_path: Path) -> None:
    async def run() -> None:
        async with Boot(tmp_path) as boot:
            await boot.put(b"mine")
            for step in (boot.service.enter, boot.service.found):
                with pytest.raises(UnavailableError):
                    await step(LAYOUT, KEY)
                assert boot.service.layout() is None
                assert await boot.content() == b"mine"

    asyncio.run(run())


def test_a_member_that_had_a_cluster_before_gets_its_layout_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before: CorosyncConf = LAYOUT.bumped()
    (tmp_path / "corosync.conf").write_text(before.text())
    (tmp_path / "authkey").write_bytes(b"old" * 90)

    async def run() -> None:
        keeper = DatabaseKeeper(tmp_path / "store.db")
        await keeper.open(alone=False)
        await keeper.begin(joining())
        await keeper.close()
        boot = Boot(tmp_path)
        await boot.open_database()
        with monkeypatch.context() as patch:
            die_when(patch, boot, "start corosync")
            with pytest.raises(Died):
                await boot.service.enter(LAYOUT, KEY)
        await boot.keeper.close()
        again = Boot(tmp_path)
        await again.open_database()
        assert await again.service.undo()
        assert again.service.layout() == before
        assert (tmp_path / "authkey").read_bytes() == b"old" * 90
        assert META not in await again.keeper.disk.list()
        await again.keeper.close()

    asyncio.run(run())
