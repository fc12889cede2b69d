"""Calls over a file of sections: list, create, read, update, delete, from the declared types."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from appliance.api.ports import ApiPorts
from appliance.api.table import Handler, Operation, Permission, Request
from appliance.model.option import Option
from appliance.model.parameters import Text
from appliance.model.section_parameters import (
    flat_create_options,
    flat_update_options,
    type_option,
)
from appliance.services.config.sections import Row, SectionFile, Sections

Texts = dict[str, Text]
Shape = Callable[[Row, Request, ApiPorts], Row]
Visible = Callable[[Row, Request, ApiPorts], bool]
Before = Callable[[Request, ApiPorts, Texts], Awaitable[None]]
Step = Callable[[Request, ApiPorts], Awaitable[None]]
ALL: Final = ("list", "create", "read", "update", "delete")


@dataclass(frozen=True, slots=True)
class Rights:
    """Who may do what with the sections of a file."""

    listing: Permission
    reading: Permission
    creating: Permission
    updating: Permission
    deleting: Permission


@dataclass(frozen=True, slots=True)
class Crud:
    """The five calls for the sections of a file.

    path     of the list; `{key}` follows for one of them. make: where POST goes, if elsewhere
    key      the parameter that names a section
    words    what one is called and what many are, for sentences
    kind     the type of all sections here; without it a new section says its type
    calls    which of the five there are
    more     parameters beside the options, by call
    other    how the parameters of a call differ from the options, by call and name; None: not taken
    shape    how a row is answered; visible: whether who asks sees it in the list
    before   called before a section is made or changed; may raise, or change the texts
    removed  called before a section is removed
    """

    path: str
    file: SectionFile
    key: Option
    words: tuple[str, str]
    rights: Rights
    kind: str = ""
    make: str = ""
    calls: tuple[str, ...] = ALL
    more: Mapping[str, tuple[Option, ...]] = field(default_factory=dict)
    other: Mapping[str, Mapping[str, Mapping[str, Any] | None]] = field(default_factory=dict)
    shape: Shape | None = None
    visible: Visible | None = None
    before: Before | None = None
    removed: Step | None = None

    def shaped(self, row: Row, request: Request, ports: ApiPorts) -> Row:
        return self.shape(row, request, ports) if self.shape is not None else row

    @property
    def kinds(self) -> tuple[str, ...]:
        return (self.kind,) if self.kind else ()


def crud_operations(crud: Crud) -> tuple[Operation, ...]:
    """The operations, in the order of `ALL`."""
    return tuple(_MAKERS[call](crud) for call in crud.calls)


def section_texts(request: Request, *without: str) -> Texts:
    """What was given but the parameters that are no options."""
    apart = {"type", "delete", "digest", *without}
    return {key: text for key, text in request.texts.items() if key not in apart}


def _list(crud: Crud) -> Operation:
    async def handler(request: Request, ports: ApiPorts) -> list[Row]:
        wanted = request.parameters.get("type")
        rows = Sections(ports.store, crud.file).rows(*crud.kinds)
        return [
            crud.shaped(row, request, ports)
            for row in rows
            if wanted in (None, row["type"])
            and (crud.visible is None or crud.visible(row, request, ports))
        ]

    options = crud.more.get("list", ())
    return Operation(
        "GET", crud.path, handler, f"All {crud.words[1]}.", options, crud.rights.listing
    )


def _read(crud: Crud) -> Operation:
    async def handler(request: Request, ports: ApiPorts) -> Row:
        name = str(request.parameters[crud.key.name])
        row = Sections(ports.store, crud.file).row(name, *crud.kinds)
        return crud.shaped(row, request, ports)

    return _at(crud, "GET", handler, f"One {crud.words[0]}.", "read", crud.rights.reading)


def _create(crud: Crud) -> Operation:
    async def handler(request: Request, ports: ApiPorts) -> None:
        texts = section_texts(request, crud.key.name, *_names(crud, "create"))
        if crud.before is not None:
            await crud.before(request, ports, texts)
        kind = crud.kind or str(request.parameters.get("type") or crud.file.types[0].name)
        own = str(request.parameters[crud.key.name])
        digest = request.parameters.get("digest")
        await Sections(ports.store, crud.file).create(kind, own, texts, digest)

    sentence = f"Make a {crud.words[0]}."
    asks = _adjusted(crud, "create", () if crud.kind else (type_option(_types(crud)),))
    made = _adjusted(crud, "create", flat_create_options(_types(crud)).values())
    options = _joined((crud.key, *asks, *crud.more.get("create", ())), made)
    path = crud.make or crud.path
    return Operation("POST", path, handler, sentence, options, crud.rights.creating)


def _update(crud: Crud) -> Operation:
    async def handler(request: Request, ports: ApiPorts) -> None:
        texts = section_texts(request, crud.key.name, *_names(crud, "update"))
        if crud.before is not None:
            await crud.before(request, ports, texts)
        given = request.parameters
        sections = Sections(ports.store, crud.file)
        name = str(given[crud.key.name])
        sections.row(name, *crud.kinds)
        await sections.update(name, texts, given.get("delete") or (), given.get("digest"))

    listed = _adjusted(crud, "update", flat_update_options(_types(crud)).values())
    sentence = f"Change a {crud.words[0]}."
    return _at(crud, "PUT", handler, sentence, "update", crud.rights.updating, listed)


def _delete(crud: Crud) -> Operation:
    async def handler(request: Request, ports: ApiPorts) -> None:
        sections, name = Sections(ports.store, crud.file), str(request.parameters[crud.key.name])
        sections.row(name, *crud.kinds)
        if crud.removed is not None:
            await crud.removed(request, ports)
        await sections.remove(name, request.parameters.get("digest"))

    sentence = f"Remove a {crud.words[0]}."
    return _at(crud, "DELETE", handler, sentence, "delete", crud.rights.deleting)


_MAKERS: Final = {
    "list": _list,
    "create": _create,
    "read": _read,
    "update": _update,
    "delete": _delete,
}


def _at(
    crud: Crud,
    verb: str,
    handler: Handler,
    sentence: str,
    call: str,
    permission: Permission,
    options: Iterable[Option] = (),
) -> Operation:
    """An operation on one section."""
    path = f"{crud.path}/{{{crud.key.name}}}"
    key = replace(crud.key, required=True)
    listed = _joined((*crud.more.get(call, ()), key), options)
    return Operation(verb, path, handler, sentence, listed, permission)


def _types(crud: Crud) -> tuple[Any, ...]:
    return tuple(t for t in crud.file.types if not crud.kind or t.name == crud.kind)


def _names(crud: Crud, call: str) -> tuple[str, ...]:
    return tuple(option.name for option in crud.more.get(call, ()))


def _joined(first: Iterable[Option], rest: Iterable[Option]) -> tuple[Option, ...]:
    """Each name once; what comes first holds."""
    found: dict[str, Option] = {}
    for option in (*first, *rest):
        found.setdefault(option.name, option)
    return tuple(found.values())


def _adjusted(crud: Crud, call: str, options: Iterable[Option]) -> tuple[Option, ...]:
    other = crud.other.get(call, {})
    found = []
    for option in options:
        change = other.get(option.name, {})
        if change is not None:
            found.append(replace(option, **change))
    return tuple(found)
