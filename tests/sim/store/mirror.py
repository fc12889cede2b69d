"""Somebody who knows the tree by its watch alone: what he is not told of, he has lost."""

from __future__ import annotations

from collections.abc import Iterator

from appliance.model.errors import MissingError
from appliance.model.store.changes import File
from sim.group.cluster import Daemon
from sim.kernel import to_us

OPENED_US = to_us(0.001)


class Mirror:
    """Versions by path, as of the last word of the watch. wrong: what came in the wrong order."""

    def __init__(self, daemon: Daemon) -> None:
        self._boot, self._store = daemon.boot, daemon.store
        self._watch = daemon.store.watch()
        self._seen: dict[str, int] = {}
        self._opened: object = None
        self.wrong: list[str] = []

    async def follow(self) -> None:
        await self._until_open()
        self._seen = self._present()
        while True:
            paths = await self._watch.next()
            await self._until_open()
            again = self._store.replica is not self._opened
            self._opened = self._store.replica
            for path in paths:
                self._take(path, again=again)

    async def _until_open(self) -> None:
        while not self._store.running:
            await self._boot.sleep(OPENED_US)

    def _present(self) -> dict[str, int]:
        cells = self._store.replica.tree.committed
        return {path: cell.version for path, cell in cells.items() if isinstance(cell, File)}

    def _take(self, path: str, *, again: bool) -> None:
        """again: the store was closed in between, and may know less than it did."""
        try:
            version = self._store.read(path, privileged=True).version
        except MissingError:
            self._seen.pop(path, None)
            return
        before = self._seen.get(path, 0)
        if version < before and not again:
            self.wrong.append(f"{path}: told of version {version} after {before}")
        self._seen[path] = version

    def missed(self) -> Iterator[str]:
        """What is committed and was not told, as of an instant in which nothing is under way."""
        present = self._present() if self._store.running else {}
        for path in sorted({*present, *self._seen} if present else ()):
            if present.get(path) != self._seen.get(path):
                yield (
                    f"{path}: version {present.get(path)} is committed,"
                    f" {self._seen.get(path)} was told last"
                )
