"""What a client may offer somebody who has logged in: privileges by area, wherever they hold."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from appliance.core.access.permissions import Access

_MODIFY: Final = "Permissions.Modify"
# Beginnings of the privileges that matter in an area.
_AREAS: Final[Mapping[str, tuple[str, ...]]] = {
    "vms": ("VM.", _MODIFY),
    "storage": ("Datastore.", _MODIFY),
    "access": ("User.", "Group.", _MODIFY),
    "nodes": ("Sys.", _MODIFY),
    "dc": ("Sys.Audit", "Sys.Modify", "SDN."),
    "sdn": ("SDN.", _MODIFY),
    "mapping": ("Mapping.", _MODIFY),
}
# The permissions of a pool's path are those of the guests and storages in it.
_OF_POOLS: Final = ("vms", "storage")
_PLACES: Final = ("/", "/access/groups", "/mapping", "/nodes", "/sdn", "/storage", "/vms")


def capabilities(access: Access, authid: str) -> dict[str, dict[str, int]]:
    """Areas, each with the privileges that hold on at least one of its paths."""
    found: dict[str, dict[str, int]] = {area: {} for area in _AREAS}
    for path in sorted({*_PLACES, *access.config.acl}):
        top = path.split("/")[1]
        areas = _OF_POOLS if top == "pool" else (top or "dc",)
        for privilege in sorted(access.privileges(authid, path)):
            for area in areas:
                if privilege.startswith(_AREAS.get(area, ())):
                    found[area][privilege] = 1
    return found
