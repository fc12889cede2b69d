"""The quorum device's client on this node, with the certificates that it shows."""

from __future__ import annotations

import asyncio
import hashlib
import shutil
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from appliance.model.cluster.device import AUTHORITY, NODE
from appliance.model.errors import UnavailableError
from drivers.corosync.files import replace_file
from drivers.corosync.process import Program

START_S: Final = 10.0
CERTUTIL: Final = "corosync-qdevice-net-certutil"
_RUN: Final = Path("/run/corosync-qdevice")
_STAMP: Final = ".from"  # of what the certificate database was made
_ASK_EVERY_S: Final = 0.1


async def follow(
    device: Program, folder: Path, *, wanted: bool, files: Mapping[str, bytes]
) -> None:
    """Let it run, with these certificates, or not run. UnavailableError if it does not start."""
    if not wanted:
        await device.stop()
        return
    if files and await _import(folder / "qdevice/net", files):
        await device.stop()
    _RUN.mkdir(mode=0o770, exist_ok=True)
    await device.start()
    due_s = time.monotonic() + START_S
    while device.pid() is None:
        if device.died() or time.monotonic() > due_s:
            words = device.last_words() or "see its log"
            raise UnavailableError(f"{device.name} does not start: {words}")
        await asyncio.sleep(_ASK_EVERY_S)


async def _import(folder: Path, files: Mapping[str, bytes]) -> bool:
    """Make the certificate database of these files. False if it was made of them already."""
    whole = hashlib.sha256()
    for name in sorted(files):
        whole.update(f"{name}\0{len(files[name])}\0".encode() + files[name])
    database, stamp = folder / "nssdb", folder / "nssdb" / _STAMP
    if stamp.exists() and stamp.read_text() == whole.hexdigest():
        return False
    missing = sorted({AUTHORITY, NODE} - set(files))
    if missing:
        raise UnavailableError(f"the quorum device's certificates lack {missing[0]}")
    await asyncio.to_thread(_put, folder, database, files)
    await _run(CERTUTIL, "-i", "-c", str(folder / AUTHORITY))
    await _run(CERTUTIL, "-m", "-c", str(folder / NODE))
    replace_file(stamp, whole.hexdigest().encode(), 0o600)
    return True


def _put(folder: Path, database: Path, files: Mapping[str, bytes]) -> None:
    shutil.rmtree(database, ignore_errors=True)
    folder.mkdir(parents=True, exist_ok=True)
    for name in (AUTHORITY, NODE):
        replace_file(folder / name, files[name], 0o600)


async def _run(*words: str) -> None:
    try:
        process = await asyncio.create_subprocess_exec(
            *words, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
        )
    except OSError as error:
        raise UnavailableError(f"{words[0]} cannot be run: {error}") from error
    output, _ = await process.communicate()
    if process.returncode:
        said = " ".join(output.decode("utf-8", "replace").split())
        raise UnavailableError(f"{' '.join(words)}: {said}")
