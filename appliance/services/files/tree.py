"""What lies at a path: a file of the store, a folder, a lock, something computed, or nothing."""

from __future__ import annotations

from appliance.model.errors import FileError, MissingError
from appliance.model.store.changes import Expect, File, Put, Step
from appliance.services.files.attributes import Kind
from appliance.services.files.index import TreeIndex
from appliance.services.files.locks import Locks
from appliance.services.files.names import LOCKS, MARK, is_lock, mark_of, standing_folders
from appliance.services.files.ports import FilePorts
from appliance.services.files.virtual import Virtual


class Tree:
    """index: of the store's files, kept by `told`."""

    def __init__(self, ports: FilePorts) -> None:
        self._ports = ports
        self.virtual, self.locks, self.index = Virtual(ports), Locks(ports), TreeIndex()

    def fill(self) -> None:
        """Read everything. UnavailableError if the store is not open."""
        self.told(self._ports.store.paths(privileged=True))

    def told(self, paths: tuple[str, ...]) -> None:
        """These files changed."""
        for path in paths:
            self.index.set(path, self.file(path))

    @property
    def writable(self) -> bool:
        """Whether this node's partition has quorum."""
        return self._ports.membership.view().quorate

    def file(self, path: str) -> File | None:
        try:
            return self._ports.store.read(path, privileged=True)
        except MissingError:
            return None

    def kind(self, path: str) -> Kind | None:
        """UnavailableError if the store is not open."""
        if is_lock(path):
            return Kind.FOLDER if self.locks.at(path) is not None else None
        if path in self.virtual.links:
            return Kind.LINK
        if path.rpartition("/")[2] == MARK:
            return None
        if self.virtual.is_file(path) or self.file(path) is not None:
            return Kind.FILE
        return Kind.FOLDER if self._is_folder(path) else None

    def _is_folder(self, path: str) -> bool:
        known = self.is_standing(path) or self.index.is_folder(path)
        return known or self.file(mark_of(path)) is not None

    def is_standing(self, path: str) -> bool:
        """Whether this folder is there whatever is done."""
        return path == "" or path in self._standing()

    def _standing(self) -> dict[str, None]:
        nodes = dict.fromkeys((*self._ports.membership.view().members, self._ports.node))
        return standing_folders(tuple(nodes))

    def names(self, folder: str) -> tuple[str, ...]:
        """What is in it, sorted."""
        if folder == LOCKS:
            return self.locks.names()
        found = dict.fromkeys(self.index.names(folder))
        prefix = f"{folder}/" if folder else ""
        for path in self._standing():
            if path.startswith(prefix):
                found[path.removeprefix(prefix).partition("/")[0]] = None
        if not folder:
            found.update(dict.fromkeys(self.virtual.names()))
        found.pop(MARK, None)
        return tuple(sorted(found))

    def check_folder(self, path: str) -> None:
        kind = self.kind(path) if path else Kind.FOLDER
        if kind is None:
            raise FileError("ENOENT", f"{path} does not exist")
        if kind is not Kind.FOLDER:
            raise FileError("ENOTDIR", f"{path} is not a folder")

    # steps of a change

    def guard(self, folder: str) -> tuple[Step, ...]:
        """Only while the folder is there."""
        mark = None if self.is_standing(folder) else self.file(mark_of(folder))
        return () if mark is None else (Expect(mark_of(folder), mark.version),)

    def keep(self, folder: str) -> tuple[Step, ...]:
        """The folder shall stay when the last file in it goes."""
        if self.is_standing(folder) or self.file(mark_of(folder)) is not None:
            return ()
        return (Put(mark_of(folder), b""),)
