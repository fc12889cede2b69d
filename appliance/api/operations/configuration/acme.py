"""How domains are proven to an authority for certificates, and which authorities are known."""

from __future__ import annotations

from typing import Any, Final

from appliance.api.operations.configuration.common import ID
from appliance.api.operations.sections import Crud, Rights, crud_operations
from appliance.api.permissions import MODIFY
from appliance.api.ports import ApiPorts
from appliance.api.table import ANY_USER, Operation, Request
from appliance.model.options.acme import FILE, TYPES
from appliance.model.options.make import word
from appliance.services.config.sections import Row, SectionFile

PLUGINS: Final = SectionFile(FILE, TYPES, "plugin", "ACME plugin")
_LETS_ENCRYPT: Final = "api.letsencrypt.org/directory"
_DIRECTORIES: Final = {
    "Let's Encrypt V2": f"https://acme-v02.{_LETS_ENCRYPT}",
    "Let's Encrypt V2 Staging": f"https://acme-staging-v02.{_LETS_ENCRYPT}",
}


def _shape(row: Row, request: Request, _ports: ApiPorts) -> Row:
    """Lists leave out what is needed to log in at a provider."""
    return row if "id" in request.parameters else {k: v for k, v in row.items() if k != "data"}


async def _directories(_request: Request, _ports: ApiPorts) -> Any:
    return [{"name": name, "url": url} for name, url in _DIRECTORIES.items()]


OPERATIONS: Final = (
    *crud_operations(
        Crud(
            "/cluster/acme/plugins",
            PLUGINS,
            ID,
            ("way to prove domains", "ways to prove domains"),
            Rights(MODIFY, MODIFY, MODIFY, MODIFY, MODIFY),
            more={"list": (word("type", "Only of this type.", "dns standalone"),)},
            shape=_shape,
        )
    ),
    Operation(
        "GET",
        "/cluster/acme/directories",
        _directories,
        "Authorities that are known by name.",
        permission=ANY_USER,
    ),
)
