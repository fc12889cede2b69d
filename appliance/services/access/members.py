"""What is in a pool, as rows: its guests and storages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from appliance.model.access.users import Pool

_KINDS: Mapping[str, str] = {"qemu-server": "qemu", "lxc": "lxc"}


def pool_members(
    pool: Pool, guests: Mapping[int, str], node: str, kind: str | None = None
) -> list[dict[str, Any]]:
    """Guests that exist, by number, then storages as this node has them; or of one kind.

    guests: the file of each guest by its number
    """
    found = [_guest(vmid, guests[vmid]) for vmid in pool.vms if vmid in guests]
    found += [
        {
            "id": f"storage/{node}/{name}",
            "type": "storage",
            "node": node,
            "storage": name,
        }
        for name in pool.storages
    ]
    return [row for row in found if kind in (None, row["type"])]


def _guest(vmid: int, path: str) -> dict[str, Any]:
    """Of `nodes/NODE/qemu-server/VMID.conf`."""
    _nodes, node, folder, _file = path.split("/")
    kind = _KINDS.get(folder, folder)
    return {"id": f"{kind}/{vmid}", "type": kind, "node": node, "vmid": vmid}
