"""The agent inside a virtual machine, and the network inside a container."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from typing import Any, Final

from appliance.api.operations.guests.common import guest_of, guest_operation, guests_of, node_of
from appliance.api.permissions import perm
from appliance.api.ports import ApiPorts
from appliance.api.table import Handler, Operation, Permission, Request
from appliance.model.errors import ConfigError, RefusedError, UnavailableError
from appliance.model.guest.config import GuestConfig, decoded
from appliance.model.option import Option
from appliance.model.options.make import flag, text, whole, word
from appliance.model.property_string import PropertyString

_ALL: Final = "VM.GuestAgent.Unrestricted"


def _may(*privileges: str) -> Permission:
    return perm("/vms/{vmid}", *privileges, _ALL, any_of=True)


_LOOK: Final = _may("VM.GuestAgent.Audit")
_FILES: Final = _may("VM.GuestAgent.FileSystemMgmt")
_POWER: Final = _may("VM.PowerMgmt")
_MAX_BYTES: Final = 16 * 1024 * 1024
_MAX_TEXT: Final = 60 * 1024
# Name of the call -> verb, permission, sentence.
_PLAIN: Final[Mapping[str, tuple[str, Permission, str]]] = {
    "fsfreeze-freeze": ("POST", _FILES, "Let its file systems stand still."),
    "fsfreeze-status": (
        "POST",
        _may("VM.GuestAgent.Audit", "VM.GuestAgent.FileSystemMgmt"),
        "Whether its file systems stand still.",
    ),
    "fsfreeze-thaw": ("POST", _FILES, "Let its file systems go on."),
    "fstrim": ("POST", _FILES, "Give back blocks that it does not use."),
    "get-fsinfo": ("GET", _LOOK, "Its file systems."),
    "get-host-name": ("GET", _LOOK, "Its host name."),
    "get-memory-block-info": ("GET", _LOOK, "The size of its memory blocks."),
    "get-memory-blocks": ("GET", _LOOK, "Its memory blocks."),
    "get-osinfo": ("GET", _LOOK, "Its operating system."),
    "get-time": ("GET", _LOOK, "Its clock, in nanoseconds since 1970."),
    "get-timezone": ("GET", _LOOK, "Its time zone."),
    "get-users": ("GET", _LOOK, "Who is logged in."),
    "get-vcpus": ("GET", _LOOK, "Its processors."),
    "info": ("GET", _LOOK, "The agent itself."),
    "network-get-interfaces": ("GET", _LOOK, "Its network interfaces with their addresses."),
    "ping": ("POST", _LOOK, "Whether it answers."),
    "shutdown": ("POST", _POWER, "Let it shut down."),
    "suspend-disk": ("POST", _POWER, "Let it sleep, its memory on its own disk."),
    "suspend-hybrid": ("POST", _POWER, "Let it sleep, its memory on its own disk too."),
    "suspend-ram": ("POST", _POWER, "Let it sleep."),
}


async def _ask(
    request: Request, ports: ApiPorts, command: str, arguments: Mapping[str, Any] | None = None
) -> Any:
    """RefusedError while it has no agent, or does not run: clients wait on that."""
    guest = guest_of(request, ports, "vm")
    if not _configured(guest.config):
        raise RefusedError("No QEMU guest agent configured")
    if not node_of(ports).life.running(guest):
        raise RefusedError(f"VM {guest.vmid} is not running")
    try:
        return await guests_of(ports).vms.agent(guest.sid, command, arguments or {})
    except UnavailableError as error:
        raise RefusedError(str(error)) from None


def _configured(config: GuestConfig) -> bool:
    found = decoded("vm", config.current, "agent")
    return isinstance(found, PropertyString) and bool(found.values.get("enabled"))


def _plain(command: str) -> Handler:
    async def handler(request: Request, ports: ApiPorts) -> Any:
        return {"result": await _ask(request, ports, command)}

    return handler


async def _any(request: Request, ports: ApiPorts) -> Any:
    return {"result": await _ask(request, ports, request.parameters["command"])}


async def _exec(request: Request, ports: ApiPorts) -> Any:
    given = request.parameters
    arguments = {"command": list(given["command"]), "input": _bytes(given.get("input-data", ""))}
    return await _ask(request, ports, "exec", arguments)


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


async def _exec_status(request: Request, ports: ApiPorts) -> Any:
    found = await _ask(request, ports, "exec-status", {"pid": request.parameters["pid"]})
    answer = dict(found)
    for name in ("out-data", "err-data"):
        if name in answer:
            answer[name] = base64.b64decode(answer[name]).decode("utf-8", "replace")
    return {**answer, "exited": int(answer["exited"])}


async def _file_read(request: Request, ports: ApiPorts) -> Any:
    given = request.parameters
    content: bytes = await _ask(request, ports, "file-read", {"file": given["file"]})
    start = given["offset"]
    part = content[start : start + given.get("count", _MAX_BYTES)]
    shown = part.decode("utf-8", "replace") if given["decode"] else base64.b64encode(part).decode()
    answer: dict[str, Any] = {"content": shown, "bytes-read": len(part)}
    return {**answer, "truncated": 1} if start + len(part) < len(content) else answer


async def _file_write(request: Request, ports: ApiPorts) -> None:
    given = request.parameters
    content = _bytes(given["content"])
    if not given["encode"]:
        try:
            content = base64.b64decode(content, validate=True)
        except binascii.Error:
            raise ConfigError("is not base64", field="content") from None
    await _ask(request, ports, "file-write", {"file": given["file"], "content": content})


async def _password(request: Request, ports: ApiPorts) -> Any:
    given = request.parameters
    names = ("username", "password", "crypted")
    arguments = {name: given[name] for name in names}
    return {"result": await _ask(request, ports, "set-user-password", arguments)}


async def _interfaces(request: Request, ports: ApiPorts) -> Any:
    guest = guest_of(request, ports, "ct")
    node_of(ports).life.need_running(guest)
    rows = []
    for one in await guests_of(ports).containers.interfaces(guest.sid):
        row: dict[str, Any] = {"name": one.name, "hwaddr": one.mac, "hardware-address": one.mac}
        for address in reversed(one.addresses):
            row["inet6" if ":" in address else "inet"] = address
        row["ip-addresses"] = [
            {
                "ip-address": address.partition("/")[0],
                "ip-address-type": "inet6" if ":" in address else "inet",
                "prefix": int(address.partition("/")[2] or 32),
            }
            for address in one.addresses
        ]
        rows.append(row)
    return rows


def _call(
    verb: str,
    name: str,
    handler: Handler,
    sentence: str,
    options: tuple[Option, ...],
    permission: Permission,
) -> Operation:
    return guest_operation(verb, "vm", f"/agent/{name}", handler, sentence, options, permission)


_UNRESTRICTED: Final = perm("/vms/{vmid}", _ALL)
_FILE: Final = text("file", "The file's path inside.", required=True)
OPERATIONS: Final = (
    *(
        _call(verb, name, _plain(name), sentence, (), permission)
        for name, (verb, permission, sentence) in _PLAIN.items()
    ),
    guest_operation("POST", "vm", "/agent", _any, "Ask the agent.",
        (word("command", "What.", " ".join(_PLAIN), required=True),),
        perm("/vms/{vmid}", _ALL, _ALL, any_of=True)),
    _call("POST", "exec", _exec, "Run a program inside.",
        (text("command", "The program and its arguments.", required=True, repeated=True),
         text("input-data", "What it reads.", max_length=64 * 1024)), _UNRESTRICTED),
    _call("GET", "exec-status", _exec_status, "How a program inside ended.",
        (whole("pid", "Its number.", required=True),), _UNRESTRICTED),
    _call("GET", "file-read", _file_read, "Read a file inside.",
        (whole("count", "At most so much.", 1, _MAX_BYTES, unit="bytes"),
         flag("decode", "As text; else in base64.", True), _FILE,
         whole("offset", "From there on.", 0, default=0, unit="bytes")),
        _may("VM.GuestAgent.FileRead")),
    _call("POST", "file-write", _file_write, "Write a file inside.",
        (text("content", "What is written.", required=True, max_length=_MAX_TEXT),
         flag("encode", "It is text; else it is in base64 already.", True), _FILE),
        _may("VM.GuestAgent.FileWrite")),
    _call("POST", "set-user-password", _password, "Give a user inside a password.",
        (flag("crypted", "It is hashed already.", False),
         text("password", "The password.", required=True, min_length=5, max_length=1024,
            secret=True),
         text("username", "The user.", required=True)), _UNRESTRICTED),
    guest_operation("GET", "ct", "/interfaces", _interfaces, "The network inside.", (),
        perm("/vms/{vmid}", "VM.Audit")),
)  # fmt: skip
