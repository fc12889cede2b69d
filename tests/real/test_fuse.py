"""The configuration as files on three real nodes: real daemons, real mounts, real programs.

One story; each test goes on where the one before ended.
"""

from __future__ import annotations

import importlib.util
import json
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.lab.daemons import DaemonLab
from tests.lab.remote import wait_until
from tests.lab.world import why_not


def lacks_fuse() -> str | None:
    if importlib.util.find_spec("pyfuse3") is None:
        return "needs pyfuse3 (make fuse)"
    return None if Path("/dev/fuse").exists() else "needs /dev/fuse"


REASON = why_not() or lacks_fuse()
pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(REASON is not None, reason=str(REASON)),
]


NAMES = ("n1", "n2", "n3")
ROUNDS = 10
COUNT = f"""
for round in $(seq {ROUNDS}); do
  until mkdir priv/lock/count 2>/dev/null; do sleep 0.02; done
  echo $(($(cat ha/count) + 1)) > ha/count
  rmdir priv/lock/count
done
"""


class MountLab(DaemonLab):
    mounts = True

    def try_shell(self, name: str, line: str) -> subprocess.CompletedProcess[str]:
        """A line of shell in the mounted folder of a node."""
        inside = f"cd {self.folder / name / 'files'} && {line}"
        command = self.spaces[name].command("env", "LC_ALL=C", "sh", "-c", inside)
        return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)

    def shell(self, name: str, line: str) -> str:
        done = self.try_shell(name, line)
        assert done.returncode == 0, (line, done.stdout, done.stderr)
        return done.stdout

    def fails(self, name: str, line: str) -> str:
        """What it complains of."""
        done = self.try_shell(name, line)
        assert done.returncode != 0, (line, done.stdout)
        return done.stderr.strip().rpartition(": ")[2]

    def mounted(self, name: str) -> bool:
        places = self.spaces[name].run("cat", "/proc/self/mountinfo")
        return f" {self.folder / name / 'files'} " in places


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MountLab]:
    lab = MountLab(tmp_path_factory.mktemp("fuse") / "lab", NAMES)
    try:
        lab.build_alone()
        yield lab
    finally:
        lab.end()


def test_programs_work_on_files(lab: MountLab) -> None:
    lab.shell("n1", "echo one > storage.cfg && echo two >> storage.cfg")
    assert lab.shell("n1", "cat storage.cfg") == "one\ntwo\n"
    assert lab.told("n1", "store", "cat", "storage.cfg") == "one\ntwo"
    lab.shell("n1", "sed -i s/one/three/ storage.cfg")
    assert lab.told("n1", "store", "cat", "storage.cfg") == "three\ntwo"
    lab.shell("n1", "mkdir sdn/a && cp /etc/passwd sdn/a/x && cmp /etc/passwd sdn/a/x")
    lab.shell("n1", "head -c 1000000 /dev/zero > sdn/a/big && mv sdn/a/big sdn/b")
    assert lab.shell("n1", "wc -c < sdn/b").strip() == "1000000"
    assert lab.fails("n1", "rmdir sdn/a") == "Directory not empty"
    lab.shell("n1", "rm sdn/a/x sdn/b && rmdir sdn/a")
    assert lab.shell("n1", "ls -A sdn") == ""
    assert lab.fails("n1", "cat sdn/b") == "No such file or directory"
    lab.shell("n1", "tar cf - -C . . | tar tf - > /dev/null && touch storage.cfg")


def test_modes_follow_from_the_path(lab: MountLab) -> None:
    shown = lab.shell("n1", "touch priv/x.cfg; stat -c '%A %n' storage.cfg priv priv/x.cfg ha")
    assert [line.split()[0] for line in shown.splitlines()] == [
        "-rw-r-----",
        "drwx------",
        "-rw-------",
        "drwxr-xr-x",
    ]
    assert " local -> nodes/n1" in lab.shell("n1", "ls -l")
    assert lab.fails("n1", "chmod 666 storage.cfg") == "Operation not permitted"
    assert lab.fails("n1", "ln -s a b") == "Operation not permitted"
    lab.shell("n1", "chmod 640 storage.cfg")
    assert "File too large" in lab.try_shell("n1", "truncate -s 1048577 storage.cfg").stderr


def test_locks_are_folders(lab: MountLab) -> None:
    lab.shell("n1", "mkdir priv/lock/a && touch priv/lock/a")
    assert lab.fails("n1", "mkdir priv/lock/a") == "File exists"
    assert lab.fails("n1", "touch -d @0 priv/lock/a") == "Permission denied"
    lab.shell("n1", "rmdir priv/lock/a")


def test_a_killed_daemon_leaves_a_dead_mount_that_the_next_one_clears(lab: MountLab) -> None:
    lab.end_daemon("n1", "KILL")
    assert lab.mounted("n1")
    assert lab.try_shell("n1", "ls").returncode != 0
    lab.start_daemon("n1")
    assert lab.shell("n1", "cat storage.cfg") == "three\ntwo\n"


def test_a_daemon_that_ends_unmounts(lab: MountLab) -> None:
    assert lab.mounted("n1")
    lab.end_daemon("n1")
    wait_until(lambda: not lab.mounted("n1"), "the files to be unmounted")
    lab.start_daemon("n1")
    assert lab.mounted("n1")


def test_nodes_see_each_others_files(lab: MountLab) -> None:
    lab.told("n1", "cluster", "create", "lab")
    password = ("--password-file", lab.password_file())
    for name in ("n2", "n3"):
        lab.told(name, "cluster", "join", lab.told("n1", "cluster", "join-info"), *password)
    wait_until(lambda: lab.try_shell("n1", "echo a > ha/a").returncode == 0, "n1 to write")
    wait_until(lambda: lab.try_shell("n2", "cat ha/a").stdout == "a\n", "n2 to see it")
    lab.shell("n1", "echo cores: 1 > qemu-server/100.conf")
    wait_until(lambda: "100" in lab.shell("n2", "cat .vmlist"), "n2 to know the guest")
    assert lab.try_shell("n2", "echo x > qemu-server/100.conf").stderr.strip().endswith("exists")
    assert json.loads(lab.shell("n2", "cat .vmlist"))["ids"]["100"]["node"] == "n1"
    lab.shell("n2", "mv nodes/n1/qemu-server/100.conf nodes/n2/qemu-server/")
    assert lab.shell("n2", "cat qemu-server/100.conf") == "cores: 1\n"
    members = json.loads(lab.shell("n2", "cat .members"))
    assert members["nodename"] == "n2"
    assert {name: node["online"] for name, node in members["nodelist"].items()} == {
        "n1": 1,
        "n2": 1,
        "n3": 1,
    }
    assert json.loads(lab.shell("n2", "cat .version"))["storage.cfg"] > 0


def test_programs_on_all_nodes_take_turns_by_a_folder(lab: MountLab) -> None:
    """Whoever has made the folder sees what the one before wrote: no count is lost."""
    lab.shell("n2", "echo 0 > ha/count")
    with ThreadPoolExecutor(len(NAMES)) as threads:
        list(threads.map(lambda name: lab.shell(name, COUNT), NAMES))
    told = [f"{len(NAMES) * ROUNDS}\n"] * len(NAMES)
    wait_until(lambda: [lab.shell(name, "cat ha/count") for name in NAMES] == told, "all to see it")


def test_without_quorum_everything_can_be_read_and_nothing_written(lab: MountLab) -> None:
    for name in ("n2", "n3"):
        lab.end_daemon(name)
        lab.stop(name)
    wait_until(lambda: not lab.status("n1")["quorate"], "n1 to have no quorum")
    assert lab.shell("n1", "cat storage.cfg") == "three\ntwo\n"
    refused = lab.try_shell("n1", "echo x > storage.cfg")
    assert refused.returncode != 0
    assert "Permission denied" in refused.stderr
    assert lab.fails("n1", "mkdir sdn/c") == "Permission denied"
    assert lab.fails("n1", "rm -f ha/a") == "Permission denied"
    assert lab.shell("n1", "stat -c %A storage.cfg").strip() == "-r--r-----"
    assert lab.shell("n1", "cat ha/a") == "a\n"
