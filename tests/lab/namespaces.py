"""Network, mount, process, host name and IPC namespaces of one node, held by a sleeping process.

Nothing of it shows in the namespaces of the machine. Everything in a node ends when its holder
does, and the holder ends when the process that made it does (unless it is to stay).
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from signal import SIGCONT, SIGKILL
from typing import AnyStr, Final

END_WITH_US: Final = ("setpriv", "--pdeathsig", "KILL")
KINDS: Final = ("-m", "-n", "-p", "-u", "-i")
_PATIENCE_S: Final = 10.0


@dataclass(frozen=True, slots=True)
class Namespaces:
    """unshare_pid: what made them, whose death ends them. holder_pid: the first process inside."""

    unshare_pid: int
    holder_pid: int
    process: subprocess.Popen[bytes] | None = None  # where this process made them

    def command(self, *words: str) -> list[str]:
        """The command line that runs this inside."""
        return ["nsenter", "-t", str(self.holder_pid), *KINDS, "--", *words]

    def run(self, *words: str) -> str:
        """Run it inside and wait; what it printed. An error carries what it said."""
        return run(*self.command(*words))

    def kill(self, signal: str, pid: int) -> None:
        """Send a signal to a process by its number inside. Harmless if it is gone."""
        with contextlib.suppress(subprocess.CalledProcessError):
            self.run("kill", f"-{signal}", str(pid))

    def end(self) -> None:
        """End every process inside, and with them the namespaces."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
        else:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.unshare_pid, SIGKILL)


def run(*words: str) -> str:
    """Run a command on the machine; what it printed."""
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode:
        raise subprocess.CalledProcessError(
            done.returncode, words, output=done.stdout + done.stderr
        )
    return done.stdout


def make_namespaces(*, stay: bool = False) -> Namespaces:
    """New ones. `stay`: they outlive the calling process."""
    flags = [*KINDS, "--fork", "--kill-child", "--propagation", "private", "--mount-proc"]
    end_with_us = () if stay else END_WITH_US
    process = subprocess.Popen(
        [*end_with_us, "unshare", *flags, "sleep", "infinity"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=stay,
    )
    return Namespaces(process.pid, _holder(process.pid), process)


def _holder(parent: int) -> int:
    """The `sleep` that unshare started, once it is that."""
    deadline = time.monotonic() + _PATIENCE_S
    children = Path(f"/proc/{parent}/task/{parent}/children")
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError):
            for pid in children.read_text().split():
                if Path(f"/proc/{pid}/comm").read_text().strip() == "sleep":
                    return int(pid)
        time.sleep(0.005)
    raise TimeoutError(f"no namespaces after {_PATIENCE_S} s: are you root?")


def shell(space: Namespaces, lines: Sequence[str]) -> None:
    """Run these lines inside, stopping at the first that fails."""
    space.run("sh", "-ec", "\n".join(lines))


def follow(process: subprocess.Popen[AnyStr], signal: str) -> None:
    """A `nsenter` stops when its child is stopped, but nobody wakes it with the child."""
    if signal != "STOP":
        process.send_signal(SIGCONT)
