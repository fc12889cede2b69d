"""Tickets and ports for consoles of guests and nodes. The web sockets themselves are not there."""

from __future__ import annotations

from typing import Any, Final

from appliance.api.operations.configuration.common import NODE_OPTION
from appliance.api.operations.guests.common import (
    FOLDERS,
    KINDS,
    PLACE,
    guest_of,
    node_of,
)
from appliance.api.permissions import perm
from appliance.api.ports import ApiPorts
from appliance.api.table import Handler, Operation, Permission, Request
from appliance.model.errors import MissingError
from appliance.model.guest.document import GuestKind
from appliance.model.option import Option
from appliance.model.options.make import flag, text, whole, word

_PASSWORD_BYTES: Final = 4


async def _opened(
    request: Request, ports: ApiPorts, kind: str, what: str, path: str
) -> dict[str, Any]:
    """What every console's answer has."""
    port, upid = await node_of(ports).consoles.open(kind, what, request.user)
    ticket = await ports.accounts.console_ticket(request.user, path)
    return {"port": port, "ticket": ticket, "upid": upid, "user": request.user}


def _certificate(ports: ApiPorts) -> str:
    """Of this node, by which a client knows it."""
    if ports.cluster is None:
        return ""
    return ports.cluster.host.certificate().decode("ascii", "replace")


def _vnc(kind: GuestKind) -> Handler:
    async def handler(request: Request, ports: ApiPorts) -> Any:
        guest = guest_of(request, ports, kind)
        path = f"/vms/{guest.vmid}"
        answer = await _opened(request, ports, "vncproxy", str(guest.vmid), path)
        answer["cert"] = _certificate(ports)
        if request.parameters.get("generate-password"):
            answer["password"] = ports.entropy.token(_PASSWORD_BYTES)
        return answer

    return handler


def _terminal(kind: GuestKind) -> Handler:
    async def handler(request: Request, ports: ApiPorts) -> Any:
        guest = guest_of(request, ports, kind)
        serial = request.parameters.get("serial")
        if serial is not None and guest.config.current.get(serial) is None:
            raise MissingError(f"serial interface '{serial}' does not exist")
        path = f"/vms/{guest.vmid}"
        return await _opened(request, ports, "vncproxy", str(guest.vmid), path)

    return handler


async def _node_shell(request: Request, ports: ApiPorts) -> Any:
    path = f"/nodes/{ports.node}"
    answer = await _opened(request, ports, "vncshell", "", path)
    return {**answer, "cert": _certificate(ports)}


async def _node_terminal(request: Request, ports: ApiPorts) -> Any:
    return await _opened(request, ports, "vncshell", "", f"/nodes/{ports.node}")


_CONSOLE: Final = perm("/vms/{vmid}", "VM.Console")
_SHELL: Final = perm("/nodes/{node}", "Sys.Console")
_SOCKET: Final = flag("websocket", "It is for a web socket.")
_SIZE: Final = (
    whole("height", "Of the screen.", 16, 2160, unit="pixels"),
    whole("width", "Of the screen.", 16, 4096, unit="pixels"),
)
_SERIAL: Final = word("serial", "Another terminal than usual.", "serial0 serial1 serial2 serial3")
_SHELL_OPTIONS: Final = (
    NODE_OPTION,
    word("cmd", "What is run.", "ceph_install login upgrade", "login"),
    text("cmd-opts", "Its arguments.", requires="cmd", default=""),
)


def _guest(kind: GuestKind, call: str, handler: Handler, options: tuple[Option, ...]) -> Operation:
    path = f"/nodes/{{node}}/{FOLDERS[kind]}/{{vmid}}/{call}"
    return _here(path, handler, (*PLACE, *options), _CONSOLE)


def _here(
    path: str, handler: Handler, options: tuple[Option, ...], permission: Permission
) -> Operation:
    return Operation("POST", path, handler, "Open a console.", options, permission, "node")


OPERATIONS: Final = (
    *(
        _guest(kind, "vncproxy", _vnc(kind), (
            (flag("generate-password", "Make a password for it.", False), _SOCKET)
            if kind == "vm" else (*_SIZE, _SOCKET)))
        for kind in KINDS
    ),
    *(
        _guest(kind, "termproxy", _terminal(kind), (_SERIAL,) if kind == "vm" else ())
        for kind in KINDS
    ),
    _here("/nodes/{node}/vncshell", _node_shell, (*_SHELL_OPTIONS, *_SIZE, _SOCKET), _SHELL),
    _here("/nodes/{node}/termproxy", _node_terminal, _SHELL_OPTIONS, _SHELL),
)  # fmt: skip
