"""Realms: where users are known."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from appliance.api.operations.access.options import REALM_NAME, given
from appliance.api.permissions import both, on, perm
from appliance.api.ports import ApiPorts
from appliance.api.table import WORLD, Operation, Request
from appliance.model.access.realms import BUILT_IN, FILE, SECRET, TYPES, Realm
from appliance.model.digest import digest_of
from appliance.model.option import Option
from appliance.model.options import realms as options
from appliance.model.section_parameters import (
    flat_create_options,
    flat_update_options,
    type_option,
)
from appliance.services.access import realms
from appliance.services.access.files import REALMS
from appliance.services.config.sections import SectionFile, Sections
from appliance.services.config.texts import read_text
from appliance.services.tasks.context import TaskContext

_NO_OPTIONS: Final = ("realm", "type", "check-connection", "delete", "digest", SECRET)
_FILE: Final = SectionFile(FILE, TYPES, "realm", "domain")


async def _list(_request: Request, ports: ApiPorts) -> list[dict[str, Any]]:
    """For the login form: who asks is nobody yet."""
    found = ports.accounts.files.read(REALMS).realms
    return [_offered(realm) for _name, realm in sorted(found.items())]


def _offered(realm: Realm) -> dict[str, Any]:
    row: dict[str, Any] = {"realm": realm.name, "type": realm.type}
    if realm.values.get("comment"):
        row["comment"] = realm.values["comment"]
    if realm.values.get("default"):
        row["default"] = 1
    if realm.tfa is not None:
        row["tfa"] = realm.tfa.values["type"]
    return row


async def _read(request: Request, ports: ApiPorts) -> dict[str, Any]:
    name = request.parameters["realm"]
    realm = realms.existing_realm(ports.accounts, name)
    sections = Sections(ports.store, _FILE)
    if name in BUILT_IN and name not in [row["realm"] for row in sections.rows()]:
        digest = digest_of(read_text(ports.store, FILE))
        return {"type": realm.type, "comment": BUILT_IN[name], "digest": digest}
    return {key: value for key, value in sections.row(name).items() if key != "realm"}


def _change(request: Request) -> realms.RealmChange:
    asked = request.parameters
    texts = {
        name: text
        for name, text in request.texts.items()
        if name not in _NO_OPTIONS and isinstance(text, str)
    }
    return realms.RealmChange(
        asked["realm"],
        texts,
        tuple(asked.get("delete") or ()),
        asked.get(SECRET),
        asked.get("digest"),
        asked["check-connection"],
    )


async def _create(request: Request, ports: ApiPorts) -> None:
    kind = request.parameters["type"]
    await realms.create_realm(ports.accounts, request.user, kind, _change(request))


async def _update(request: Request, ports: ApiPorts) -> None:
    await realms.update_realm(ports.accounts, request.user, _change(request))


async def _delete(request: Request, ports: ApiPorts) -> None:
    await realms.delete_realm(ports.accounts, request.user, request.parameters["realm"])


async def _sync(request: Request, ports: ApiPorts) -> str:
    name, dry = request.parameters["realm"], request.parameters["dry-run"]
    sync = realms.prepare_sync(ports.accounts, name, given(request), dry=dry)

    async def job(task: TaskContext) -> None:
        await realms.run_sync(ports.accounts, request.user, sync, task)

    kind = "auth-realm-sync-test" if dry else "auth-realm-sync"
    return await ports.work.start(kind, name, request.user, job)


_PROBE: Final = Option(
    "check-connection", "Ask the directory before the realm is written.", "boolean", default=False
)
_SYNC: Final = (
    REALM_NAME,
    *(replace(option, required=False) for option in options.SYNC.options),
    Option("dry-run", "Say what would change, and change nothing.", "boolean", default=False),
)
_ALLOCATE: Final[Mapping[str, Any] | None] = perm("/access/realm", "Realm.Allocate")
_ONE: Final = "/access/domains/{realm}"


def _plain(found: Mapping[str, Option]) -> tuple[Option, ...]:
    return tuple(option for name, option in found.items() if name not in ("realm", "type"))


OPERATIONS: Final = (
    Operation("GET", "/access/domains", _list, "The realms one can log in to.", (), WORLD),
    Operation(
        "POST",
        "/access/domains",
        _create,
        "Make a realm.",
        (
            REALM_NAME,
            type_option(options.TYPES),
            _PROBE,
            *_plain(flat_create_options(options.TYPES)),
        ),
        _ALLOCATE,
    ),
    Operation(
        "GET",
        _ONE,
        _read,
        "A realm.",
        (REALM_NAME,),
        perm("/access/realm", "Realm.Allocate", "Sys.Audit", any_of=True),
    ),
    Operation(
        "PUT",
        _ONE,
        _update,
        "Change a realm.",
        (REALM_NAME, _PROBE, *_plain(flat_update_options(options.TYPES))),
        _ALLOCATE,
    ),
    Operation("DELETE", _ONE, _delete, "Remove a realm; users stay.", (REALM_NAME,), _ALLOCATE),
    Operation(
        "POST",
        f"{_ONE}/sync",
        _sync,
        "Take over users and groups of the directory.",
        _SYNC,
        both(
            on("/access/realm/{realm}", "Realm.AllocateUser"), on("/access/groups", "User.Modify")
        ),
    ),
)
