"""How domains are proven to an authority for certificates, and which authorities are known."""

from __future__ import annotations

from typing import Any, Final

from appliance.api.operations.configuration.common import ID
from appliance.api.operations.sections import Crud, Rights, crud_operations
from appliance.api.permissions import MODIFY
from appliance.api.ports import ApiPorts
from appliance.api.table import ANY_USER, Operation, Request
from appliance.model.errors import MissingError
from appliance.model.formats.names import CONFIG_ID
from appliance.model.json_fields import parse_json
from appliance.model.options.acme import FILE, TYPES
from appliance.model.options.make import text, word
from appliance.services.config.sections import Row, SectionFile
from appliance.services.config.texts import read_text

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


_ACCOUNTS: Final = "priv/acme/accounts/"


async def _accounts(_request: Request, ports: ApiPorts) -> Any:
    paths = ports.store.paths(_ACCOUNTS, privileged=True)
    return [{"name": path.removeprefix(_ACCOUNTS)} for path in paths]


async def _account(request: Request, ports: ApiPorts) -> Any:
    """Without its key."""
    name = str(request.parameters["name"])
    if {"name": name} not in await _accounts(request, ports):
        raise MissingError(f"ACME account '{name}' does not exist")
    found = parse_json(read_text(ports.store, f"{_ACCOUNTS}{name}"), name)
    shown = ("account", "directory", "location", "tos")
    return {key: found[key] for key in shown if isinstance(found, dict) and key in found}


OPERATIONS: Final = (
    Operation(
        "GET",
        "/cluster/acme/account",
        _accounts,
        "Accounts at authorities.",
        permission=ANY_USER,
    ),
    Operation(
        "GET",
        "/cluster/acme/account/{name}",
        _account,
        "One account.",
        (text("name", "What it is called.", CONFIG_ID, default="default"),),
    ),
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
