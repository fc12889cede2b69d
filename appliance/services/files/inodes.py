"""Numbers of files as the kernel remembers them.

A number is made from the path, so that it is the same after a restart and on every node. A file
that is renamed keeps its number while the kernel remembers it: programs hold it open.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import blake2b
from typing import Final

from appliance.model.errors import FileError
from appliance.services.files.attributes import Kind

ROOT: Final = 1


@dataclass(slots=True)
class Inode:
    """path: None when it was removed or replaced. lookups: how often the kernel was told of it.

    cut: how often it was truncated to nothing since the store was told. rest: what programs that
    hold it open see after it was removed.
    """

    number: int
    path: str | None
    kind: Kind
    lookups: int = 0
    handles: int = 0
    cut: int = 0
    rest: bytes | None = None


class Inodes:
    __slots__ = ("_by_number", "_by_path")

    def __init__(self) -> None:
        root = Inode(ROOT, "", Kind.FOLDER, lookups=1)
        self._by_number: dict[int, Inode] = {ROOT: root}
        self._by_path: dict[str, Inode] = {"": root}

    def __len__(self) -> int:
        return len(self._by_number)

    def at(self, path: str, kind: Kind) -> Inode:
        """That of what is there; `drop` it when it is not used after all."""
        known = self._by_path.get(path)
        if known is not None and known.kind is kind:
            return known
        if known is not None:
            self.removed(path)
        number = self._new_number(path, kind)
        new = self._by_number[number] = self._by_path[path] = Inode(number, path, kind)
        return new

    def _new_number(self, path: str, kind: Kind) -> int:
        salt = 0
        while True:
            text = f"{kind.value} {salt} {path}".encode()
            number = int.from_bytes(blake2b(text, digest_size=8).digest(), "big") >> 1
            if number > ROOT and number not in self._by_number:
                return number
            salt += 1

    def get(self, number: int) -> Inode:
        """FileError ESTALE if there is none of that number."""
        try:
            return self._by_number[number]
        except KeyError as error:
            raise FileError("ESTALE", f"no file has the number {number}") from error

    def known(self, path: str) -> Inode | None:
        return self._by_path.get(path)

    def removed(self, path: str, rest: bytes | None = None) -> None:
        """Nothing is there any more. Who holds it open goes on with the rest, if there is one."""
        inode = self._by_path.pop(path, None)
        if inode is not None:
            inode.path, inode.rest, inode.cut = None, rest, 0
            self.drop(inode)

    def renamed(self, source: str, target: str) -> None:
        """Nothing is at the target."""
        inode = self._by_path.pop(source, None)
        if inode is not None:
            inode.path = target
            self._by_path[target] = inode

    def forget(self, number: int, lookups: int) -> None:
        """The kernel forgot so many lookups."""
        inode = self._by_number.get(number)
        if inode is not None:
            inode.lookups -= lookups
            self.drop(inode)

    def drop(self, inode: Inode) -> None:
        """Forget it if nobody else remembers it."""
        if inode.lookups > 0 or inode.handles > 0 or inode.number == ROOT:
            return
        self._by_number.pop(inode.number, None)
        if inode.path is not None and self._by_path.get(inode.path) is inode:
            del self._by_path[inode.path]
