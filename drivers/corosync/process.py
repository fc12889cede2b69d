"""The programs of corosync on this node: started, ended, asked whether they run.

Where systemd runs they are its units. Elsewhere they are processes of their own session, which
outlive whoever started them: a node must not fall out of the cluster because its daemon is
restarted.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from appliance.model.errors import UnavailableError
from drivers.corosync.names import read_node_names
from drivers.corosync.threads import answer

SYSTEMD: Final = Path("/run/systemd/system")
START_S: Final = 30.0
STOP_S: Final = 30.0
_ASK_EVERY_S: Final = 0.1
_TOLD_LINES: Final = 5
_RING: Final = re.compile(r"qb-(?:corosync-)?([0-9]+)-")  # by the process that made it
_SHARED_MEMORY: Final = Path("/dev/shm")


class Program:
    """One of them. pid_file: written by the program itself."""

    def __init__(self, name: str, words: Sequence[str], pid_file: Path, log: Path) -> None:
        self.name, self._words = name, tuple(words)
        self._pid_file, self._log = pid_file, log
        self._process: subprocess.Popen[bytes] | None = None

    def pid(self) -> int | None:
        """None if it does not run."""
        if self._process is not None and self._process.poll() is not None:
            self._process = None
        try:
            pid = int(self._pid_file.read_text())
            comm = Path(f"/proc/{pid}/comm").read_text().strip()
        except (OSError, ValueError):
            return None
        return pid if comm == self.name[:15] and not _is_zombie(pid) else None

    async def start(self) -> None:
        """Begin it, unless it runs. UnavailableError if it cannot be begun at all."""
        if self.pid() is not None:
            return
        if SYSTEMD.is_dir():
            await _systemctl("enable", "--now", self.name)
            return
        self._pid_file.unlink(missing_ok=True)
        with self._log.open("wb") as log:
            try:
                self._process = subprocess.Popen(  # noqa: ASYNC220 - returns at once
                    self._words,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    start_new_session=True,
                )
            except OSError as error:
                raise UnavailableError(f"{self.name} cannot be started: {error}") from error

    def died(self) -> bool:
        """Whether what `start` began has ended since."""
        return self._process is not None and self._process.poll() is not None

    def last_words(self) -> str:
        """What it said before it ended."""
        try:
            lines = self._log.read_text("utf-8", "replace").strip().splitlines()
        except OSError:
            return ""
        return "; ".join(line.strip() for line in lines[-_TOLD_LINES:])

    async def stop(self) -> None:
        """End it and wait until it is gone. UnavailableError if it does not end."""
        if SYSTEMD.is_dir():
            await _systemctl("disable", "--now", self.name)
        pid = self.pid()
        if pid is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGTERM)
        due_s = time.monotonic() + STOP_S
        while (pid := self.pid()) is not None:
            if time.monotonic() > due_s:
                raise UnavailableError(f"{self.name} (process {pid}) does not end")
            await asyncio.sleep(_ASK_EVERY_S)


def _is_zombie(pid: int) -> bool:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return True
    return stat.rpartition(")")[2].split()[0] == "Z"


class CorosyncProcess:
    """Corosync itself, and the quorum device's client."""

    def __init__(self, folder: Path, log_folder: Path) -> None:
        """folder: with corosync.conf. log_folder: for what is said before there is a log."""
        words = ["corosync", "-f", "-c", str(folder / "corosync.conf")]
        self.corosync = Program(
            "corosync", words, Path("/run/corosync.pid"), log_folder / "corosync.out"
        )
        self.device = Program(
            "corosync-qdevice",
            ["corosync-qdevice", "-f"],
            Path("/run/corosync-qdevice/corosync-qdevice.pid"),
            log_folder / "corosync-qdevice.out",
        )

    async def answers(self) -> bool:
        try:
            await answer(read_node_names)
        except UnavailableError:
            return False
        return True

    async def start(self) -> None:
        """Returns when it answers; UnavailableError with its last words if it does not."""
        if self.corosync.pid() is None and not SYSTEMD.is_dir():
            _sweep()
        await self.corosync.start()
        due_s = time.monotonic() + START_S
        while not await self.answers():
            if self.corosync.died() or time.monotonic() > due_s:
                words = self.corosync.last_words() or "see its log"
                raise UnavailableError(f"corosync does not start: {words}")
            await asyncio.sleep(_ASK_EVERY_S)

    async def stop(self) -> None:
        """The device's client first: it cannot live without."""
        await self.device.stop()
        await self.corosync.stop()


def _sweep() -> None:
    """Rings of dead processes fill the shared memory until clients get no room."""
    for left in _SHARED_MEMORY.glob("qb-*"):
        found = _RING.match(left.name)
        if found is None or Path(f"/proc/{found[1]}").exists():
            continue
        if left.is_dir():
            shutil.rmtree(left, ignore_errors=True)
        else:
            left.unlink(missing_ok=True)


async def _systemctl(*words: str) -> None:
    """UnavailableError with what it said."""
    process = await asyncio.create_subprocess_exec(
        "systemctl", *words, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    output, _ = await process.communicate()
    if process.returncode:
        said = " ".join(output.decode("utf-8", "replace").split())
        raise UnavailableError(f"systemctl {' '.join(words)}: {said}")
