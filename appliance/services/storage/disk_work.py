"""What tasks do with disks, and the storages that are declared on what they made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from appliance.model.errors import QuorateError, RefusedError
from appliance.model.storage.config import Storage, StorageConfig
from appliance.model.storage.disks import New, NewDirectory, NewGroup, NewZpool
from appliance.ports.config_store import ConfigStore
from appliance.ports.disks import Disks, Made
from appliance.services.storage.definitions import Definitions
from appliance.services.tasks.context import TaskContext

_DISKS: Final = "images,rootdir"
_ALL: Final = "backup,images,iso,rootdir,snippets,vztmpl"


def as_storage(new: New, node: str) -> tuple[str, dict[str, str]]:
    """The type and the options of a storage on it, for this node."""
    match new:
        case NewDirectory():
            path = f"/mnt/pve/{new.name}"
            return "dir", {"path": path, "content": _ALL, "is_mountpoint": "1", "nodes": node}
        case NewGroup(thin=True):
            options = {"thinpool": new.name, "vgname": new.name}
            return "lvmthin", {**options, "content": _DISKS, "nodes": node}
        case NewGroup():
            return "lvm", {"vgname": new.name, "content": _DISKS, "shared": "0", "nodes": node}
    return "zfspool", {"pool": new.name, "content": _DISKS, "nodes": node}


def check_storage_is_new(config: StorageConfig, new: New) -> None:
    """RefusedError where a storage of that name is declared already."""
    if new.name in config.storages:
        raise RefusedError(f"storage ID '{new.name}' already defined")


@dataclass(frozen=True, slots=True)
class DiskWork:
    """Of one node."""

    node: str
    disks: Disks
    store: ConfigStore

    async def create(self, new: New, task: TaskContext, *, declare: bool) -> None:
        """Make it, and declare a storage on it. If that fails what was made is removed again."""
        task.log(f"creating '{new.name}'")
        await self.disks.create(new)
        if not declare:
            return
        kind, options = as_storage(new, self.node)
        try:
            await Definitions(self.store).create(kind, new.name, options)
        except QuorateError as error:
            await self._undo(new, error)
            raise
        task.log(f"storage '{new.name}' of type {kind} added")

    async def _undo(self, new: New, error: QuorateError) -> None:
        group = new.name if isinstance(new, NewGroup) else None
        made = _made(new)
        try:
            if made == "lvmthin":
                await self.disks.destroy("lvmthin", new.name, group=group)
                made = "lvm"
            await self.disks.destroy(made, new.name, wipe=True)
        except QuorateError as second:
            raise RefusedError(
                f"{error}; '{new.name}' is made and could not be removed: {second}"
            ) from None

    async def destroy(
        self,
        made: Made,
        name: str,
        task: TaskContext,
        *,
        group: str | None = None,
        declared: bool,
        wipe: bool,
    ) -> None:
        """declared: storages on it are taken out of the configuration, for this node."""
        if declared:
            for storage in self._on(made, name, group):
                await self._withdraw(storage, task)
        await self.disks.destroy(made, name, group=group, wipe=wipe)
        task.log(f"'{name}' destroyed")

    def _on(self, made: Made, name: str, group: str | None) -> list[Storage]:
        wanted: Mapping[str, Mapping[str, str]] = {
            "directory": {"type": "dir", "path": f"/mnt/pve/{name}"},
            "lvm": {"type": "lvm", "vgname": name},
            "lvmthin": {"type": "lvmthin", "thinpool": name, "vgname": group or ""},
            "zfs": {"type": "zfspool", "pool": name},
        }
        fits = wanted[made]
        return [
            storage
            for storage in Definitions(self.store).config().storages.values()
            if storage.type == fits["type"]
            and all(storage.values.get(key) == text for key, text in fits.items() if key != "type")
            and storage.used_on(self.node)
        ]

    async def _withdraw(self, storage: Storage, task: TaskContext) -> None:
        definitions = Definitions(self.store)
        others = [node for node in storage.nodes if node != self.node]
        if others:
            await definitions.update(storage.id, {"nodes": ",".join(others)})
            task.log(f"storage '{storage.id}' is no longer for this node")
        elif storage.nodes:
            await definitions.remove(storage.id)
            task.log(f"storage '{storage.id}' removed")
        else:
            task.warn(f"storage '{storage.id}' is for all nodes and stays")


def _made(new: New) -> Made:
    match new:
        case NewDirectory():
            return "directory"
        case NewZpool():
            return "zfs"
    return "lvmthin" if new.thin else "lvm"
