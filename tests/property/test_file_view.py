"""A random sequence of file operations: the view does what a plain directory does.

Left out is what is different on purpose: folders with something in them cannot be renamed.
"""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.model.errors import QuorateError
from appliance.services.files.errors import errno_name
from tests.services.files.rig import Mount, mounts

PATHS = ("a", "b", "c", "a/a", "a/b", "b/a", "b/c", "b/a/a")
TOP = "top"
BEGIN = (
    *(("mkdir", "a"), ("mkdir", "b"), ("mkdir", "b/a"), ("write", "c", b"0123456789")),
    *(("write", "a/a", b"abc"), ("write", "b/c", b"")),
)


class Plain:
    """A directory of this machine, with the methods of `Mount`."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def write(self, path: str, data: bytes) -> None:
        self._write(path, data, os.O_CREAT | os.O_TRUNC)

    def append(self, path: str, data: bytes) -> None:
        self._write(path, data, os.O_APPEND)

    def _write(self, path: str, data: bytes, flags: int) -> None:
        number = os.open(self.root / path, os.O_WRONLY | flags)
        try:
            os.write(number, data)
        finally:
            os.close(number)

    def patch(self, path: str, data: bytes, offset: int) -> None:
        number = os.open(self.root / path, os.O_WRONLY)
        try:
            os.pwrite(number, data, offset)
        finally:
            os.close(number)

    def read(self, path: str) -> bytes:
        return (self.root / path).read_bytes()

    def truncate(self, path: str, size: int) -> None:
        os.truncate(self.root / path, size)

    def ls(self, path: str) -> list[str]:
        return sorted(entry.name for entry in (self.root / path).iterdir())

    def mkdir(self, path: str) -> None:
        (self.root / path).mkdir()

    def rmdir(self, path: str) -> None:
        (self.root / path).rmdir()

    def unlink(self, path: str) -> None:
        (self.root / path).unlink()

    def rename(self, source: str, target: str) -> None:
        (self.root / source).rename(self.root / target)

    def is_full(self, path: str) -> bool:
        found = self.root / path
        return found.is_dir() and any(found.iterdir())


def outcome(work: Callable[[], Any]) -> Any:
    """What it returned, or the name of its errno."""
    try:
        return work()
    except OSError as error:
        return errno.errorcode[error.errno or 0]
    except QuorateError as error:
        return errno_name(error)


PATH = st.sampled_from(PATHS)
DATA = st.binary(max_size=12)
STEP = st.one_of(
    st.tuples(st.just("write"), PATH, DATA),
    st.tuples(st.just("append"), PATH, DATA),
    st.tuples(st.just("patch"), PATH, DATA, st.integers(0, 20)),
    st.tuples(st.just("truncate"), PATH, st.integers(0, 20)),
    st.tuples(st.sampled_from(["read", "ls", "mkdir", "mkdir", "rmdir", "unlink"]), PATH),
    st.tuples(st.just("rename"), PATH, PATH),
)


def comparable(plain: Plain, step: tuple[Any, ...]) -> bool:
    if step[0] != "rename":
        return True
    _, source, target = step
    # The kernel answers by itself when one is the other or lies in it.
    nested = f"{source}/".startswith(f"{target}/") or f"{target}/".startswith(f"{source}/")
    return not nested and not plain.is_full(source)


def same(mount: Mount, plain: Plain) -> None:
    for folder, _, files in os.walk(plain.root):
        path = f"{TOP}/{Path(folder).relative_to(plain.root)}".removesuffix("/.")
        assert mount.ls(path) == sorted(entry.name for entry in Path(folder).iterdir()), path
        for name in files:
            assert mount.read(f"{path}/{name}") == (Path(folder) / name).read_bytes()


@settings(max_examples=150)
@given(st.lists(STEP, min_size=8, max_size=40))
def test_the_view_does_what_a_directory_does(steps: list[tuple[Any, ...]]) -> None:
    _, (mount,) = mounts(1)
    mount.mkdir(TOP)
    with contextlib.ExitStack() as stack:
        plain = Plain(Path(stack.enter_context(TemporaryDirectory())))
        for step in (*BEGIN, *steps):
            if not comparable(plain, step):
                continue
            name, *words = step
            inside = [f"{TOP}/{word}" if isinstance(word, str) else word for word in words]
            expected = outcome(lambda: getattr(plain, name)(*words))  # noqa: B023 - called at once
            found = outcome(lambda: getattr(mount, name)(*inside))  # noqa: B023 - called at once
            assert found == expected, step
        same(mount, plain)
