"""A lab whose nodes run their daemon: alone at first, cluster or not is what is tested."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

from tests.lab.cluster import Lab
from tests.lab.namespaces import run, shell
from tests.lab.remote import ENVIRONMENT, wait_until

PASSWORD: Final = "correct horse"  # of root, on every node
QUORATE: Final = str(Path(sys.executable).with_name("quorate"))
ANSWER_S: Final = 240.0


class DaemonLab(Lab):
    """No corosync.conf anywhere; the daemons listen on their node's first address.

    mounts: they mount the configuration at `files` in the node's folder.
    """

    mounts = False

    def build_alone(self) -> None:
        """Make the nodes and start their daemons."""
        self.build()
        hashed = run("openssl", "passwd", "-6", PASSWORD).strip()
        for name in self.names:
            home = self.folder / name
            (home / "etc/corosync.conf").unlink()
            (home / "etc/authkey").unlink()
            (home / "shadow").write_text(f"root:{hashed}:19000:0:99999:7:::\n")
            (home / "shadow").chmod(0o600)
            shell(self.spaces[name], [f"mount --bind {home}/shadow /etc/shadow"])
            self.start_daemon(name)

    def start_daemon(self, name: str) -> None:
        """Start it and wait until it answers."""
        home = self.folder / name
        words = ("daemon", "--node", name, "--listen", f"{self.address(name)}:8006")
        places = ("--state-dir", f"{home}/state", "--run-dir", f"{home}/run")
        mount = ("--mount", f"{home}/files") if self.mounts else ()
        self.spawn(name, QUORATE, *words, *places, *mount, log="daemon.log")
        wait_until(
            lambda: self.command(name, "cluster", "nodes", "--json").returncode == 0,
            f"the daemon of {name} to answer",
        )

    def end_daemon(self, name: str, signal: str = "TERM") -> None:
        pid_file = self.folder / name / "run/quorated.pid"
        pid = int(pid_file.read_text())
        self.spaces[name].kill(signal, pid)
        wait_until(
            lambda: self.command(name, "cluster", "nodes", "--json").returncode != 0,
            f"the daemon of {name} to end",
        )

    def address(self, name: str) -> str:
        return f"10.77.0.{self.names.index(name) + 1}"

    def command(self, name: str, *words: str) -> subprocess.CompletedProcess[str]:
        """Run `quorate WORDS` on a node."""
        socket = str(self.folder / name / "run/api.sock")
        return subprocess.run(
            self.spaces[name].command(QUORATE, *words, "--socket", socket),
            capture_output=True,
            text=True,
            check=False,
            timeout=ANSWER_S,
            env=ENVIRONMENT,
            stdin=subprocess.DEVNULL,
        )

    def told(self, name: str, *words: str) -> str:
        """What a command prints. AssertionError with its message if it fails."""
        done = self.command(name, *words)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def refused(self, name: str, *words: str) -> str:
        """Why a command is refused, in its one line."""
        done = self.command(name, *words)
        assert done.returncode == 2, (done.stdout, done.stderr)
        return done.stderr.strip().removeprefix("error: ")

    def status(self, name: str) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.command(name, "cluster", "status", "--json").stdout)
        return found

    def password_file(self) -> str:
        file = self.folder / "password"
        file.write_text(f"{PASSWORD}\n")
        return str(file)
