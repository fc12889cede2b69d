"""The storages of the cluster on this node. Implements the `StoragePools` port."""

from __future__ import annotations

from appliance.model.errors import MissingError, RefusedError
from appliance.model.options.storage import FILE
from appliance.model.storage.config import Storage, StorageConfig, parse_storages
from appliance.model.storage.pool import PoolInfo
from appliance.model.store.changes import File
from appliance.ports.config_store import ConfigStore
from appliance.ports.storage import StorageBackends, StoragePool


class Storages:
    """Of one node. The file is read once for each version of it."""

    def __init__(self, node: str, store: ConfigStore, backends: StorageBackends) -> None:
        self._node, self._store, self._backends = node, store, backends
        self._seen: tuple[File | None, StorageConfig] = (None, parse_storages(""))

    @property
    def config(self) -> StorageConfig:
        """The file as it is now; the same object until it changes."""
        file = self._file()
        if self._seen[0] is not file:
            text = "" if file is None else file.content.decode("utf-8", "replace")
            self._seen = file, parse_storages(text)
        return self._seen[1]

    def _file(self) -> File | None:
        try:
            return self._store.read(FILE)
        except MissingError:
            return None

    def ids(self) -> tuple[str, ...]:
        return tuple(self.config.storages)

    def info(self, storage: str) -> PoolInfo:
        return PoolInfo(self.find(storage), self._node)

    def find(self, storage: str) -> Storage:
        """MissingError."""
        found = self.config.storages.get(storage)
        if found is None:
            raise MissingError(f"storage '{storage}' does not exist")
        return found

    def pool(self, storage: str) -> StoragePool:
        found = self.find(storage)
        if not found.enabled:
            raise RefusedError(f"storage '{storage}' is disabled")
        if not found.used_on(self._node):
            raise RefusedError(f"storage '{storage}' is not available on node '{self._node}'")
        return self._backends.open(found)
