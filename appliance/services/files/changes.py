"""Changes of the tree: each is one change of the store, planned on what this node knows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeAlias

from appliance.model.errors import ExistsError, FileError, MissingError, StaleError
from appliance.model.store.changes import ABSENT, Delete, Put, Rename, Step, Steps
from appliance.model.store.paths import guest_of
from appliance.ports.config_store import ConfigStore
from appliance.services.files.attributes import Kind
from appliance.services.files.names import LOCKS, MARK, is_lock, mark_of, parent_of
from appliance.services.files.tree import Tree

Plan: TypeAlias = Callable[[], Steps]
TRIES: Final = 64


class Changes:
    def __init__(self, tree: Tree, store: ConfigStore) -> None:
        self._tree, self._store = tree, store

    async def make(self, plan: Plan) -> None:
        """Make the planned change; plan anew when others were faster. A plan raises FileError.

        A refusal is told only when what caused it can be read here, so a new plan knows of it. If
        it is the same again, the refusal has another cause and is the answer.
        """
        for _ in range(TRIES):
            steps = plan()
            try:
                await self._store.change(*steps)
            except StaleError:
                continue
            except (MissingError, ExistsError):
                if plan() == steps:
                    raise
                continue
            return
        raise FileError("EBUSY", f"others changed the same {TRIES} times")

    # files

    async def create(self, path: str) -> None:
        """An empty file. EEXIST also for a guest that is configured elsewhere."""

        def plan() -> Steps:
            self._check_new(path)
            return (*self._tree.guard(parent_of(path)), Put(path, b"", expect=ABSENT))

        self._check_name(path)
        await self.make(plan)

    async def unlink(self, path: str) -> None:
        def plan() -> Steps:
            self._stored(path, Kind.FILE)
            return (Delete(path), *self._tree.keep(parent_of(path)))

        await self.make(plan)

    # folders

    async def mkdir(self, path: str) -> None:
        if is_lock(path):
            self._tree.check_folder(parent_of(path))
            await self._tree.locks.take(path)
            return

        def plan() -> Steps:
            self._check_new(path)
            return (*self._tree.guard(parent_of(path)), Put(mark_of(path), b"", expect=ABSENT))

        self._check_name(path)
        if guest_of(path) is not None:
            raise FileError("EPERM", f"{path} can only be a file")
        await self.make(plan)

    async def rmdir(self, path: str) -> None:
        if is_lock(path):
            await self._tree.locks.drop(path)
            return
        parent = parent_of(path)
        await self.make(lambda: (*self._emptied(path), *self._tree.keep(parent)))

    def _emptied(self, path: str) -> tuple[Step, ...]:
        """Removes a folder. A file in its place exists for a moment: there is none below it."""
        self._stored(path, Kind.FOLDER)
        if self._tree.names(path):
            raise FileError("ENOTEMPTY", f"{path} is not empty")
        return (Delete(mark_of(path)), Put(path, b""), Delete(path))

    # renaming

    async def rename(self, source: str, target: str, *, replace: bool = True) -> None:
        """One atomic change, of what is at the target too. Folders must be empty."""
        self._check_name(target)
        if self._tree.kind(source) is Kind.FOLDER:
            await self.make(lambda: self._folder_renamed(source, target, replace))
        else:
            await self.make(lambda: self._file_renamed(source, target, replace))

    def _file_renamed(self, source: str, target: str, replace: bool) -> Steps:
        version = self._stored(source, Kind.FILE)
        there = self._target(target, replace)
        if there is Kind.FOLDER:
            raise FileError("EISDIR", f"{target} is a folder")
        gone = () if there is None else (Delete(target, self._stored(target, Kind.FILE)),)
        guard, keep = self._tree.guard(parent_of(target)), self._tree.keep(parent_of(source))
        return (*guard, *gone, Rename(source, target, version), *keep)

    def _folder_renamed(self, source: str, target: str, replace: bool) -> Steps:
        removed = self._emptied(source)
        there = self._target(target, replace)
        if there not in {None, Kind.FOLDER}:
            raise FileError("ENOTDIR", f"{target} is not a folder")
        gone = () if there is None else self._emptied(target)
        guard, keep = self._tree.guard(parent_of(target)), self._tree.keep(parent_of(source))
        return (*guard, *removed, *gone, Put(mark_of(target), b""), *keep)

    def _target(self, target: str, replace: bool) -> Kind | None:
        self._tree.check_folder(parent_of(target))
        there = self._tree.kind(target)
        if there is not None and not replace:
            raise FileError("EEXIST", f"{target} exists")
        return there

    # checks

    def _check_name(self, path: str) -> None:
        """Whether programs may put something there."""
        if path.rpartition("/")[2] == MARK:
            raise FileError("EPERM", f"{MARK} is what keeps a folder")
        if is_lock(path) or path == LOCKS:
            raise FileError("EPERM", f"in {LOCKS} there are only locks: folders made with mkdir")

    def _check_new(self, path: str) -> None:
        self._tree.check_folder(parent_of(path))
        if self._tree.kind(path) is not None:
            raise FileError("EEXIST", f"{path} exists")

    def _stored(self, path: str, wanted: Kind) -> int:
        """The version of the file. FileError if something of another kind or nothing is there."""
        kind = self._tree.kind(path)
        if kind is None:
            raise FileError("ENOENT", f"{path} does not exist")
        if kind is not wanted and kind is not Kind.LINK:
            name = "EISDIR" if wanted is Kind.FILE else "ENOTDIR"
            raise FileError(name, f"{path} is a {kind.value}")
        if kind is Kind.FOLDER and self._tree.is_standing(path):
            raise FileError("EBUSY", f"{path} is always there")
        if is_lock(path):
            raise FileError("EACCES", f"{path} is a lock")
        if kind is Kind.LINK or self._tree.virtual.is_file(path):
            raise FileError("EACCES", f"{path} cannot be changed")
        file = self._tree.file(path)
        return file.version if file is not None else ABSENT
