"""The local disk in SQLite: the contract, and what is its own."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Coroutine, Iterator
from pathlib import Path
from typing import Any, TypeVar

import pytest

from appliance.model.errors import DamagedError, DiskError
from drivers.sqlite.disk import SqliteDisk, restore, set_aside
from tests.contract.local_disk import LocalDiskContract

T = TypeVar("T")
ROOM_BYTES = 32 * 1024


class SqliteWorld:
    """A database in a folder. A crash copies what has reached the files and begins with that."""

    def __init__(self, folder: Path) -> None:
        self._runner = asyncio.Runner()
        self._folder, self._number = folder, 0
        self.path = folder / "0" / "disk.db"
        self.path.parent.mkdir()
        self.disk = self._open()

    def _open(self) -> SqliteDisk:
        disk = SqliteDisk(self.path)
        self.run(disk.open())
        return disk

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return self._runner.run(work)

    def crash(self) -> None:
        self._number += 1
        copy = self._folder / str(self._number)
        shutil.copytree(self.path.parent, copy)
        self.run(self.disk.close())
        self.path = copy / "disk.db"
        self.disk = self._open()

    def fill(self) -> None:
        size = self._size_bytes()
        self._limit((size + ROOM_BYTES) // 4096)

    def make_room(self) -> None:
        self._limit(1 << 30)

    def _size_bytes(self) -> int:
        connection = self._connection()
        return int(connection.execute("PRAGMA page_count").fetchone()[0]) * 4096

    def _limit(self, pages: int) -> None:
        self._connection().execute(f"PRAGMA max_page_count = {pages}")

    def _connection(self) -> sqlite3.Connection:
        assert self.disk._database is not None
        return self.disk._database._connection

    def damage(self, name: str) -> None:
        self.run(self.disk.close())
        content = self.path.read_bytes()
        place = content.index(name.encode() * 100) + 50
        spoilt = content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :]
        self.path.write_bytes(spoilt)
        self.disk = self._open()

    def close(self) -> None:
        self.run(self.disk.close())
        self._runner.close()


@pytest.fixture
def world(tmp_path: Path) -> Iterator[SqliteWorld]:
    world = SqliteWorld(tmp_path)
    yield world
    world.close()


class TestSqliteDisk(LocalDiskContract):
    @pytest.fixture
    def world(self, tmp_path: Path) -> Iterator[SqliteWorld]:
        world = SqliteWorld(tmp_path)
        yield world
        world.close()


def test_between_two_syncs_all_or_nothing_survives(world: SqliteWorld) -> None:
    world.disk.replace("a", b"1")
    world.run(world.disk.sync())
    world.disk.replace("a", b"2")
    assert world.run(world.disk.read("a")) == b"2"
    world.crash()
    assert world.run(world.disk.read("a")) == b"1"


def test_concurrent_syncs_are_durable_for_each_caller(world: SqliteWorld) -> None:
    async def write(number: int) -> None:
        world.disk.replace(f"f{number}", b"%d" % number)
        await world.disk.sync()

    async def all_together() -> None:
        await asyncio.gather(*(write(number) for number in range(200)))

    world.run(all_together())
    world.crash()
    assert len(world.run(world.disk.list())) == 200


def test_a_sync_that_fails_fails_for_all_who_wait(world: SqliteWorld) -> None:
    """Also for who queued a write while the failing one was under way: it may build on it."""
    world.fill()

    async def write(name: str, size: int) -> str:
        world.disk.replace(name, bytes(size))
        try:
            await world.disk.sync()
        except DiskError as error:
            return error.code
        return "done"

    async def both() -> list[str]:
        first = asyncio.create_task(write("large", 1 << 20))
        await asyncio.sleep(0)
        return list(await asyncio.gather(first, write("small", 1)))

    outcomes = world.run(both())
    assert outcomes[0] == "disk_full"
    assert (outcomes[1] == "done") == (world.run(world.disk.read("small")) is not None)


def test_no_commit_makes_the_log_of_writes_longer(world: SqliteWorld) -> None:
    log = world.path.with_name("disk.db-wal")
    before = log.stat().st_size
    for number in range(50):
        world.disk.append("a", b"%d" % number * 3000)
        world.run(world.disk.sync())
    assert log.stat().st_size == before
    world.crash()  # what follows the last commit in that file is no commit
    assert world.run(world.disk.read("a")) == b"".join(b"%d" % n * 3000 for n in range(50))


def test_a_second_process_is_kept_out(world: SqliteWorld) -> None:
    world.disk.replace("a", b"1")
    world.run(world.disk.sync())
    with pytest.raises(DiskError, match="another process uses it"):
        world.run(SqliteDisk(world.path).open())


def test_a_destroyed_database_is_said_to_be_so_and_set_aside(world: SqliteWorld) -> None:
    for number in range(50):
        world.disk.replace(f"f{number}", os.urandom(4096))
    world.run(world.disk.sync())
    world.run(world.disk.close())
    content = world.path.read_bytes()
    world.path.write_bytes(content[:4096] + os.urandom(len(content) - 4096))
    with pytest.raises(DamagedError):
        world.run(SqliteDisk(world.path).open())
    aside = set_aside(world.path)
    assert aside.name == "disk.db.damaged-1"
    world.disk = world._open()
    assert world.run(world.disk.list()) == ()


def test_what_is_no_database_is_said_to_be_so(tmp_path: Path) -> None:
    path = tmp_path / "disk.db"
    path.write_text("no database" * 1000)
    with pytest.raises(DamagedError):
        asyncio.run(SqliteDisk(path).open())


def test_use_without_opening_is_refused(tmp_path: Path) -> None:
    disk = SqliteDisk(tmp_path / "disk.db")
    with pytest.raises(DiskError, match="not open"):
        disk.replace("a", b"")
    with pytest.raises(DiskError, match="not open"):
        asyncio.run(disk.sync())
    with pytest.raises(DiskError):
        asyncio.run(SqliteDisk(tmp_path / "no folder" / "disk.db").open())


def test_backup_and_restore(world: SqliteWorld, tmp_path: Path) -> None:
    world.disk.replace("a", b"saved")
    backup = tmp_path / "backup.db"
    world.run(world.disk.backup(backup))
    world.disk.replace("a", b"later")
    world.run(world.disk.sync())
    with pytest.raises(DiskError, match="exists already"):
        world.run(world.disk.backup(backup))
    with pytest.raises(DiskError, match="another process uses it"):
        restore(backup, world.path)
    world.run(world.disk.close())
    restore(backup, world.path)
    world.disk = world._open()
    assert world.run(world.disk.read("a")) == b"saved"
    assert world.path.with_name("disk.db.damaged-1").exists()


def test_a_damaged_backup_changes_nothing(world: SqliteWorld, tmp_path: Path) -> None:
    world.disk.replace("a", b"a" * 3000)
    backup = tmp_path / "backup.db"
    world.run(world.disk.backup(backup))
    world.run(world.disk.close())
    content = backup.read_bytes()
    backup.write_bytes(content.replace(b"a" * 3000, b"a" * 2999 + b"b"))
    with pytest.raises(DamagedError, match="a is not what was written"):
        restore(backup, world.path)
    with pytest.raises(DiskError, match="No such file"):
        restore(tmp_path / "none.db", world.path)
    world.disk = world._open()
    assert world.run(world.disk.read("a")) == b"a" * 3000


WRITER = """
import asyncio, sys
from pathlib import Path
from drivers.sqlite.disk import SqliteDisk

async def main():
    disk = SqliteDisk(Path(sys.argv[1]))
    await disk.open()
    number = len(await disk.read("log") or b"") // 8
    while True:
        for _ in range(5):
            disk.append("log", b"%08d" % number)
            disk.replace(f"f{number % 50}", b"%08d" % number * 200)
            number += 1
        await disk.sync()
        print(number, flush=True)

asyncio.run(main())
"""


async def read_back(path: Path, last: str) -> tuple[tuple[str, ...], bytes, bytes]:
    """What is damaged, the log, and one file."""
    disk = SqliteDisk(path)
    damaged = await disk.open()
    log, file = await disk.read("log"), await disk.read(last)
    await disk.close()
    assert log is not None
    assert file is not None
    return damaged, log, file


def test_a_killed_process_loses_nothing_that_it_had_synced(tmp_path: Path) -> None:
    path = tmp_path / "disk.db"
    command = [sys.executable, "-c", WRITER, str(path)]
    for _attempt in range(4):
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            synced = [int(process.stdout.readline()) for _ in range(20)]
            process.send_signal(signal.SIGKILL)
            synced += [int(line) for line in process.stdout.read().splitlines()]
        damaged, log, last = asyncio.run(read_back(path, f"f{(synced[-1] - 1) % 50}"))
        count = len(log) // 8
        assert damaged == ()
        assert count >= synced[-1]
        assert count % 5 == 0
        assert log == b"".join(b"%08d" % number for number in range(count))
        assert int(last[:8]) >= synced[-1] - 1
