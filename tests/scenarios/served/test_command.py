"""`quorate up` and `quorate fault` as programs."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.lab.remote import ENVIRONMENT, wait_until

pytestmark = pytest.mark.slow
COMMAND = (
    sys.executable,
    "-c",
    "from appliance.cli.main import main; main()",
)


class Program:
    """A `quorate up`, and other commands of the same user."""

    def __init__(self, folder: Path) -> None:
        self.runtime = folder / "runtime"
        self.runtime.mkdir(mode=0o700)
        self.environment = {**ENVIRONMENT, "XDG_RUNTIME_DIR": str(self.runtime)}
        self._log = folder / "log"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, *words: str) -> None:
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                (*COMMAND, "up", "--port", "0", *words),
                stdout=log,
                stderr=log,
                env=self.environment,
            )
        wait_until(lambda: "Ctrl-C ends it." in self.told(), "quorate up to serve")

    def told(self) -> str:
        return self._log.read_text()

    def end(self, number: signal.Signals) -> int:
        assert self._process is not None
        self._process.send_signal(number)
        return self._process.wait(30)

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait(30)

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            (*COMMAND, *words),
            capture_output=True,
            text=True,
            check=False,
            env=self.environment,
        )

    def good(self, *words: str) -> str:
        done = self.run(*words)
        assert done.returncode == 0, done.stderr
        return done.stdout


@pytest.fixture
def program(tmp_path: Path) -> Iterator[Program]:
    program = Program(tmp_path)
    yield program
    program.kill()


def test_it_serves_is_broken_and_mended_and_ends_cleanly(program: Program) -> None:
    program.start("--nodes", "2", "--guests", "1")
    told = program.told()
    curl = re.search(r"curl .*", told)
    assert curl is not None
    assert "proxmoxer" in told
    assert "quorate fault inject power --node pve2" in told
    program.good("fault", "pause")
    assert program.good("fault", "inject", "power", "--node", "pve2") == "1  power pve2\n"
    assert program.good("fault", "list") == "1  power pve2\n"
    status = program.good("fault", "step", "100").splitlines()
    assert "paused, 1 faults" in status[0]
    assert [line.split() for line in status[1:]] == [["pve1", "on"], ["pve2", "off"]]
    assert program.good("fault", "heal", "1") == "1 is healed\n"
    program.good("fault", "operate", "node", "shutdown", "pve1")
    assert '"kind": "fault_healed"' in program.good("fault", "events")
    assert "milliseconds" in program.good("fault", "kinds")
    refused = program.run("fault", "inject", "power", "--node", "pve9")
    assert (refused.returncode, "there is no 'pve9'" in refused.stderr) == (2, True)
    assert program.end(signal.SIGTERM) == 0
    assert list((program.runtime / "quorate").glob("up-*.json")) == []
    lost = program.run("fault", "status")
    assert (lost.returncode, "no simulated cluster is served" in lost.stderr) == (2, True)


def test_ctrl_c_ends_it_as_well(program: Program) -> None:
    program.start("--nodes", "1", "--guests", "0", "--speed", "max")
    assert program.end(signal.SIGINT) == 0


def test_an_address_that_is_taken_and_bad_numbers_are_one_line(program: Program) -> None:
    program.start("--nodes", "1", "--guests", "0")
    found = re.search(r"https://127\.0\.0\.11:(\d+)", program.told())
    assert found is not None
    taken = program.run("up", "--port", found[1])
    assert taken.returncode == 2
    assert taken.stderr.startswith("error: listen: cannot listen on 127.0.0.10")
    for words in (["--nodes", "0"], ["--speed", "fast"], ["--scenario", "none/such"]):
        done = program.run("up", "--port", "0", *words)
        assert (done.returncode, done.stderr.count("\n")) == (2, 1), done.stderr
