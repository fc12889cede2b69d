"""Mounting a view, and clearing away what a killed daemon left mounted."""

from __future__ import annotations

import asyncio
import contextlib
import subprocess
from pathlib import Path
from typing import Final

import pyfuse3
import pyfuse3.asyncio

from appliance.model.errors import ConfigError, RefusedError, UnavailableError
from appliance.services.files.view import FileView
from drivers.fuse.operations import FileOperations

NAME: Final = "quorate"
TYPE: Final = f"fuse.{NAME}"
DEVICE: Final = Path("/dev/fuse")
ANSWER_S: Final = 5.0  # for a mount that is there, and for programs when the mount ends
_OPTIONS: Final = frozenset(
    {"default_permissions", "allow_other", f"fsname={NAME}", f"subtype={NAME}"}
)


async def prepare(folder: Path) -> None:
    """Make the folder, and detach a dead mount of ours there. ConfigError, RefusedError."""
    if not DEVICE.exists():
        raise ConfigError(f"{DEVICE} is not there: load the module fuse", field="mount")
    kind = mounted_type(folder)
    if kind == TYPE:
        if await _answers(folder):
            raise RefusedError(f"another daemon has its files mounted at {folder}")
        await asyncio.to_thread(_detach, folder)
    elif kind:
        raise ConfigError(f"{folder} has a file system of type {kind}", field="mount")
    _make_empty(folder)


def _make_empty(folder: Path) -> None:
    try:
        folder.mkdir(mode=0o755, parents=True, exist_ok=True)
        full = any(folder.iterdir())
    except OSError as error:
        raise ConfigError(f"{folder}: {error.strerror}", field="mount") from error
    if full:
        raise ConfigError(f"{folder} is not empty", field="mount")


def mounted_type(folder: Path) -> str:
    """The type of the uppermost file system mounted exactly there, empty if there is none."""
    found = ""
    for line in Path("/proc/self/mountinfo").read_text("utf-8").splitlines():
        before, _, after = line.partition(" - ")
        place = before.split()[4].encode().decode("unicode_escape")
        if place == str(folder):
            found = after.split()[0]
    return found


async def _answers(folder: Path) -> bool:
    """Whether a living process serves it. One that does not answer in time is a living one."""
    work = asyncio.create_subprocess_exec(
        *("stat", "--format", "%i", str(folder)),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    process = await work
    try:
        return await asyncio.wait_for(process.wait(), ANSWER_S) == 0
    except TimeoutError:
        process.kill()
        return True


def _detach(folder: Path) -> None:
    done = subprocess.run(["umount", "-l", str(folder)], capture_output=True, check=False)
    if done.returncode:
        why = done.stderr.decode(errors="replace").strip()
        raise RefusedError(f"a dead mount at {folder} cannot be detached: {why}")


class Mount:
    """One in a process. `begin`, then `end`; `ended` is done when somebody else unmounted it."""

    def __init__(self, view: FileView, folder: Path) -> None:
        self._operations, self._folder = FileOperations(view), folder
        self.ended: asyncio.Task[None] | None = None

    def begin(self) -> None:
        """UnavailableError if the kernel refuses."""
        pyfuse3.asyncio.enable()
        try:
            pyfuse3.init(self._operations, str(self._folder), set(_OPTIONS))
        except RuntimeError as error:
            raise UnavailableError(f"{self._folder} cannot be mounted: {error}") from error
        self.ended = asyncio.get_running_loop().create_task(pyfuse3.main(), name="files")

    async def end(self) -> None:
        """Answer what is under way, then unmount. Who still uses it gets ENOTCONN from then on."""
        if self.ended is None:
            return
        with contextlib.suppress(asyncio.InvalidStateError):  # a request has just come
            pyfuse3.terminate()
        await asyncio.wait((self.ended,), timeout=ANSWER_S)
        self._operations.end()
        await asyncio.wait((self.ended,))
        pyfuse3.close(unmount=True)
        self.ended = None
