"""A guest's configuration: shown, changed, its pending changes, larger disks."""

from __future__ import annotations

from typing import Any, Final

from appliance.api.operations.guests.common import (
    DIGEST,
    KINDS,
    SKIP_LOCK,
    guest_of,
    guest_operation,
    guests_of,
    one,
    option_texts,
    require_options,
    require_storages,
    skips_lock,
)
from appliance.api.permissions import perm
from appliance.api.ports import ApiPorts
from appliance.api.table import Handler, Operation, Request
from appliance.core.guest.pending import rows, with_pending
from appliance.model.errors import ConfigError, MissingError
from appliance.model.formats.names import CONFIG_ID, STORAGE_ID
from appliance.model.guest.config import Settings, option_of
from appliance.model.guest.document import GuestKind
from appliance.model.option import Option
from appliance.model.options import ct, vm
from appliance.model.options.make import flag, text, whole, word
from appliance.model.upid import Upid
from appliance.services.guest_changes.files import GuestFile
from appliance.services.guests.change import Wish, change, unlocked_soon
from appliance.services.guests.disks import storages_of
from appliance.services.guests.growth import resize
from appliance.services.tasks.context import TaskContext

_MASK: Final = "**********"
_AUDIT: Final = perm("/vms/{vmid}", "VM.Audit")
_TABLES: Final = {"vm": vm.API_OPTIONS, "ct": ct.API_OPTIONS}
_CONFIGURE: Final = perm(
    "/vms/{vmid}", "VM.Config.Disk", "VM.Config.CDROM", "VM.Config.CPU", "VM.Config.Memory",
    "VM.Config.Network", "VM.Config.HWType", "VM.Config.Options", "VM.Config.Cloudinit",
    any_of=True,
)  # fmt: skip
_CONFIGURE_CT: Final = perm(
    "/vms/{vmid}", "VM.Config.Disk", "VM.Config.CPU", "VM.Config.Memory", "VM.Config.Network",
    "VM.Config.Options", any_of=True,
)  # fmt: skip


def option_names(kind: GuestKind) -> frozenset[str]:
    """Every key of such a guest that a call may set."""
    return frozenset(_TABLES[kind].names())


# looking


def shown(kind: GuestKind, settings: Settings) -> dict[str, Any]:
    """The keys as JSON has them: numbers as such, booleans as 0 and 1, secrets hidden."""
    found: dict[str, Any] = {
        key: _json_value(option_of(kind, key), text) for key, text in settings.values.items()
    }
    if settings.description:
        found["description"] = settings.description
    if settings.raw:
        found["lxc"] = [list(pair) for pair in settings.raw]
    return found


def _json_value(option: Option | None, text: str) -> Any:
    if option is None:
        return text
    if option.secret:
        return _MASK
    if option.kind == "string":
        return text
    value = option.decode(text)
    return int(value) if isinstance(value, bool) else value


def _config(kind: GuestKind) -> Handler:
    async def handler(request: Request, ports: ApiPorts) -> Any:
        """With what waits for the next start, unless only the present is asked for."""
        guest = guest_of(request, ports, kind)
        name = request.parameters.get("snapshot")
        if name is not None:
            part = guest.config.snapshots.get(name)
            if part is None:
                raise MissingError(f"snapshot '{name}' does not exist")
        elif request.parameters.get("current"):
            part = guest.config.current
        else:
            part = with_pending(guest.config)
        return {**shown(kind, part), "digest": guest.digest}

    return handler


def _pending(kind: GuestKind) -> Handler:
    async def handler(request: Request, ports: ApiPorts) -> Any:
        config = guest_of(request, ports, kind).config
        found = []
        for row in rows(config):
            option = option_of(kind, row.key)
            answer: dict[str, Any] = {"key": row.key}
            if row.value is not None:
                answer["value"] = _shown_text(option, row.value)
            if row.pending is not None:
                answer["pending"] = _shown_text(option, row.pending)
            if row.delete:
                answer["delete"] = row.delete
            found.append(answer)
        return [*found, {"key": "digest", "value": guest_of(request, ports, kind).digest}]

    return handler


def _shown_text(option: Option | None, value: str) -> str:
    return _MASK if option is not None and option.secret else value


# changing


def _wish(request: Request, ports: ApiPorts, kind: GuestKind) -> Wish:
    """What the call asks for, if the caller may have it. ConfigError, ForbiddenError."""
    given = request.parameters
    own = option_names(kind)
    texts = option_texts(request, own, ("description",))
    delete = _keys(kind, given.get("delete", ()), "delete")
    revert = _keys(kind, given.get("revert", ()), "revert")
    for key in texts:
        if key in delete or key in revert:
            raise ConfigError("cannot be set and deleted or reverted at once", field=key)
    described = dict.fromkeys(("description",) if "description" in request.texts else (), "")
    require_options(request, ports, kind, {**texts, **described}, (*delete, *revert))
    require_storages(request, ports, storages_of(kind, texts))
    description = one(request.texts["description"]) if "description" in request.texts else None
    return Wish(
        texts,
        delete,
        revert,
        description,
        bool(given.get("force")),
        given.get("digest"),
        skips_lock(request),
    )


def _keys(kind: GuestKind, names: tuple[str, ...], field: str) -> tuple[str, ...]:
    """Names of options; a numbered option without its number is none."""
    for name in names:
        if option_of(kind, name) is None and name != "lock":
            raise ConfigError(f"unknown option '{name}'", field=field)
    return tuple(dict.fromkeys(names))


def quiet_task(request: Request, ports: ApiPorts) -> TaskContext:
    """For work that is done while the caller waits."""
    upid = Upid(ports.node, 0, 0, int(ports.clock.wall()), "none", "", request.user)
    return TaskContext(upid, lambda _line: None)


def _update(kind: GuestKind) -> Handler:
    async def handler(request: Request, ports: ApiPorts) -> None:
        guest, wish = guest_of(request, ports, kind), _wish(request, ports, kind)
        await change(guests_of(ports), guest, wish, quiet_task(request, ports))

    return handler


async def _update_later(request: Request, ports: ApiPorts) -> Any:
    """As a task, since new disks may take their time."""
    guest, wish = guest_of(request, ports, "vm"), _wish(request, ports, "vm")
    guests = guests_of(ports)

    async def job(task: TaskContext) -> None:
        now = await unlocked_soon(guests, guest, wish)
        await change(guests, now, wish, task)

    return await ports.work.start("qmconfig", str(guest.vmid), request.user, job)


async def _unlink(request: Request, ports: ApiPorts) -> None:
    guest = guest_of(request, ports, "vm")
    keys = _keys("vm", request.parameters["idlist"], "idlist")
    require_options(request, ports, "vm", {}, keys)
    wish = Wish({}, keys, force=bool(request.parameters.get("force")))
    await change(guests_of(ports), guest, wish, quiet_task(request, ports))


def _resize(kind: GuestKind) -> Handler:
    async def handler(request: Request, ports: ApiPorts) -> Any:
        guest, given = guest_of(request, ports, kind), request.parameters
        skip, guests = skips_lock(request), guests_of(ports)
        _there(guest, given["disk"])

        async def job(task: TaskContext) -> None:
            now = guests.files.find(guest.vmid, kind, ports.node)
            digest = given.get("digest")
            await resize(
                guests, now, given["disk"], given["size"], task, digest=digest, skip_lock=skip
            )

        return await ports.work.start("resize", str(guest.vmid), request.user, job)

    return handler


def _there(guest: GuestFile, key: str) -> None:
    if guest.config.current.get(key) is None:
        raise MissingError(f"disk '{key}' does not exist")


# the table


def _set_options(kind: GuestKind) -> tuple[Option, ...]:
    more = [
        text("delete", "Options to delete.", CONFIG_ID, many=True),
        text("revert", "Options whose pending change is forgotten.", CONFIG_ID, many=True),
        DIGEST,
    ]
    if kind == "vm":
        more += [
            SKIP_LOCK,
            flag("force", "Free the volumes of deleted disks.", requires="delete"),
        ]
    return (*_TABLES[kind].options, *more)


def _of_kind(kind: GuestKind) -> tuple[Operation, ...]:
    disks = _disk_names(kind)
    looking = (
        flag("current", "Without what waits for the next start.", False),
        text("snapshot", "Of this snapshot.", CONFIG_ID, max_length=40),
    )
    size = text("size", "The new size, or +SIZE.", required=True,
        pattern=r"\+?\d+(\.\d+)?[KMGT]?")  # fmt: skip
    skip = (SKIP_LOCK,) if kind == "vm" else ()
    return (
        guest_operation("GET", kind, "/config", _config(kind), "The guest's options.",
            looking, _AUDIT),
        guest_operation("GET", kind, "/pending", _pending(kind),
            "The guest's options as they are and as they will be.", (), _AUDIT),
        guest_operation("PUT", kind, "/config", _update(kind), "Change options.",
            _set_options(kind), _CONFIGURE if kind == "vm" else _CONFIGURE_CT),
        guest_operation("PUT", kind, "/resize", _resize(kind), "Make a disk larger.",
            (word("disk", "Which.", disks, required=True), size, DIGEST, *skip),
            perm("/vms/{vmid}", "VM.Config.Disk", any_of=kind == "ct")),
    )  # fmt: skip


def _disk_names(kind: GuestKind) -> str:
    names = ("rootfs", "mp") if kind == "ct" else (*vm.DRIVE_BUSES, "efidisk", "tpmstate")
    order = {name: number for number, name in enumerate(names)}
    found = [o for o in _TABLES[kind].options if o.name in names]
    keys = []
    for option in sorted(found, key=lambda o: order[o.name]):
        if option.last is None:
            keys.append(option.name)
        else:
            keys += [f"{option.name}{number}" for number in range(option.last + 1)]
    return " ".join(keys)


_LATER: Final = (
    whole("background_delay", "Wait so long for the task before answering.", 1, 30,
        unit="seconds"),
    text("import-working-storage", "Where images are unpacked.", STORAGE_ID),
)  # fmt: skip
OPERATIONS: Final = (
    *(operation for kind in KINDS for operation in _of_kind(kind)),
    guest_operation("POST", "vm", "/config", _update_later, "Change options, as a task.",
        (*_set_options("vm"), *_LATER), _CONFIGURE),
    guest_operation("PUT", "vm", "/unlink", _unlink, "Unplug disks, or delete them.",
        (flag("force", "Free their volumes."),
         text("idlist", "Keys of disks.", CONFIG_ID, many=True, required=True)),
        perm("/vms/{vmid}", "VM.Config.Disk")),
)  # fmt: skip
