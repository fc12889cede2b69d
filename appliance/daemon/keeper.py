"""The database of a node's store: opened, begun, set aside when damaged, copied, put back."""

from __future__ import annotations

import asyncio
from pathlib import Path

from appliance.core.store.durable import FRESH, META, PROMISE, Write, founding, joining
from appliance.model.errors import DamagedError, DiskError, ExistsError, MissingError
from drivers.sqlite.disk import SqliteDisk, restore, set_aside


class DatabaseKeeper:
    """Implements the `Keeper` port. `disk` is open between `open` and `close`."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._disk: SqliteDisk | None = None
        self._damage = ""

    @property
    def disk(self) -> SqliteDisk:
        if self._disk is None:
            raise DiskError(f"{self._path}: not open")
        return self._disk

    async def open(self, *, alone: bool) -> None:
        """Open it, or begin a new one.

        What cannot be read as a database is set aside. Without one, a node that is alone founds a
        store if it never had one; any other has lost its copy and asks its peers.
        """
        path = self._path
        begun = not path.exists()
        had_one = any(path.parent.glob(f"{path.name}.*"))
        disk = SqliteDisk(path)
        try:
            damaged = await disk.open()
        except DamagedError as error:
            await disk.close()
            aside = await asyncio.to_thread(set_aside, path)
            self._damage = f"{error}; it is now {aside.name}"
            disk = SqliteDisk(path)
            damaged = await disk.open()
        self._disk = disk
        if damaged:
            self._damage = f"{len(damaged)} records, the first is {damaged[0]}"
        elif alone and ((begun and not had_one) or await self.empty(FRESH)):
            await self.begin(founding())

    async def empty(self, mark: str) -> bool:
        """Whether there is nothing in it but that mark of a member that never got anything."""
        names = await self.disk.list()
        return mark in names and META not in names

    async def begin(self, writes: tuple[Write, ...]) -> None:
        """Throw everything away but the promise, and begin with this. All of it or nothing."""
        disk = self.disk
        for name in await disk.list():
            if name != PROMISE:  # epochs that this node takes part in never again
                disk.remove(name)
        for write in writes:
            disk.replace(write.name, write.content)
        await disk.sync()

    async def close(self) -> None:
        disk, self._disk = self._disk, None
        if disk is not None:
            await disk.close()

    async def put_back(self, backup: Path) -> None:
        """Make a backup the database. DamagedError, DiskError: then nothing was changed."""
        await self.close()
        await asyncio.to_thread(restore, backup, self._path)
        self._disk = SqliteDisk(self._path)
        await self._disk.open()

    # the port

    async def verify(self) -> tuple[str, ...]:
        return await self.disk.verify()

    async def backup(self, file: str) -> None:
        target = Path(file)
        if await asyncio.to_thread(target.exists):
            raise ExistsError(f"{file} exists")
        if not await asyncio.to_thread(target.parent.is_dir):
            raise MissingError(f"{target.parent} is no folder")
        await self.disk.backup(target)
        await asyncio.to_thread(target.chmod, 0o600)  # it has everything that is private

    def found_damaged(self) -> str:
        return self._damage


async def begin_database(path: Path, *, member: bool) -> None:
    """A database for a node that has none: of a founder, or of a member that joins."""
    await asyncio.to_thread(_need_none, path)
    keeper = DatabaseKeeper(path)
    await keeper.open(alone=False)
    try:
        await keeper.begin(joining() if member else founding())
    finally:
        await keeper.close()


def _need_none(path: Path) -> None:
    if path.exists():
        raise ExistsError(f"{path} exists: a node has one store in its life, or restore a backup")
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
