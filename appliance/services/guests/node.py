"""The guests of one node: everything that handlers need, made once a boot."""

from __future__ import annotations

from collections.abc import Mapping

from appliance.model.errors import MissingError, QuorateError
from appliance.model.ha.resources import FILE, parse_resources
from appliance.model.store.changes import File
from appliance.services.guests.board import GuestBoard
from appliance.services.guests.consoles import Consoles
from appliance.services.guests.life import Life
from appliance.services.guests.ports import GuestPorts
from appliance.services.guests.storage_watch import StorageWatch
from appliance.services.guests.summaries import Summaries
from appliance.services.ha_store.decoder import Decoder
from appliance.services.ha_store.state import StoreHaState


class GuestNode:
    """Of one boot."""

    def __init__(self, ports: GuestPorts) -> None:
        self.ports = ports
        self.summaries = Summaries(ports.store)
        self.board = GuestBoard(ports)
        self.watch = StorageWatch(ports)
        self.life = Life(ports)
        self.consoles = Consoles(ports)
        self._ha = StoreHaState(ports.node, ports.store, Decoder())
        self._read: tuple[File, Mapping[str, str]] | None = None

    def ha_states(self) -> Mapping[str, str]:
        """Of the guests under high availability: what the manager says, else what is asked for."""
        asked = self._asked()
        try:
            tracked = self._ha.manager_status().services
        except QuorateError:
            tracked = {}
        return {sid: tracked[sid].state if sid in tracked else asked[sid] for sid in asked}

    def _asked(self) -> Mapping[str, str]:
        """The states asked for; read again when the file has changed."""
        try:
            file = self.ports.store.read(FILE)
        except MissingError:
            return {}
        if self._read is None or self._read[0] is not file:
            found = parse_resources(file.content.decode("utf-8", "replace")).resources
            self._read = file, {one.sid: one.state for one in found}
        return self._read[1]
