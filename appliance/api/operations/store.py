"""The replicated configuration store, as files."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import AsyncIterator
from dataclasses import asdict
from typing import Any, Final

from appliance.api.ports import ApiPorts
from appliance.api.table import Operation, Request
from appliance.model.errors import ConfigError, UnavailableError
from appliance.model.option import Option
from appliance.model.store.changes import Delete, File, Put, Rename, Step
from appliance.model.store.limits import MAX_PATH_BYTES, MAX_STEPS
from appliance.services.store.service import StoreService
from appliance.services.store.status import store_status

PATH: Final = Option("path", "Name of the file.", required=True, max_length=MAX_PATH_BYTES)
PREFIX: Final = Option("prefix", "Only files whose names begin so.", max_length=MAX_PATH_BYTES)
EXPECT: Final = Option(
    "expect", "The version that the file must have, 0: there must be none.", "integer", minimum=0
)
CONTENT: Final = Option("content", "The whole file. Without it, the file is empty.")
ENCODING: Final = Option(
    "encoding", "How the content is written.", choices=("utf-8", "base64"), default="utf-8"
)
LATEST: Final = Option("latest", "Ask the cluster, not only this node.", "boolean", default=False)


def describe(path: str, file: File) -> dict[str, Any]:
    return {
        "path": path,
        "version": file.version,
        "size": len(file.content),
        "mtime": file.mtime_s,
        "writer": file.writer,
    }


def encode(content: bytes) -> dict[str, str]:
    """As text where that is what it is."""
    try:
        return {"content": content.decode(), "encoding": "utf-8"}
    except UnicodeDecodeError:
        return {"content": base64.b64encode(content).decode(), "encoding": "base64"}


def decode(given: dict[str, Any]) -> bytes:
    content = str(given.get("content") or "")
    if given.get("encoding", "utf-8") == "utf-8":
        return content.encode("utf-8", "surrogatepass")
    try:
        return base64.b64decode(content, validate=True)
    except (binascii.Error, ValueError):
        raise ConfigError("is not base64", field="content") from None


def _member(ports: ApiPorts) -> StoreService:
    if ports.member is None:
        raise UnavailableError("this store has no members that could be looked at")
    return ports.member


# reading


async def list_files(request: Request, ports: ApiPorts) -> list[dict[str, Any]]:
    if request.parameters["latest"]:
        await ports.store.catch_up()
    paths = ports.store.paths(request.parameters.get("prefix") or "", privileged=True)
    return [describe(path, ports.store.read(path, privileged=True)) for path in paths]


async def read_file(request: Request, ports: ApiPorts) -> dict[str, Any]:
    path = request.parameters["path"]
    if request.parameters["latest"]:
        await ports.store.catch_up()
    file = ports.store.read(path, privileged=True)
    return describe(path, file) | encode(file.content)


async def watch(request: Request, ports: ApiPorts) -> AsyncIterator[dict[str, Any]]:
    return _changes(request.parameters.get("prefix") or "", ports)


async def _changes(prefix: str, ports: ApiPorts) -> AsyncIterator[dict[str, Any]]:
    """The first value has no files: from there on nothing is missed."""
    watching = ports.store.watch(prefix)
    try:
        yield {"paths": [], "version": _member(ports).replica.log.committed}
        while True:
            paths = await watching.next()
            yield {"paths": list(paths), "version": _member(ports).replica.log.committed}
    finally:
        ports.store.unwatch(watching)


# changing


async def put_file(request: Request, ports: ApiPorts) -> dict[str, int]:
    given = dict(request.parameters)
    step = Put(given["path"], decode(given), given.get("expect"))
    return {"version": await ports.store.change(step)}


async def delete_file(request: Request, ports: ApiPorts) -> dict[str, int]:
    given = request.parameters
    return {"version": await ports.store.change(Delete(given["path"], given.get("expect")))}


async def change(request: Request, ports: ApiPorts) -> dict[str, int]:
    steps = [_step(number, one) for number, one in enumerate(_listed(request.parameters["steps"]))]
    return {"version": await ports.store.change(*steps)}


def _listed(text: str) -> list[Any]:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, list) or not 0 < len(found) <= MAX_STEPS:
        raise ConfigError(f"must be a JSON list of 1 to {MAX_STEPS} steps", field="steps")
    return found


def _step(number: int, one: Any) -> Step:
    """`{"put": PATH, "content": TEXT}`, `{"delete": PATH}`, or a `rename` with a `target`."""
    place = f"steps[{number}]"
    if not isinstance(one, dict) or len(found := [k for k in _STEPS if k in one]) != 1:
        raise ConfigError(f"has one of {', '.join(_STEPS)}", field=place)
    kind, expect = found[0], one.get("expect")
    texts = [one[name] for name in (kind, *_STEPS[kind]) if name in one]
    if unknown := sorted(set(one) - {kind, "expect", *_STEPS[kind]}):
        raise ConfigError(f"'{unknown[0]}' is unknown here", field=place)
    if not all(isinstance(text, str) for text in texts):
        raise ConfigError("names and contents are texts", field=place)
    if isinstance(expect, bool) or not isinstance(expect, int | None):
        raise ConfigError("expect is a number", field=place)
    match kind:
        case "put":
            return Put(one["put"], decode(one), expect)
        case "delete":
            return Delete(one["delete"], expect)
    if "target" not in one:
        raise ConfigError("a rename has a target", field=place)
    return Rename(one["rename"], one["target"], expect)


_STEPS: Final[dict[str, tuple[str, ...]]] = {
    "put": ("content", "encoding"),
    "delete": (),
    "rename": ("target",),
}


# looking after it


async def status(_request: Request, ports: ApiPorts) -> dict[str, Any]:
    found = asdict(store_status(_member(ports)))
    damage = ports.keeper.found_damaged()
    return {"node": ports.node, **found, "found_damaged": damage}


async def check(request: Request, ports: ApiPorts) -> dict[str, Any]:
    damaged = await ports.keeper.verify()
    return {**await status(request, ports), "damaged": list(damaged)}


async def backup(request: Request, ports: ApiPorts) -> dict[str, str]:
    file = request.parameters["file"]
    if not file.startswith("/"):
        raise ConfigError("must be an absolute path on the node", field="file")
    await ports.keeper.backup(file)
    return {"file": file}


OPERATIONS: Final = (
    Operation("GET", "/store/files", list_files, "The files.", (PREFIX, LATEST)),
    Operation("GET", "/store/files/{path}", read_file, "A file.", (PATH, LATEST)),
    Operation(
        "PUT",
        "/store/files/{path}",
        put_file,
        "Make this the whole file, new or not.",
        (PATH, CONTENT, ENCODING, EXPECT),
    ),
    Operation("DELETE", "/store/files/{path}", delete_file, "Delete a file.", (PATH, EXPECT)),
    Operation(
        "POST",
        "/store/changes",
        change,
        "Several steps, all of them or none.",
        (Option("steps", "A JSON list of steps.", required=True),),
    ),
    Operation("GET", "/store/watch", watch, "Changes as they happen, a line each.", (PREFIX,)),
    Operation("GET", "/store/status", status, "How this node's copy is."),
    Operation("POST", "/store/check", check, "Read the whole database of this node."),
    Operation(
        "POST",
        "/store/backup",
        backup,
        "Write a copy of this node's database.",
        (Option("file", "A new file on the node, with its whole path.", required=True),),
    ),
)
