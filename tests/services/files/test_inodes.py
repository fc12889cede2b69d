"""Numbers of files: the same everywhere, kept while the kernel remembers them, then forgotten."""

from __future__ import annotations

import pytest

from appliance.model.errors import FileError
from appliance.services.files.attributes import Kind
from appliance.services.files.inodes import ROOT, Inodes


def test_numbers_follow_from_path_and_kind() -> None:
    one, two = Inodes(), Inodes()
    numbers = [inodes.at("a", Kind.FILE).number for inodes in (one, two)]
    assert numbers[0] == numbers[1] > ROOT
    assert one.at("a", Kind.FILE) is one.at("a", Kind.FILE)
    file = one.at("a", Kind.FILE)
    folder = one.at("a", Kind.FOLDER)
    assert folder.number != file.number
    assert (file.path, folder.path) == (None, "a")


def test_what_the_kernel_forgot_is_gone() -> None:
    inodes = Inodes()
    inode = inodes.at("a", Kind.FILE)
    inode.lookups = 3
    inodes.forget(inode.number, 2)
    assert inodes.get(inode.number) is inode
    inode.handles = 1
    inodes.forget(inode.number, 1)
    assert inodes.get(inode.number) is inode
    inode.handles = 0
    inodes.drop(inode)
    with pytest.raises(FileError, match="no file has the number"):
        inodes.get(inode.number)
    inodes.forget(inode.number, 1)
    inodes.forget(ROOT, 1)
    assert len(inodes) == 1


def test_a_removed_file_is_remembered_as_long_as_the_kernel_does() -> None:
    inodes = Inodes()
    old = inodes.at("a", Kind.FILE)
    old.lookups = 1
    inodes.removed("a", b"rest")
    new = inodes.at("a", Kind.FILE)
    assert new.number != old.number
    assert inodes.get(old.number).rest == b"rest"
    inodes.forget(old.number, 1)
    assert inodes.at("a", Kind.FILE) is new
    inodes.removed("never known")


def test_a_renamed_file_keeps_its_number() -> None:
    inodes = Inodes()
    source = inodes.at("a", Kind.FILE)
    source.lookups = 1
    inodes.renamed("a", "b")
    assert inodes.at("b", Kind.FILE) is source
    assert inodes.at("a", Kind.FILE).number != source.number
    inodes.renamed("never known", "c")
    assert inodes.known("c") is None
