"""Whether a change may be made, and what it makes of the tree: all of its steps or none."""

from __future__ import annotations

from appliance.core.store.tree import Tree, size_of
from appliance.model.errors import (
    ConfigError,
    ExistsError,
    MissingError,
    RefusedError,
    StaleError,
    TooLargeError,
)
from appliance.model.store.changes import (
    ABSENT,
    Cell,
    Cells,
    Delete,
    DropLease,
    Expect,
    ExpireLease,
    File,
    HoldLease,
    Lease,
    Put,
    Rename,
    Step,
    Steps,
    TakeLease,
    lease_key,
)
from appliance.model.store.electorate import LAYOUT_PATH, electorate_of
from appliance.model.store.limits import (
    MAX_CHANGE_BYTES,
    MAX_FILE_BYTES,
    MAX_FILES,
    MAX_STEPS,
    MAX_TREE_BYTES,
)
from appliance.model.store.paths import check_path, folders_of, guest_of


def check_steps(steps: Steps) -> int:
    """How many bytes of content a change has. ConfigError, TooLargeError: what is wrong with it
    whatever is in the tree.
    """
    if len(steps) > MAX_STEPS:
        raise TooLargeError(f"a change has at most {MAX_STEPS} steps, not {len(steps)}")
    total = 0
    for step in steps:
        match step:
            case Put():
                check_path(step.path)
                total += len(step.content)
                if len(step.content) > MAX_FILE_BYTES:
                    raise TooLargeError(
                        f"{step.path}: {len(step.content)} bytes, a file has at most "
                        f"{MAX_FILE_BYTES}"
                    )
            case Rename():
                check_path(step.path)
                check_path(step.target)
            case Delete() | Expect():
                check_path(step.path)
            case TakeLease() | DropLease() | ExpireLease() | HoldLease():
                check_path(step.name)
    if total > MAX_CHANGE_BYTES:
        raise TooLargeError(f"a change has at most {MAX_CHANGE_BYTES} bytes, not {total}")
    return total


def judge(
    tree: Tree, steps: Steps, node: str, mtime_s: int, version: int, *, alone: bool = False
) -> Cells:
    """The cells that this change of this node sets. Raises what forbids it; nothing is changed.

    alone: the node is in no cluster, so the layout in its store may be begun anew or removed.
    """
    if len(steps) == 1:
        step = steps[0]
        if isinstance(step, Put):
            before = tree.get(step.path)
            if isinstance(before, File) and _overwrites(tree, step, before):
                return ((step.path, File(step.content, version, mtime_s, node)),)
        elif isinstance(step, TakeLease):
            lease = tree.get(key := lease_key(step.name))
            if isinstance(lease, Lease) and lease.holder == node:
                return ((key, Lease(node, version, step.life_s)),)
    draft = _Draft(tree, node, mtime_s, version, alone=alone)
    for step in steps:
        draft.take(step)
    draft.check_limits()
    draft.check_layout()
    return tuple(draft.cells.items())


def _overwrites(tree: Tree, put: Put, before: File) -> bool:
    """Whether it is what most changes are, which nothing forbids: another content of a file, with
    room for it. What is not as simple is for `_Draft` to judge.
    """
    if put.path == LAYOUT_PATH or put.expect not in (None, before.version):
        return False
    more = len(put.content) - len(before.content)
    return more <= 0 or tree.size_bytes + more <= MAX_TREE_BYTES


class _Draft:
    """The applied tree with the steps so far on top."""

    __slots__ = (
        "_alone",
        "_files",
        "_folders",
        "_guests",
        "_mtime_s",
        "_node",
        "_size",
        "_tree",
        "_version",
        "cells",
    )

    def __init__(
        self, tree: Tree, node: str, mtime_s: int, version: int, *, alone: bool = False
    ) -> None:
        self._alone = alone
        self._tree, self._node, self._mtime_s, self._version = tree, node, mtime_s, version
        self.cells: dict[str, Cell | None] = {}
        self._folders: dict[str, int] = {}
        self._guests: dict[int, str | None] = {}
        self._files, self._size = tree.files, tree.size_bytes

    def take(self, step: Step) -> None:
        match step:
            case Put():
                self._put(step.path, step.content, self._expect(step.path, step.expect))
            case Delete():
                self._set(step.path, None, self._existing(step.path, step.expect))
            case Rename():
                self._rename(step)
            case Expect():
                self._expect(step.path, step.version)
            case _:
                self._take_lease(step)

    def check_limits(self) -> None:
        # A tree that is too large for whatever reason may still be made smaller.
        if self._size > max(MAX_TREE_BYTES, self._tree.size_bytes):
            raise TooLargeError(
                f"the tree would have {self._size} bytes, it may have {MAX_TREE_BYTES}"
            )
        if self._files > max(MAX_FILES, self._tree.files):
            raise TooLargeError(f"the tree has at most {MAX_FILES} files")

    def check_layout(self) -> None:
        """Who decides must always be clear, and in which order that changed. What counts is what
        all steps together make of it: another file may be renamed over it.
        """
        if LAYOUT_PATH not in self.cells:
            return
        before, after = self._tree.get(LAYOUT_PATH), self._file(LAYOUT_PATH)
        if after is None:
            if before is not None and not self._alone:
                raise RefusedError(
                    f"{LAYOUT_PATH} says who decides about the store, it cannot be removed"
                )
            return
        new = electorate_of(after.content, self._version).layout
        old = electorate_of(before.content, 0).layout if isinstance(before, File) else 0
        if new <= old and not self._alone:
            raise ConfigError(
                f"must be above {old}, that of the layout in force",
                file=LAYOUT_PATH,
                field="totem.config_version",
            )

    # files

    def _file(self, path: str) -> File | None:
        cell = self.cells[path] if path in self.cells else self._tree.get(path)
        return cell if isinstance(cell, File) else None

    def _expect(self, path: str, expect: int | None) -> File | None:
        file = self._file(path)
        version = file.version if file else ABSENT
        if expect is None or expect == version:
            return file
        if expect == ABSENT:
            raise ExistsError(f"{path} exists, in version {version}")
        if file is None:
            raise MissingError(f"{path} does not exist, version {expect} was expected")
        raise StaleError(f"{path} is of version {version}, {expect} was expected")

    def _existing(self, path: str, expect: int | None) -> File:
        file = self._expect(path, expect)
        if file is None:
            raise MissingError(f"{path} does not exist")
        return file

    def _rename(self, step: Rename) -> None:
        file = self._existing(step.path, step.expect)
        if self._file(step.target) is not None:
            raise ExistsError(f"{step.target} exists")
        self._set(step.path, None, file)
        self._put(step.target, file.content, None)

    def _put(self, path: str, content: bytes, before: File | None) -> None:
        if before is None:
            self._check_place(path)
            self._check_guest(path)
        self._set(path, File(content, self._version, self._mtime_s, self._node), before)

    def _check_place(self, path: str) -> None:
        if self._tree.folders.get(path, 0) + self._folders.get(path, 0) > 0:
            raise ExistsError(f"{path} is a folder")
        for folder in folders_of(path):
            if self._file(folder) is not None:
                raise ExistsError(f"{folder} is a file, there can be nothing below it")

    def _check_guest(self, path: str) -> None:
        guest = guest_of(path)
        if guest is None:
            return
        known = guest in self._guests
        there = self._guests[guest] if known else self._tree.guests.get(guest)
        if there is not None:
            raise ExistsError(f"guest {guest} is configured already, in {there}")

    def _set(self, path: str, file: File | None, before: File | None) -> None:
        """before: what is there."""
        self._size += size_of(file) - size_of(before)
        self.cells[path] = file
        step = (file is not None) - (before is not None)
        if not step:
            return
        self._files += step
        for folder in folders_of(path):
            self._folders[folder] = self._folders.get(folder, 0) + step
        guest = guest_of(path)
        if guest is not None:
            self._guests[guest] = path if file is not None else None

    # leases

    def _take_lease(self, step: TakeLease | DropLease | ExpireLease | HoldLease) -> None:
        key = lease_key(step.name)
        cell = self.cells[key] if key in self.cells else self._tree.get(key)
        lease = cell if isinstance(cell, Lease) else None
        match step:
            case ExpireLease():
                # A holder that renewed in time must keep it.
                if lease is None or lease.version != step.version:
                    raise StaleError(f"lease {step.name} has changed")
                self.cells[key] = None
                return
            case TakeLease():
                if lease is None or lease.holder == self._node:
                    self.cells[key] = Lease(self._node, self._version, step.life_s)
                    return
            case HoldLease() | DropLease():
                if lease is not None and lease.holder == self._node:
                    if isinstance(step, DropLease):
                        self.cells[key] = None
                    return
        holder = f"held by {lease.holder}" if lease else "free"
        raise (RefusedError if isinstance(step, DropLease) else StaleError)(
            f"lease {step.name} is {holder}"
        )
