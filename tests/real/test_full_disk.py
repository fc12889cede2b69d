"""The local disk on a file system that is really full."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.lab.namespaces import make_namespaces, shell
from tests.lab.remote import ENVIRONMENT
from tests.lab.world import why_not

pytestmark = pytest.mark.real

PROGRAM = """
import asyncio, sys
from pathlib import Path
from appliance.model.errors import DiskFullError
from drivers.sqlite.disk import SqliteDisk

async def main():
    home = Path(sys.argv[1])
    (home / "filler").write_bytes(bytes(2_000_000))
    disk = SqliteDisk(home / "disk.db")
    await disk.open()
    number = 0
    try:
        while number < 10_000:
            disk.append("log", b"%08d" % number)
            disk.replace(f"f{number}", b"%08d" % number * 500)
            await disk.sync()
            number += 1
    except DiskFullError:
        pass
    print(number)
    assert 0 < number < 10_000
    log = b"".join(b"%08d" % one for one in range(number))
    assert await disk.read("log") == log
    assert await disk.read(f"f{number}") is None
    (home / "filler").unlink()
    disk.append("log", b"%08d" % number)
    disk.replace("after", bytes(100_000))
    await disk.sync()
    await disk.close()
    disk = SqliteDisk(home / "disk.db")
    assert await disk.open() == ()
    assert await disk.read("log") == log + b"%08d" % number
    assert await disk.read("after") == bytes(100_000)
    await disk.close()

asyncio.run(main())
"""


def test_a_full_file_system_undoes_one_write_and_loses_nothing(tmp_path: Path) -> None:
    reason = why_not()
    if reason:
        pytest.skip(f"no file system of our own: {reason}")
    space = make_namespaces()
    try:
        shell(space, [f"mount -t tmpfs -o size=6m tmpfs {tmp_path}"])
        done = subprocess.run(
            space.command(sys.executable, "-c", PROGRAM, str(tmp_path)),
            capture_output=True,
            text=True,
            env=ENVIRONMENT,
            check=False,
        )
    finally:
        space.end()
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 10
