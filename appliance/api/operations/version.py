"""What this software is."""

from __future__ import annotations

from typing import Any, Final

from appliance.api.ports import ApiPorts
from appliance.api.table import ANY_USER, Operation, Request

# The release of the reference whose API this is; clients choose their calls by it.
RELEASE: Final = "9.2"
VERSION: Final = "9.2.3"
REPOSITORY_ID: Final = "0000000000000000"


async def version(_request: Request, _ports: ApiPorts) -> dict[str, Any]:
    return {"release": RELEASE, "version": VERSION, "repoid": REPOSITORY_ID}


OPERATIONS: Final = (
    Operation("GET", "/version", version, "The version of the API.", permission=ANY_USER),
)
