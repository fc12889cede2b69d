"""Servers that metrics are sent to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from appliance.api.operations.configuration.common import ID
from appliance.api.operations.sections import Crud, Rights, crud_operations
from appliance.api.permissions import AUDIT, MODIFY
from appliance.api.ports import ApiPorts
from appliance.api.table import Request
from appliance.model.formats.names import CONFIG_ID
from appliance.model.options.cluster import METRICS_FILE, METRICS_TYPES
from appliance.services.config.sections import Row, SectionFile

SERVERS: Final = SectionFile(METRICS_FILE, METRICS_TYPES, "id", "metrics server")
_NEEDED: Final[Mapping[str, Any]] = {"port": {"required": True}, "server": {"required": True}}
_LISTED: Final = ("id", "type", "server", "port", "disable")


def _shape(row: Row, request: Request, _ports: ApiPorts) -> Row:
    """A row of the list has less than the server itself."""
    if "id" in request.parameters:
        return row
    return {"disable": 0, **{key: row[key] for key in _LISTED if key in row}}


OPERATIONS: Final = crud_operations(
    Crud(
        "/cluster/metrics/server",
        SERVERS,
        ID,
        ("metrics server", "servers that metrics are sent to"),
        Rights(AUDIT, AUDIT, MODIFY, MODIFY, MODIFY),
        make="/cluster/metrics/server/{id}",
        shape=_shape,
        other={"create": {**_NEEDED, "type": {"format": CONFIG_ID}}, "update": _NEEDED},
    )
)
