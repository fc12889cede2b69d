"""What the calls on configuration files share."""

from __future__ import annotations

from typing import Any, Final

from appliance.api.ports import ApiPorts
from appliance.api.table import Request
from appliance.core.access.permissions import Access
from appliance.model.access.ids import ROOT
from appliance.model.formats.names import CONFIG_ID, NODE
from appliance.model.option import Option
from appliance.services.config.sections import Row

NODE_OPTION: Final = Option("node", "Name of the node.", format=NODE, required=True)
VMID_OPTION: Final = Option(
    "vmid",
    "Number of the guest.",
    "integer",
    required=True,
    minimum=100,
    maximum=999999999,
)
ID: Final = Option("id", "What it is called.", format=CONFIG_ID, required=True)


def may(request: Request, ports: ApiPorts, path: str, *privileges: str) -> bool:
    """Whether who asks has one of these privileges there."""
    if request.user == ROOT:
        return True
    access: Access = ports.accounts.access()
    return access.has_any(request.user, path, privileges)


def without(row: Row, *names: str) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name not in names}
