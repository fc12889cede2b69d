"""A real daemon, alone: its socket, TLS, sudden and clean ends, damage, backups."""

from __future__ import annotations

import contextlib
import json
import signal
import ssl
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.lab.remote import ENVIRONMENT, wait_until

pytestmark = pytest.mark.slow
QUORATE = str(Path(sys.executable).with_name("quorate"))


class Alone:
    """A node in a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the daemon and wait until it serves."""
        words = [QUORATE, "daemon", "--node", "n1", "--listen", "127.0.0.1:0"]
        for name in ("state", "run", "corosync"):
            words += [f"--{name}-dir", str(self.folder / name)]
        before = len(self.told("daemon_started"))
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(words, stderr=log, env=ENVIRONMENT)
        wait_until(lambda: len(self.told("daemon_started")) > before, "the daemon to serve")

    def told(self, kind: str) -> list[dict[str, Any]]:
        """The events of one kind in the log, of all its lives."""
        path = self.folder / "log"
        lines = path.read_text().splitlines() if path.exists() else []
        return [one for one in map(json.loads, lines) if one["kind"] == kind]

    def end(self, number: signal.Signals = signal.SIGTERM) -> int:
        assert self._process is not None
        self._process.send_signal(number)
        code, self._process = self._process.wait(30), None
        return code

    def close(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait(30)

    def run(self, *words: str, given: str = "") -> subprocess.CompletedProcess[str]:
        command = [QUORATE, "store", *words]
        if words[0] not in ("restore", "init"):
            command += ["--socket", str(self.folder / "run/api.sock")]
        return subprocess.run(
            command, input=given, capture_output=True, text=True, check=False, env=ENVIRONMENT
        )

    def good(self, *words: str, given: str = "") -> str:
        done = self.run(*words, given=given)
        assert done.returncode == 0, done.stderr
        return done.stdout


@pytest.fixture
def node(tmp_path: Path) -> Iterator[Alone]:
    node = Alone(tmp_path)
    node.start()
    yield node
    node.close()


def test_what_was_acknowledged_survives_a_kill(node: Alone) -> None:
    for number in range(5):
        node.good("put", f"f{number}", given=f"{number}\n")
    node.end(signal.SIGKILL)
    assert "no daemon answers" in node.run("ls").stderr
    node.start()
    assert [node.good("cat", f"f{number}") for number in range(5)] == [
        f"{number}\n" for number in range(5)
    ]
    assert node.end() == 0
    assert not (node.folder / "run/api.sock").exists()


def test_only_root_can_open_what_is_secret(node: Alone) -> None:
    for name in ("run/api.sock", "state/store.db", "state/api.key"):
        assert (node.folder / name).stat().st_mode & 0o077 == 0


def test_a_second_daemon_is_kept_out(node: Alone) -> None:
    words = ["daemon", "--node", "n1", "--local-only", "--run-dir", str(node.folder / "run")]
    second = subprocess.run(
        [QUORATE, *words, "--state-dir", str(node.folder / "other")],
        capture_output=True,
        text=True,
        check=False,
        env=ENVIRONMENT,
    )
    assert second.returncode == 2
    assert "another daemon answers" in second.stderr
    node.good("put", "a", given="still served")


def test_over_tls_nobody_gets_in_without_a_login(node: Alone) -> None:
    context = ssl.create_default_context(cafile=str(node.folder / "state/api.crt"))
    where = node.told("daemon_started")[-1]["listen"][0]
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(f"https://{where}/api2/json/store/files", context=context)
    with contextlib.closing(refused.value) as answer:
        assert (answer.code, answer.reason) == (401, "No ticket")


def test_a_backup_is_put_back(node: Alone) -> None:
    node.good("put", "a", given="saved")
    node.good("backup", str(node.folder / "backup.db"))
    node.good("put", "a", given="later")
    state = ("--state-dir", str(node.folder / "state"))
    refused = node.run("restore", str(node.folder / "backup.db"), *state)
    assert "another process uses it" in refused.stderr
    node.end()
    node.good("restore", str(node.folder / "backup.db"), *state)
    node.start()
    assert node.good("cat", "a") == "saved"


def test_a_destroyed_database_is_told_and_nothing_is_founded_in_its_place(node: Alone) -> None:
    node.good("put", "a", given="x" * 100_000)
    node.end()
    path = node.folder / "state/store.db"
    path.write_bytes(b"no database" * 2000)
    node.start()
    assert len(node.told("store_damaged")) == 1
    checked = node.run("check", "--json")
    assert checked.returncode == 1
    assert "damaged-1" in json.loads(checked.stdout)["found_damaged"]
