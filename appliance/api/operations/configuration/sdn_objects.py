"""Zones, networks, controllers, DNS servers and IPAMs: five calls each, made alike."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from appliance.api.operations.configuration.common import may
from appliance.api.operations.configuration.sdn_common import (
    VIEWS,
    names_only,
    need_lock,
    need_vnet,
    sdn_of,
    texts_of,
    viewed,
    viewed_one,
    zones_of_vnets,
)
from appliance.api.permissions import perm
from appliance.api.ports import ApiPorts
from appliance.api.table import ANY_USER, Operation, Permission, Request
from appliance.model.errors import ForbiddenError
from appliance.model.formats.names import CONFIG_ID
from appliance.model.formats.sdn import LONG_ID, SHORT_ID
from appliance.model.option import Option
from appliance.model.options.make import text, word
from appliance.model.options.sdn import LOCK_TOKEN, TYPES
from appliance.model.section_parameters import flat_create_options, flat_update_options
from appliance.services.config.sdn import KEYS
from appliance.services.config.sections import Row

_SEES: Final = ("SDN.Audit", "SDN.Allocate")
ZONE: Final = text("zone", "The zone.", pattern=SHORT_ID, min_length=2, max_length=8,
                   required=True)  # fmt: skip
VNET: Final = text("vnet", "The network.", pattern=SHORT_ID, min_length=2, max_length=8,
                   required=True)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Objects:
    """One kind. views: whether what waits and what runs can be asked for.

    short: the list has nothing but name and type, since the rest has secrets.
    reading, creating, changing, removing: who may.
    """

    kind: str
    key: Option
    words: tuple[str, str]
    reading: Permission
    creating: Permission
    changing: Permission
    removing: Permission
    views: bool = True
    short: bool = False

    @property
    def path(self) -> str:
        return f"/cluster/sdn/{self.kind}"

    @property
    def one(self) -> str:
        return f"{self.path}/{{{self.key.name}}}"

    def type_names(self) -> tuple[str, ...]:
        return tuple(sorted(declared.name for declared in TYPES[self.kind]))


def object_operations(objects: Objects) -> tuple[Operation, ...]:
    """List, create, read, update, delete."""
    calls = _Calls(objects)
    word_one, word_all = objects.words
    views = VIEWS if objects.views else ()
    several = len(objects.type_names()) > 1 or objects.kind == "dns"
    kinds = word("type", "Only of that type.", " ".join(objects.type_names()))
    made = flat_create_options(TYPES[objects.kind]).values()
    changed = flat_update_options(TYPES[objects.kind]).values()
    return (
        Operation(
            "GET",
            objects.path,
            calls.rows,
            f"The {word_all}.",
            (*views, kinds) if several else views,
            ANY_USER,
        ),
        Operation(
            "POST",
            objects.path,
            calls.create,
            f"Make a {word_one}.",
            (objects.key, _type(objects), LOCK_TOKEN, *made),
            objects.creating,
        ),
        Operation(
            "GET",
            objects.one,
            calls.row,
            f"One {word_one}.",
            (objects.key, *views),
            objects.reading,
        ),
        Operation(
            "PUT",
            objects.one,
            calls.update,
            f"Change a {word_one}.",
            (objects.key, LOCK_TOKEN, *(o for o in changed if o.name != "reversev6mask")),
            objects.changing,
        ),
        Operation(
            "DELETE",
            objects.one,
            calls.remove,
            f"Remove a {word_one} that nothing needs.",
            (objects.key, LOCK_TOKEN),
            objects.removing,
        ),
    )


def _type(objects: Objects) -> Option:
    names = objects.type_names()
    option = Option("type", "The type.", choices=names, fixed=True)
    if objects.kind == "vnets":
        return option
    return replace(option, required=True, format=CONFIG_ID)


class _Calls:
    """The handlers of one kind."""

    def __init__(self, objects: Objects) -> None:
        self._objects, self._kind = objects, objects.kind

    async def rows(self, request: Request, ports: ApiPorts) -> list[Row]:
        wanted = request.parameters.get("type")
        zones = zones_of_vnets(ports) if self._kind == "vnets" else {}
        rows = [
            row
            for row in viewed(self._kind, request, ports)
            if wanted in (None, row.get("type")) and self._visible(row, zones, request, ports)
        ]
        return names_only(rows, KEYS[self._kind], "type") if self._objects.short else rows

    def _visible(
        self, row: Row, zones: Mapping[str, str], request: Request, ports: ApiPorts
    ) -> bool:
        name = row[KEYS[self._kind]]
        if self._kind == "vnets":
            path = f"/sdn/zones/{zones[str(name)]}/{name}"
        else:
            path = f"/sdn/{self._kind}/{name}" if self._kind == "zones" else f"/sdn/{self._kind}"
        return may(request, ports, path, *_SEES)

    async def row(self, request: Request, ports: ApiPorts) -> Row:
        name = self._name(request)
        if self._kind == "vnets":
            need_vnet(request, ports, name, *_SEES)
        return viewed_one(self._kind, name, request, ports)

    async def create(self, request: Request, ports: ApiPorts) -> None:
        need_lock(request, ports)
        kind = str(request.parameters.get("type") or self._objects.type_names()[0])
        texts = texts_of(request, self._objects.key.name)
        await sdn_of(ports).create(self._kind, kind, self._name(request), texts)

    async def update(self, request: Request, ports: ApiPorts) -> None:
        name, given = self._name(request), request.parameters
        self._may_change(request, ports)
        need_lock(request, ports)
        texts = texts_of(request, self._objects.key.name)
        delete, digest = given.get("delete") or (), given.get("digest")
        await sdn_of(ports).update(self._kind, name, texts, delete, digest)

    async def remove(self, request: Request, ports: ApiPorts) -> None:
        self._may_change(request, ports)
        need_lock(request, ports)
        await sdn_of(ports).remove(self._kind, self._name(request))

    def _may_change(self, request: Request, ports: ApiPorts) -> None:
        """A network may be moved into a zone by who may make one there."""
        if self._kind != "vnets":
            return
        need_vnet(request, ports, self._name(request), "SDN.Allocate")
        target = request.parameters.get("zone")
        if target is not None:
            _need_zone(request, ports, str(target))

    def _name(self, request: Request) -> str:
        return str(request.parameters[self._objects.key.name])


def _need_zone(request: Request, ports: ApiPorts, zone: str) -> None:
    if not may(request, ports, f"/sdn/zones/{zone}", "SDN.Allocate"):
        raise ForbiddenError(f"Permission check failed (/sdn/zones/{zone}, SDN.Allocate)")


def _plain(kind: str, key: str, words: tuple[str, str], pattern: str, **more: Any) -> Objects:
    base = f"/sdn/{kind}"
    allocate = perm(base, "SDN.Allocate")
    option = text(key, f"The {words[0]}.", pattern=pattern, min_length=2, required=True, **more)
    one = perm(f"{base}/{{{key}}}", "SDN.Allocate")
    views = kind == "controllers"
    return Objects(kind, option, words, one, allocate, allocate, allocate, views, short=not views)


_ZONES: Final = Objects(
    "zones",
    ZONE,
    ("zone", "zones"),
    perm("/sdn/zones/{zone}", "SDN.Allocate"),
    perm("/sdn/zones", "SDN.Allocate"),
    perm("/sdn/zones/{zone}", "SDN.Allocate"),
    perm("/sdn/zones/{zone}", "SDN.Allocate"),
)
_VNETS: Final = Objects(
    "vnets",
    VNET,
    ("network", "networks"),
    ANY_USER,
    perm("/sdn/zones/{zone}", "SDN.Allocate"),
    ANY_USER,
    ANY_USER,
)
KINDS: Final = (
    _ZONES,
    _VNETS,
    _plain("controllers", "controller", ("controller", "controllers"), LONG_ID, max_length=64),
    _plain("dns", "dns", ("DNS server", "DNS servers"), SHORT_ID),
    _plain("ipams", "ipam", ("IPAM", "IPAMs"), SHORT_ID),
)
OPERATIONS: Final = tuple(one for objects in KINDS for one in object_operations(objects))
