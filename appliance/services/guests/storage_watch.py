"""How full this node's storages are, looked at now and then and told to the other nodes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from appliance.model.errors import QuorateError
from appliance.services.guests.board import OLD_S, STORAGES
from appliance.services.guests.ports import GuestPorts

PERIOD_S: Final = 10.0

Row = dict[str, Any]


class StorageWatch:
    """Of one boot of one node."""

    def __init__(self, ports: GuestPorts) -> None:
        self._ports = ports
        self._rows: dict[str, Row] = {}
        self._seen_s: float | None = None
        ports.board.offer(STORAGES, lambda: dict(self._rows))

    async def run(self) -> None:
        """Look for as long as the boot lasts."""
        while True:
            await self.look()
            await self._ports.clock.sleep(PERIOD_S)

    async def look(self, older_s: float = 0.0) -> None:
        """Ask all storages that this node uses, if what is known is older than that."""
        now_s = self._ports.clock.monotonic()
        if self._seen_s is not None and now_s - self._seen_s < older_s:
            return
        try:
            ids = self._ports.pools.ids()
        except QuorateError:
            return  # the store is not open yet
        rows = {storage: await self._row(storage) for storage in ids}
        self._rows = {storage: row for storage, row in rows.items() if row is not None}
        self._seen_s = now_s

    async def _row(self, storage: str) -> Row | None:
        pools = self._ports.pools
        try:
            info = pools.info(storage)
            if not info.usable:
                return None
            status = await pools.pool(storage).status()
        except QuorateError:
            return None
        return {
            "status": "available" if status.active else "unknown",
            "disk": status.used_bytes,
            "maxdisk": status.total_bytes,
            "content": ",".join(sorted(info.content)),
            "plugintype": info.type,
            "shared": int(info.shared),
        }

    def storages(self) -> Mapping[str, Mapping[str, Row]]:
        """By node and storage, as far as it was heard of lately."""
        heard = self._ports.board.read(STORAGES)
        fresh = {node: one.value for node, one in heard.items() if one.age_s < OLD_S}
        return {**fresh, self._ports.node: self._rows}
