"""What the calls on software-defined networks share: rows of three kinds, the lock, rights."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Final

from appliance.api.operations.configuration.common import may
from appliance.api.operations.sections import section_texts
from appliance.api.ports import ApiPorts
from appliance.api.table import Request
from appliance.core.sdn.pending import pending_rows
from appliance.model.errors import ForbiddenError, MissingError
from appliance.model.options.make import flag
from appliance.model.parameters import Text
from appliance.services.config.sdn import KEYS, Sdn
from appliance.services.config.sections import Row

PENDING: Final = flag("pending", "Show what runs, and under pending what waits.")
RUNNING: Final = flag("running", "Show what runs.")
VIEWS: Final = (PENDING, RUNNING)
Visible = Callable[[Row, Request, ApiPorts], bool]


def sdn_of(ports: ApiPorts) -> Sdn:
    return Sdn(ports.store, ports.node)


def viewed(kind: str, request: Request, ports: ApiPorts) -> list[Row]:
    """All objects of a kind: as configured, as they run, or both side by side."""
    sdn = sdn_of(ports)
    if request.parameters.get("pending"):
        same = (KEYS[kind], "type")
        return pending_rows(sdn.running()[kind], sdn.configured(kind), same)
    if request.parameters.get("running"):
        running = sdn.running()[kind]
        return [dict(running[name]) for name in sorted(running)]
    return sdn.rows(kind)


def viewed_one(kind: str, name: str, request: Request, ports: ApiPorts) -> Row:
    """MissingError."""
    rows = viewed(kind, request, ports)
    found = next((row for row in rows if row[KEYS[kind]] == name), None)
    if found is None:
        raise MissingError(f"sdn {KEYS[kind]} '{name}' does not exist")
    return found


def need_lock(request: Request, ports: ApiPorts) -> None:
    sdn_of(ports).need_lock(request.parameters.get("lock-token"))


def texts_of(request: Request, key: str, *more: str) -> dict[str, Text]:
    """What was given but what names the object."""
    return section_texts(request, key, "lock-token", *more)


def zones_of_vnets(ports: ApiPorts) -> dict[str, str]:
    """The zone of each network, as configured or, where it is that no more, as it runs."""
    sdn = sdn_of(ports)
    both = (sdn.running()["vnets"], sdn.configured("vnets"))
    return {name: str(row["zone"]) for rows in both for name, row in rows.items()}


def zone_of(vnet: str, ports: ApiPorts) -> str:
    """MissingError."""
    zone = zones_of_vnets(ports).get(vnet)
    if zone is None:
        raise MissingError(f"sdn vnet '{vnet}' does not exist")
    return zone


def need_vnet(request: Request, ports: ApiPorts, vnet: str, *privileges: str) -> None:
    """ForbiddenError unless who asks has one of these on the network."""
    path = f"/sdn/zones/{zone_of(vnet, ports)}/{vnet}"
    if not may(request, ports, path, *privileges):
        raise ForbiddenError(f"Permission check failed ({path}, {' or '.join(privileges)})")


def names_only(rows: Iterable[Row], *keys: str) -> list[dict[str, Any]]:
    return [{key: row[key] for key in keys if key in row} for row in rows]
