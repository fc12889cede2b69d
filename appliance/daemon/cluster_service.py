"""The steps of a real node between alone and member."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from appliance.core.store.durable import founding, joining
from appliance.daemon.stand import Stand
from appliance.model.corosync_conf import CorosyncConf
from appliance.model.errors import QuorateError, RefusedError, UnavailableError
from drivers.corosync.device import follow
from drivers.corosync.files import replace_file
from drivers.corosync.process import CorosyncProcess
from drivers.corosync.qnetd import device_files

KEY_BYTES: Final = 256
RINGS: Final = Path("/var/lib/corosync")
_NOTE: Final = "entering.json"
_BACKUPS: Final = "backup"


@dataclass(frozen=True, slots=True)
class Note:
    """What stood before a node began to enter a cluster; the way back."""

    backup: str
    layout: str | None
    key: bytes | None

    def text(self) -> str:
        key = base64.b64encode(self.key).decode() if self.key is not None else None
        return json.dumps({"backup": self.backup, "layout": self.layout, "key": key})

    @staticmethod
    def parse(text: str) -> Note:
        found = json.loads(text)
        key = found["key"]
        return Note(
            found["backup"], found["layout"], base64.b64decode(key) if key is not None else None
        )


class NodeClusterService:
    """Implements the `ClusterService` port. One step at a time."""

    def __init__(self, stand: Stand, process: CorosyncProcess, state_dir: Path) -> None:
        self._stand, self._process = stand, process
        self._conf = stand.layout.path
        self._key = self._conf.with_name("authkey")
        self._note = state_dir / _NOTE
        self._backups = state_dir / _BACKUPS
        self._turn = asyncio.Lock()

    def layout(self) -> CorosyncConf | None:
        return self._stand.layout.read()

    def make_key(self) -> bytes:
        return secrets.token_bytes(KEY_BYTES)

    async def found(self, layout: CorosyncConf, key: bytes) -> None:
        """corosync.conf comes last and makes the difference: with it the node is a member."""
        async with self._turn:
            if self.layout() is not None:
                raise RefusedError("this node is in a cluster already")
            try:
                await self._install(layout.text(), key)
                await self._process.start()
            except BaseException:
                await self._uninstall()
                raise
            await self._stand.close()
            await self._stand.open()

    async def enter(self, layout: CorosyncConf, key: bytes) -> str:
        """With the note the node is what it was; without it, a member that has nothing yet.

        The note goes before the store is opened: what this node confirms as a member must not be
        forgotten by going back.
        """
        async with self._turn:
            note = await self._write_note()
            try:
                await self._stand.close()
                await self._process.stop()
                await self._stand.keeper.begin(joining())
                await self._install(layout.text(), key)
                await self._process.start()
            except BaseException:
                await self._go_back(note)
                await self._stand.open()
                raise
            self._note.unlink()
            await self._stand.open()
            return note.backup

    async def leave(self) -> None:
        async with self._turn:
            if self.layout() is None and not self._key.exists():
                return
            store = self._stand.store
            has_all = store.running and store.replica.trusted
            await self._stand.close()
            await self._uninstall()
            if not has_all:  # it never got what the others have
                await self._stand.keeper.begin(founding())
            await self._stand.open()

    async def device_files(self, host: str, cluster: str) -> Mapping[str, bytes]:
        return await device_files(host, cluster)

    async def follow_device(self, files: Mapping[str, bytes]) -> None:
        async with self._turn:
            layout = self.layout()
            wanted = layout is not None and layout.device() is not None
            await follow(self._process.device, self._conf.parent, wanted=wanted, files=files)

    # when the daemon starts

    async def undo(self) -> bool:
        """If the daemon died while it entered a cluster: back to what the node was."""
        try:
            note = Note.parse(self._note.read_text("utf-8"))
        except FileNotFoundError:
            return False
        await self._go_back(note)
        return True

    async def run_corosync(self) -> None:
        """Start it if this node is in a cluster. UnavailableError."""
        async with self._turn:
            if self.layout() is not None:
                await self._process.start()

    # inside

    async def _write_note(self) -> Note:
        self._backups.mkdir(mode=0o700, exist_ok=True)
        stamp = datetime.now(UTC).strftime("%Y%m%d-%H%M%S-%f")
        backup = self._backups / f"before-joining-{stamp}.db"
        await self._stand.keeper.backup(str(backup))
        note = Note(str(backup), _text(self._conf), _bytes(self._key))
        await asyncio.to_thread(replace_file, self._note, note.text().encode(), 0o600)
        return note

    async def _go_back(self, note: Note) -> None:
        await self._uninstall()
        await self._stand.keeper.put_back(Path(note.backup))
        if note.layout is not None and note.key is not None:
            await self._install(note.layout, note.key)
            with contextlib.suppress(UnavailableError):
                await self._process.start()
        self._note.unlink(missing_ok=True)

    async def _install(self, layout: str, key: bytes) -> None:
        self._conf.parent.mkdir(parents=True, exist_ok=True)
        await asyncio.to_thread(replace_file, self._key, key, 0o400)
        await asyncio.to_thread(replace_file, self._conf, layout.encode(), 0o644)

    async def _uninstall(self) -> None:
        """Also what corosync keeps of its rings: numbers of another cluster's mean nothing."""
        with contextlib.suppress(QuorateError):
            await follow(self._process.device, self._conf.parent, wanted=False, files={})
        await self._process.stop()
        self._conf.unlink(missing_ok=True)
        self._key.unlink(missing_ok=True)
        for left in RINGS.glob("ringid_*"):
            left.unlink(missing_ok=True)


def _text(path: Path) -> str | None:
    return path.read_text("utf-8") if path.exists() else None


def _bytes(path: Path) -> bytes | None:
    return path.read_bytes() if path.exists() else None
