"""/nodes/N/disks: the disks of a node, and what is made of them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from typing import Any, Final

from appliance.api.operations.storage.common import NODE, storages
from appliance.api.permissions import AUDIT, MODIFY, either, on
from appliance.api.ports import ApiPorts
from appliance.api.table import Handler, Operation, Request
from appliance.model.errors import ConfigError, MissingError
from appliance.model.formats import BY_NAME
from appliance.model.formats.names import STORAGE_ID
from appliance.model.option import Option
from appliance.model.options.make import flag, text, whole, word
from appliance.model.property_string import Properties, PropertyString
from appliance.model.storage.disks import (
    Disk,
    New,
    NewDirectory,
    NewGroup,
    NewZpool,
    VolumeGroup,
    Zpool,
)
from appliance.ports.disks import Disks, Made
from appliance.services.storage.disk_work import DiskWork, check_storage_is_new
from appliance.services.tasks.context import TaskContext

Row = dict[str, Any]
_DEVICE: Final = r"^/dev/[a-zA-Z0-9\/]+$"


def _disks(ports: ApiPorts) -> Disks:
    return storages(ports).disks


# looking


async def _list(request: Request, ports: ApiPorts) -> list[Row]:
    given = request.parameters
    found = await _disks(ports).list()
    parts = bool(given.get("include-partitions"))
    rows = [_disk(disk) for disk in found if parts or not disk.parent]
    if given.get("type") == "unused":
        return [row for row in rows if "used" not in row]
    if given.get("type") == "journal_disks":
        return [row for row in rows if "used" not in row or row["gpt"]]
    return rows


def _disk(disk: Disk) -> Row:
    row: Row = {
        "devpath": disk.device,
        "size": disk.size_bytes,
        "type": disk.kind,
        "model": disk.model,
        "vendor": disk.vendor,
        "serial": disk.serial,
        "wwn": disk.wwn,
        "rpm": disk.rpm,
        "health": disk.health,
        "wearout": "N/A" if disk.wearout is None else disk.wearout,
        "gpt": int(disk.gpt),
        "mounted": int(disk.mounted),
        "osdid": -1,
        "osdid-list": [],
    }
    if disk.used:
        row["used"] = disk.used
    if disk.parent:
        row["parent"] = disk.parent
    return row


async def _smart(request: Request, ports: ApiPorts) -> Row:
    found = await _disks(ports).smart(str(request.parameters["disk"]))
    if request.parameters.get("healthonly"):
        return {"health": found.health}
    if found.kind == "text":
        return {"health": found.health, "type": "text", "text": found.text}
    rows = [
        {
            "id": f"{one.number:3}",
            "name": one.name,
            "flags": one.flags,
            "value": one.value,
            "normalized": one.value,
            "worst": one.worst,
            "threshold": one.threshold,
            "fail": one.fail,
            "raw": one.raw,
        }
        for one in found.attributes
    ]
    return {"health": found.health, "type": found.kind, "attributes": rows}


async def _directories(_request: Request, ports: ApiPorts) -> list[Row]:
    return [
        {
            "path": mount.path,
            "device": mount.device,
            "type": mount.filesystem,
            "options": mount.options,
            "unitfile": f"/etc/systemd/system/mnt-pve-{mount.name}.mount",
        }
        for mount in await _disks(ports).mounts()
    ]


async def _groups(_request: Request, ports: ApiPorts) -> Row:
    found = await _disks(ports).groups()
    return {"leaf": 0, "children": [_group(group) for group in found]}


def _group(group: VolumeGroup) -> Row:
    devices = [
        {"name": name, "size": size, "free": free, "leaf": 1} for name, size, free in group.devices
    ]
    return {
        "name": group.name,
        "size": group.size_bytes,
        "free": group.free_bytes,
        "leaf": 0,
        "children": devices,
    }


async def _thin_pools(_request: Request, ports: ApiPorts) -> list[Row]:
    return [
        {
            "lv": pool.name,
            "vg": group.name,
            "lv_size": pool.size_bytes,
            "used": pool.used_bytes,
            "metadata_size": pool.metadata_bytes,
            "metadata_used": pool.metadata_used_bytes,
        }
        for group in await _disks(ports).groups()
        for pool in group.thin_pools
    ]


async def _zpools(_request: Request, ports: ApiPorts) -> list[Row]:
    return [
        {
            "name": pool.name,
            "size": pool.size_bytes,
            "alloc": pool.used_bytes,
            "free": pool.size_bytes - pool.used_bytes,
            "frag": 0,
            "dedup": 1.0,
            "health": pool.health,
        }
        for pool in await _disks(ports).zpools()
    ]


async def _zpool(request: Request, ports: ApiPorts) -> Row:
    name = request.parameters["name"]
    for pool in await _disks(ports).zpools():
        if pool.name == name:
            return _detail(pool)
    raise MissingError(f"there is no pool '{name}'")


def _detail(pool: Zpool) -> Row:
    counts = {"read": 0, "write": 0, "cksum": 0, "msg": ""}
    leaves = [{"name": device, "state": "ONLINE", "leaf": 1, **counts} for device in pool.devices]
    groups: list[Row] = [{"name": pool.level, "state": pool.health, **counts, "children": leaves}]
    top: Row = {"name": pool.name, "state": pool.health, **counts,
                "children": leaves if pool.level == "single" else groups}  # fmt: skip
    return {
        "name": pool.name,
        "state": pool.health,
        "scan": "none requested",
        "errors": "No known data errors",
        "children": [top],
    }


# changing


async def _start(
    request: Request, ports: ApiPorts, kind: str, what: str,
    work: Callable[[TaskContext], Awaitable[None]],
) -> str:  # fmt: skip
    return await ports.work.start(kind, what, request.user, work)


async def _init_gpt(request: Request, ports: ApiPorts) -> str:
    device, uuid = str(request.parameters["disk"]), request.parameters.get("uuid")
    disks = _disks(ports)
    return await _start(request, ports, "diskinit", _plain(device),
                        lambda _task: disks.init_gpt(device, uuid))  # fmt: skip


async def _wipe(request: Request, ports: ApiPorts) -> str:
    device, disks = str(request.parameters["disk"]), _disks(ports)
    return await _start(request, ports, "wipedisk", _plain(device),
                        lambda _task: disks.wipe(device))  # fmt: skip


def _plain(device: str) -> str:
    return device.removeprefix("/dev/").replace("/", "-")


def _work(ports: ApiPorts) -> DiskWork:
    return DiskWork(ports.node, _disks(ports), ports.store)


def _creating(kind: str, made: Callable[[Request], New]) -> Handler:
    async def create(request: Request, ports: ApiPorts) -> str:
        new, declare = made(request), bool(request.parameters.get("add_storage"))
        if declare:
            check_storage_is_new(storages(ports).pools.config, new)
        work = _work(ports)
        return await _start(request, ports, kind, new.name,
                            lambda task: work.create(new, task, declare=declare))  # fmt: skip

    return create


def _removing(kind: str, made: Made) -> Handler:
    async def remove(request: Request, ports: ApiPorts) -> str:
        given, work = request.parameters, _work(ports)
        name = str(given["name"])
        return await _start(
            request,
            ports,
            kind,
            name,
            lambda task: work.destroy(
                made,
                name,
                task,
                group=given.get("volume-group"),
                declared=bool(given.get("cleanup-config")),
                wipe=bool(given.get("cleanup-disks")),
            ),
        )

    return remove


def _device(request: Request) -> str:
    """ConfigError for what is no path of a device."""
    device = str(request.parameters["device"])
    return _checked(device, "device")


def _checked(device: str, field: str) -> str:
    if not device.startswith("/dev/") or ".." in device.split("/") or not device.isprintable():
        raise ConfigError(f"'{device[:100]}' is no device, allowed is /dev/<name>", field=field)
    return device


def _directory(request: Request) -> New:
    given = request.parameters
    return NewDirectory(str(given["name"]), _device(request), str(given.get("filesystem", "ext4")))


def _lvm(request: Request) -> New:
    return NewGroup(str(request.parameters["name"]), _device(request))


def _lvmthin(request: Request) -> New:
    return NewGroup(str(request.parameters["name"]), _device(request), thin=True)


def _zfs(request: Request) -> New:
    given = request.parameters
    devices = tuple(_checked(str(one), "devices") for one in given["devices"])
    draid = given.get("draid-config")
    if draid is not None and not str(given["raidlevel"]).startswith("draid"):
        raise ConfigError("is for draid alone", field="draid-config")
    if len(devices) != len(dict.fromkeys(devices)):
        raise ConfigError("names a device twice", field="devices")
    return NewZpool(
        str(given["name"]),
        devices,
        str(given["raidlevel"]),
        int(given.get("ashift", 12)),
        str(given.get("compression", "on")),
        _spares(draid),
    )


def _spares(draid: object) -> tuple[int, int] | None:
    if not isinstance(draid, PropertyString):
        return None
    data, spares = draid.values["data"], draid.values["spares"]
    assert isinstance(data, int)
    assert isinstance(spares, int)
    return data, spares


# the table

_NAME: Final = text("name", "What it is called.", STORAGE_ID, required=True)
_ADD: Final = flag("add_storage", "Whether a storage is declared on it.", False)
_ON: Final = text("device", "The disk it is made of.", required=True)
_CLEAN: Final = (
    flag("cleanup-config", "Whether storages on it are taken out too.", False),
    flag("cleanup-disks", "Whether the disks are wiped.", False),
)
_DISK: Final = text("disk", "The disk.", pattern=_DEVICE, required=True)
_DEVICES: Final = Option(
    "devices", "The disks.", format=BY_NAME["string"], many=True, required=True
)
_DRAID: Final = Properties(
    (
        whole("data", "Disks with data in each group.", 1, required=True),
        whole("spares", "Disks held in reserve.", 0, required=True),
    )
)
_ZFS: Final = (
    _NAME,
    _DEVICES,
    Option(
        "raidlevel",
        "How the disks work together.",
        choices=("single", "mirror", "raid10", "raidz", "raidz2", "raidz3", "draid", "draid2",
                 "draid3"),
        required=True,
    ),
    whole("ashift", "The size of a sector, as a power of two.", 9, 16, 12),
    word("compression", "How blocks are packed.", "on off gzip lz4 lzjb zle zstd", "on"),
    text("draid-config", "Of a draid: its groups and spares.", _DRAID),
    _ADD,
)  # fmt: skip


def _at(
    verb: str, path: str, handler: Handler, sentence: str, options: Iterable[Option],
    permission: Any = AUDIT,
) -> Operation:  # fmt: skip
    whole_path = f"/nodes/{{node}}/disks/{path}"
    return Operation(verb, whole_path, handler, sentence, (NODE, *options), permission, "node")


def _kept(
    path: str, listed: Handler, made: tuple[str, Callable[[Request], New]], kind: Made,
    what: str, options: tuple[Option, ...], more: tuple[Option, ...] = (),
) -> tuple[Operation, ...]:  # fmt: skip
    """List, create and destroy."""
    remove = _removing(f"{made[0].removesuffix('create')}remove", kind)
    return (
        _at("GET", path, listed, f"All {what}.", ()),
        _at("POST", path, _creating(*made), f"Make one of the {what}.", options, MODIFY),
        _at("DELETE", f"{path}/{{name}}", remove, f"Destroy one of the {what}.",
            (_NAME, *_CLEAN, *more), MODIFY),
    )  # fmt: skip


OPERATIONS: Final = (
    _at(
        "GET",
        "list",
        _list,
        "The disks.",
        (
            flag("include-partitions", "With their partitions.", False),
            flag("skipsmart", "Whether their health is not asked for.", False),
            word("type", "Only those.", "unused journal_disks"),
        ),
        either(on("/", "Sys.Audit"), on("/nodes/{node}", "Sys.Audit")),
    ),
    _at(
        "GET",
        "smart",
        _smart,
        "What a disk tells of its health.",
        (_DISK, flag("healthonly", "Whether only the verdict is wanted.")),
    ),
    _at(
        "POST",
        "initgpt",
        _init_gpt,
        "Give a disk an empty partition table.",
        (_DISK, text("uuid", "Of the table.", pattern=r"[a-fA-F0-9\-]+", max_length=36)),
        MODIFY,
    ),
    _at("PUT", "wipedisk", _wipe, "Erase a disk or partition.", (_DISK,), None),
    *_kept(
        "directory",
        _directories,
        ("dircreate", _directory),
        "directory",
        "directories that disks are mounted on",
        (_NAME, _ON, word("filesystem", "What is made on it.", "ext4 xfs", "ext4"), _ADD),
    ),
    *_kept("lvm", _groups, ("lvmcreate", _lvm), "lvm", "volume groups", (_NAME, _ON, _ADD)),
    *_kept(
        "lvmthin",
        _thin_pools,
        ("lvmthincreate", _lvmthin),
        "lvmthin",
        "thin pools",
        (_NAME, _ON, _ADD),
        (text("volume-group", "The group that it is in.", STORAGE_ID, required=True),),
    ),
    *_kept("zfs", _zpools, ("zfscreate", _zfs), "zfs", "ZFS pools", _ZFS),
    _at("GET", "zfs/{name}", _zpool, "How a ZFS pool is.", (_NAME,)),
)
