"""/storage: which storages the cluster has."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from appliance.api.operations.storage.common import STORAGE, rights
from appliance.api.permissions import perm
from appliance.api.ports import ApiPorts
from appliance.api.table import ANY_USER, Operation, Request
from appliance.model.option import Option
from appliance.model.options.storage import TYPES
from appliance.model.parameters import Text
from appliance.model.section_parameters import (
    flat_create_options,
    flat_update_options,
    type_option,
)
from appliance.services.storage.definitions import Definitions, Row
from appliance.services.storage.secrets import AUTO, new_key

_TYPE: Final = type_option(TYPES)
_ALLOCATE: Final = perm("/storage", "Datastore.Allocate")
_OLD: Final = Option("authsupported", "Older name of how Ceph is logged in to.")


async def _list(request: Request, ports: ApiPorts) -> list[Row]:
    seen, wanted = rights(request, ports), request.parameters.get("type")
    return [
        row
        for row in Definitions(ports.store).rows()
        if wanted in (None, row["type"]) and seen.sees(row["storage"])
    ]


async def _read(request: Request, ports: ApiPorts) -> Row:
    return Definitions(ports.store).row(str(request.parameters["storage"]))


async def _create(request: Request, ports: ApiPorts) -> Row:
    kind, storage = str(request.parameters["type"]), str(request.parameters["storage"])
    texts, shown = _with_key(request, ports)
    await Definitions(ports.store).create(kind, storage, texts)
    return _answer(storage, kind, shown)


async def _update(request: Request, ports: ApiPorts) -> Row:
    given, storage = request.parameters, str(request.parameters["storage"])
    texts, shown = _with_key(request, ports)
    kind = await Definitions(ports.store).update(
        storage, texts, given.get("delete") or (), given.get("digest")
    )
    return _answer(storage, kind, shown)


def _with_key(request: Request, ports: ApiPorts) -> tuple[dict[str, Text], str | None]:
    """The options that were given, and a key that was made for them: it is shown once."""
    apart = ("storage", "type", "delete", "digest", "authsupported")
    texts = {name: text for name, text in request.texts.items() if name not in apart}
    if texts.get("encryption-key") != AUTO:
        return texts, None
    key = new_key(ports.entropy.token(32), ports.clock.wall())
    return {**texts, "encryption-key": key}, key


def _answer(storage: str, kind: str, key: str | None) -> dict[str, Any]:
    found: dict[str, Any] = {"storage": storage, "type": kind}
    return found if key is None else {**found, "config": {"encryption-key": key}}


async def _delete(request: Request, ports: ApiPorts) -> None:
    await Definitions(ports.store).remove(str(request.parameters["storage"]))


def _once(*options: Iterable[Option]) -> tuple[Option, ...]:
    found: dict[str, Option] = {}
    for option in (option for some in options for option in some):
        found.setdefault(option.name, option)
    return tuple(found.values())


OPERATIONS: Final = (
    Operation(
        "GET",
        "/storage",
        _list,
        "The storages of the cluster.",
        (Option("type", "Only of this type.", choices=_TYPE.choices),),
        ANY_USER,
    ),
    Operation(
        "POST",
        "/storage",
        _create,
        "Add a storage.",
        _once((STORAGE, _TYPE, _OLD), flat_create_options(TYPES).values()),
        _ALLOCATE,
    ),
    Operation(
        "GET",
        "/storage/{storage}",
        _read,
        "How a storage is configured.",
        (STORAGE,),
        perm("/storage/{storage}", "Datastore.Allocate"),
    ),
    Operation(
        "PUT",
        "/storage/{storage}",
        _update,
        "Change how a storage is configured.",
        _once((STORAGE,), flat_update_options(TYPES).values()),
        _ALLOCATE,
    ),
    Operation(
        "DELETE",
        "/storage/{storage}",
        _delete,
        "Take a storage out of the cluster; what is in it stays where it is.",
        (STORAGE,),
        _ALLOCATE,
    ),
)
