"""How a storage is at the moment, as clients see it."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256
from typing import Any, Final

from appliance.model.errors import QuorateError
from appliance.model.storage.config import Storage
from appliance.model.storage.pool import PoolStatus
from appliance.ports.storage import StoragePools

_OFF: Final = PoolStatus(active=False)
# What of its options says where a storage is, whatever it is called.
_PLACE: Final = ("datastore", "export", "monhost", "namespace", "path", "pool", "portal", "server",
                 "share", "target", "thinpool", "vgname")  # fmt: skip


async def state_of(pools: StoragePools, storage: Storage, node: str) -> dict[str, Any]:
    """One that does not answer, or is not for this node, is not active."""
    status = await _status(pools, storage, node)
    found: dict[str, Any] = {
        "storage": storage.id,
        "type": storage.type,
        "content": ",".join(storage.content),
        "shared": int(storage.shared),
        "enabled": int(storage.used_on(node)),
        "active": int(status.active),
        "total": status.total_bytes,
        "used": status.used_bytes,
        "avail": status.available_bytes,
    }
    if status.total_bytes:
        found["used_fraction"] = status.used_bytes / status.total_bytes
    return found


async def _status(pools: StoragePools, storage: Storage, node: str) -> PoolStatus:
    if not storage.used_on(node):
        return _OFF
    try:
        return await pools.pool(storage.id).status()
    except QuorateError:
        return _OFF


def identity(storage: Storage, node: str) -> str:
    """The same for two storages that are the same place, in the form of a UUID."""
    values: Mapping[str, object] = storage.values
    parts = [storage.type, *(f"{key}={values[key]}" for key in _PLACE if key in values)]
    if not storage.shared:
        parts.append(f"node={node}")
    text = sha256("\n".join(parts).encode()).hexdigest()
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:32]}"
