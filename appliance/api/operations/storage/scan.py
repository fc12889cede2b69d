"""/nodes/N/scan: what could become a storage."""

from __future__ import annotations

from typing import Any, Final

from appliance.api.operations.storage.common import NODE, storages
from appliance.api.permissions import perm
from appliance.api.ports import ApiPorts
from appliance.api.table import Handler, Operation, Request
from appliance.model.errors import MissingError
from appliance.model.formats.network import PORTAL, SERVER
from appliance.model.option import Option
from appliance.model.options.make import text, whole

Row = dict[str, Any]


def _rows(found: tuple[tuple[str, str], ...], first: str, second: str) -> list[Row]:
    return [{first: name, second: told} for name, told in found]


async def _nfs(request: Request, ports: ApiPorts) -> list[Row]:
    found = await storages(ports).scan.nfs(str(request.parameters["server"]))
    return _rows(found, "path", "options")


async def _cifs(request: Request, ports: ApiPorts) -> list[Row]:
    given = request.parameters
    login = (given.get(key) for key in ("username", "password", "domain"))
    found = await storages(ports).scan.cifs(str(given["server"]), *login)
    return _rows(found, "share", "description")


async def _iscsi(request: Request, ports: ApiPorts) -> list[Row]:
    found = await storages(ports).scan.iscsi(str(request.parameters["portal"]))
    return _rows(found, "target", "portal")


async def _pbs(request: Request, ports: ApiPorts) -> list[Row]:
    given = request.parameters
    found = await storages(ports).scan.pbs(
        str(given["server"]),
        int(given.get("port", 8007)),
        str(given["username"]),
        str(given["password"]),
        given.get("fingerprint"),
    )
    return _rows(found, "store", "comment")


async def _lvm(_request: Request, ports: ApiPorts) -> list[Row]:
    return [{"vg": group.name} for group in await storages(ports).disks.groups()]


async def _lvmthin(request: Request, ports: ApiPorts) -> list[Row]:
    name = request.parameters["vg"]
    for group in await storages(ports).disks.groups():
        if group.name == name:
            return [{"lv": pool.name} for pool in group.thin_pools]
    raise MissingError(f"no such volume group '{name}'")


async def _zfs(_request: Request, ports: ApiPorts) -> list[Row]:
    return [{"pool": pool.name} for pool in await storages(ports).disks.zpools()]


def _scan(what: str, handler: Handler, sentence: str, *options: Option) -> Operation:
    return Operation(
        "GET",
        f"/nodes/{{node}}/scan/{what}",
        handler,
        sentence,
        (NODE, *options),
        perm("/storage", "Datastore.Allocate"),
        node="node",
    )


_SERVER: Final = text("server", "The server.", SERVER, required=True)
OPERATIONS: Final = (
    _scan("nfs", _nfs, "What an NFS server exports.", _SERVER),
    _scan(
        "cifs",
        _cifs,
        "The shares of a CIFS server.",
        _SERVER,
        text("username", "Who asks."),
        text("password", "With this password.", secret=True),
        text("domain", "The domain of the user."),
    ),
    _scan(
        "iscsi",
        _iscsi,
        "The targets of an iSCSI server.",
        text("portal", "Its address.", PORTAL, required=True),
    ),
    _scan(
        "pbs",
        _pbs,
        "The datastores of a backup server.",
        _SERVER,
        text("username", "Who asks.", required=True),
        text("password", "With this password, or the secret of a token.", secret=True,
             required=True),
        text("fingerprint", "Of the server's certificate.",
             pattern=r"([A-Fa-f0-9]{2}:){31}[A-Fa-f0-9]{2}"),
        whole("port", "The port of the server.", 1, 65535, 8007),
    ),
    _scan("lvm", _lvm, "The volume groups of the node."),
    _scan(
        "lvmthin",
        _lvmthin,
        "The thin pools of a volume group.",
        text("vg", "The volume group.", max_length=100,
             pattern=r"[a-zA-Z0-9\.\+\_][a-zA-Z0-9\.\+\_\-]+", required=True),
    ),
    _scan("zfs", _zfs, "The ZFS pools of the node."),
)  # fmt: skip
