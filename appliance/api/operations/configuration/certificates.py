"""Certificates of a node.

What reads certificates takes seven megabytes that most daemons never need: it is imported when
somebody asks.
"""

from __future__ import annotations

from typing import Any, Final

from appliance.api.operations.configuration.common import NODE_OPTION
from appliance.api.permissions import NODE_MODIFY
from appliance.api.ports import ApiPorts
from appliance.api.table import ANY_USER, Operation, Request
from appliance.model.formats.form import checked
from appliance.model.options.make import flag, text

_PEM: Final = checked("pem-string", "a key in PEM", lambda text: "-----BEGIN " in text)
_CHAIN: Final = checked(
    "pem-certificate-chain", "certificates in PEM", lambda text: "-----BEGIN CERT" in text
)
_PATH: Final = "/nodes/{node}/certificates"


async def _info(request: Request, ports: ApiPorts) -> Any:
    from appliance.services.config.certificates import certificates

    return certificates(ports.store, str(request.parameters["node"]))


async def _upload(request: Request, ports: ApiPorts) -> Any:
    from appliance.services.config.certificates import keep_custom

    given = request.parameters
    key = given.get("key")
    return await keep_custom(
        ports.store,
        str(given["node"]),
        str(given["certificates"]),
        None if key is None else str(key),
        force=bool(given["force"]),
    )


async def _remove(request: Request, ports: ApiPorts) -> None:
    from appliance.services.config.certificates import remove_custom

    await remove_custom(ports.store, str(request.parameters["node"]))


_RESTART: Final = flag("restart", "Of no effect yet: it is kept, not served.", False)
OPERATIONS: Final = (
    Operation(
        "GET", f"{_PATH}/info", _info, "What they say.", (NODE_OPTION,), ANY_USER, "node"
    ),
    Operation(
        "POST",
        f"{_PATH}/custom",
        _upload,
        "Keep a certificate of the node's own for its API.",
        (
            NODE_OPTION,
            text("certificates", "The certificate, and those up to the authority.", _CHAIN,
                 required=True),
            text("key", "Its key; the present one if not given.", _PEM, secret=True),
            flag("force", "Although there is one.", False),
            _RESTART,
        ),
        NODE_MODIFY,
        "node",
    ),
    Operation(
        "DELETE",
        f"{_PATH}/custom",
        _remove,
        "Forget it.",
        (NODE_OPTION, _RESTART),
        NODE_MODIFY,
        "node",
    ),
)  # fmt: skip
