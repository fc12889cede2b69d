"""Which volumes of a guest replication copies to another node."""

from __future__ import annotations

from collections.abc import Mapping

from appliance.core.guest import places
from appliance.model.errors import RefusedError
from appliance.model.guest.config import GuestConfig, Settings
from appliance.model.guest.devices import unused_volumes
from appliance.model.storage.config import Storage
from appliance.model.storage.volumes import parse_name, split_id


def replicated_volumes(
    config: GuestConfig, vmid: int, storages: Mapping[str, Storage]
) -> tuple[str, ...]:
    """The guest's own volumes, of snapshots and unused ones too. `replicate=0` takes those of the
    guest as it is out, but not what snapshots have of them.

    RefusedError if one of them is on a storage that cannot, or on none.
    """
    found: dict[str, None] = {}
    for settings in (config.current, *config.snapshots.values()):
        for volume, wanted in _volumes(config, settings):
            storage = storages.get(split_id(volume)[0])
            if storage is None:
                raise RefusedError(f"storage '{split_id(volume)[0]}' does not exist")
            if wanted and _is_own(volume, vmid, storage):
                _check(volume, storage)
                found[volume] = None
    return tuple(found)


def _volumes(config: GuestConfig, settings: Settings) -> list[tuple[str, bool]]:
    """Volumes that are plugged in or kept, and whether they are meant to be replicated."""
    disks = [(p.volume, p.replicate) for p in places.disks(config.kind, settings)]
    return [*disks, *((volume, True) for _key, volume in unused_volumes(config.kind, settings))]


def _is_own(volume: str, vmid: int, storage: Storage) -> bool:
    return not storage.shared and parse_name(storage.type, split_id(volume)[1]).vmid == vmid


def _check(volume: str, storage: Storage) -> None:
    if not storage.can("replicate", parse_name(storage.type, split_id(volume)[1])):
        raise RefusedError(f"missing replicate feature on volume '{volume}'")
