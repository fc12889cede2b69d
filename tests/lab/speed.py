"""How fast the store is on three real nodes, each time beside what it stands on.

The three nodes share one machine and one disk, which syncs for all three of them in every write.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Final, NamedTuple

from tests.lab.cluster import Lab
from tests.lab.loads import Loads, Measured, loads
from tests.lab.namespaces import END_WITH_US
from tests.lab.remote import ENVIRONMENT, wait_until

NAMES = ("n1", "n2", "n3")
SIZE = 1024
FILE_BYTES = 4000
IDLE_S = 3.0
_MARK: Final = "quorate-for-its-memory"
_QUORATE: Final = (
    sys.executable,
    "-c",
    f"import sys; sys.argv[0] = '{_MARK}'; from appliance.cli.main import main; main()",
)
_DAEMON: Final = (*_QUORATE, "daemon", "--node", "n3", "--local-only")


class Compared(NamedTuple):
    """What the store did, and the group channel alone in the same run."""

    store: Measured
    raw: Measured


def writers(lab: Lab, count: int, each: int, run: int = 0) -> Compared:
    """So many writers on n1, each of them waiting for its own message or acknowledged write."""
    with loads(lab) as running:
        for node in NAMES[1:]:
            running.raw(node, "listen 3")
        raw = running.raw("n1", f"write 3 {count * each * 2} {SIZE} {count}").measured()
    with loads(lab, f"writers-{count}-{run}") as running:
        for node in NAMES[1:]:
            running.store(node, "serve", 3)
        store = running.store("n1", "write", 3, count * each, SIZE, count).measured()
    return Compared(store, raw)


def syncs(lab: Lab, count: int) -> float:
    """Median of one sync of an appended page, in us, while the three nodes do the same."""
    with loads(lab, "syncs") as running:
        started = [running.store(node, "sync", 3, count) for node in NAMES]
        return sorted(float(load.measured()["p50_us"]) for load in started)[1]


def joining(lab: Lab, files: int) -> Mapping[str, Measured]:
    """n1 makes so many files while n2 takes part; n3 begins with an empty disk and gets them."""
    with loads(lab, "joining") as running:
        filled = _filled(running, files)
        return {"filled": filled, "joined": running.store("n3", "join", 3).measured()}


def _filled(running: Loads, files: int) -> Measured:
    running.store("n2", "serve", 2)
    return running.store("n1", "fill", 2, files, FILE_BYTES).measured()


def daemon_memory_mb(lab: Lab, files: int) -> float:
    """What a whole daemon on n3 occupies when it has got so many files and has nothing to do."""
    home = lab.folder / "n3"
    socket = home / "run" / "api.sock"
    folders = ("--state-dir", str(home / "state"), "--run-dir", str(home / "run"))
    with loads(lab, "daemon") as running:
        _filled(running, files)
        daemon = subprocess.Popen(
            [*END_WITH_US, *lab.spaces["n3"].command(*_DAEMON, *folders)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=ENVIRONMENT,
        )
        try:
            wait_until(lambda: _listed(lab, socket) == files, "the daemon to have all files")
            time.sleep(IDLE_S)
            return _resident_mb(daemon.pid)
        finally:
            lab.spaces["n3"].run("pkill", "-KILL", "-f", _MARK)
            daemon.wait()


def _listed(lab: Lab, socket: Path) -> int:
    words = (*_QUORATE, "store", "ls", "--json", "--socket", str(socket))
    command = lab.spaces["n3"].command(*words)
    done = subprocess.run(command, capture_output=True, text=True, env=ENVIRONMENT, check=False)
    return done.stdout.count("fill/")


def _resident_mb(parent: int) -> float:
    """Memory of the only child of `nsenter`, the daemon."""
    (child,) = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
    status = Path(f"/proc/{child}/status").read_text()
    kib = next(line.split()[1] for line in status.splitlines() if line.startswith("VmRSS"))
    return int(kib) * 1024 / 1e6
