"""What the HA daemons tell each other, as files of the store."""

from __future__ import annotations

from typing import Final

from appliance.model.errors import ExistsError, MissingError, StaleError
from appliance.model.ha.status import LrmStatus, ManagerStatus
from appliance.model.ha.status_files import (
    MANAGER_STATUS,
    lrm_status_file,
    write_lrm_status,
)
from appliance.model.json_fields import text_of
from appliance.model.store.changes import Delete, File, Put
from appliance.ports.config_store import ConfigStore
from appliance.services.ha_store.decoder import Decoder
from appliance.services.ha_store.files import Overtaken, decoded, edit, find, under

COMMANDS: Final = "ha/crm_commands"


class StoreHaState:
    """Implements the `HaState` port for one node."""

    def __init__(self, node: str, store: ConfigStore, decoder: Decoder) -> None:
        self._store, self._decoder = store, decoder
        self._own = lrm_status_file(node)
        self._manager: tuple[File | None, ManagerStatus] = (None, ManagerStatus())
        self._lrm: dict[str, tuple[str, File | None, LrmStatus | None]] = {}

    def manager_status(self) -> ManagerStatus:
        file = find(self._store, MANAGER_STATUS)
        if file is not self._manager[0]:
            status = ManagerStatus()
            if file is not None:
                content = file.content
                status = decoded(lambda: self._decoder.manager_status(content))
            self._manager = file, status
        return self._manager[1]

    async def write_manager_status(self, status: ManagerStatus, lease: str) -> None:
        content = self._decoder.manager.write(status)
        await self._store.change(*under(lease), Put(MANAGER_STATUS, content))

    def lrm_status(self, node: str) -> LrmStatus | None:
        known = self._lrm.get(node)
        path = known[0] if known is not None else lrm_status_file(node)
        file = find(self._store, path)
        if known is None or file is not known[1]:
            status = None
            if file is not None:
                content = file.content
                status = decoded(lambda: self._decoder.lrm_status(content, path))
            known = self._lrm[node] = path, file, status
        return known[2]

    async def write_lrm_status(self, status: LrmStatus) -> None:
        await self._store.change(Put(self._own, write_lrm_status(status)))

    def has_commands(self) -> bool:
        file = find(self._store, COMMANDS)
        return file is not None and bool(file.content.strip())

    async def take_commands(self, lease: str) -> tuple[str, ...]:
        seen = Overtaken(self._store, COMMANDS)
        while True:
            (file,), (version,) = seen.files, seen.versions()
            taken = () if file is None else (Delete(COMMANDS, expect=version),)
            try:
                await self._store.change(*under(lease), *taken)
            except (StaleError, MissingError, ExistsError) as refusal:
                seen.look_again(refusal)
                continue
            return () if file is None else _lines(file.content)

    async def queue_command(self, command: str) -> None:
        await edit(self._store, COMMANDS, lambda text: f"{text}{command}\n", None)


def _lines(content: bytes) -> tuple[str, ...]:
    text = decoded(lambda: text_of(content, COMMANDS))
    return tuple(line.strip() for line in text.splitlines() if line.strip())
