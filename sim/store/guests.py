"""Guests' configurations as the guests' side of a simulated node sees them (`sim.guests.needs`)."""

from __future__ import annotations

from collections.abc import Mapping

from appliance.model.errors import ExistsError, MissingError, StaleError, UnavailableError
from appliance.model.ha.guest_files import guest_file
from appliance.model.store.changes import Rename
from appliance.ports.config_store import ConfigStore
from appliance.services.ha_store.config import StoreHaConfig

_NONE: Mapping[int, str] = {}


class GuestConfigs:
    """Of one boot. A node whose store is not open yet knows no guests."""

    def __init__(self, store: ConfigStore, config: StoreHaConfig) -> None:
        self._store, self._config = store, config
        self._seen: Mapping[int, str] = _NONE
        self._version = 0

    @property
    def version(self) -> int:
        """Changes whenever an answer of `node_of` may have changed."""
        try:
            guests = self._store.guests()
        except UnavailableError:
            guests = _NONE
        if guests is not self._seen:
            self._seen, self._version = guests, self._version + 1
        return self._version

    def node_of(self, sid: str) -> str | None:
        try:
            return self._config.node_of(sid)
        except UnavailableError:
            return None

    def lock_of(self, sid: str) -> str | None:
        try:
            return self._config.lock_of(sid)
        except UnavailableError:
            return None

    def text_of(self, sid: str) -> tuple[str, str] | None:
        """The text of its file and the node where it lies."""
        node = self.node_of(sid)
        if node is None:
            return None
        try:
            content = self._store.read(guest_file(sid, node)).content
        except (MissingError, UnavailableError):
            return None
        return content.decode(errors="replace"), node

    async def rename(self, sid: str, source: str, target: str) -> None:
        """The end of a migration: the guest's configuration moves with it."""
        try:
            await self._store.change(Rename(guest_file(sid, source), guest_file(sid, target)))
        except (MissingError, ExistsError) as error:
            raise StaleError(f"the configuration of {sid} is not on {source}: {error}") from None
