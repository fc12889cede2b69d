"""Pools: guests and storages that share permissions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from appliance.api.permissions import perm
from appliance.api.ports import ApiPorts
from appliance.api.table import ANY_USER, Handler, Operation, Request
from appliance.model.access.users import Pool
from appliance.model.errors import ForbiddenError
from appliance.model.formats.names import POOL_ID, STORAGE_ID, VMID
from appliance.model.option import Option
from appliance.services.access import pools
from appliance.services.access.members import pool_members
from appliance.services.guests.rows import Row, by_node, resource_row

_LOOK: Final = ("Pool.Audit", "Pool.Allocate")


async def _list(request: Request, ports: ApiPorts) -> list[dict[str, Any]]:
    """All pools that one may see, or the one that was asked for, with its members."""
    access, asked = ports.accounts.access(), request.parameters
    name = asked.get("poolid")
    if name is not None:
        if not access.has_any(request.user, f"/pool/{name}", _LOOK[:1]):
            raise ForbiddenError(f"Permission check failed (/pool/{name}, Pool.Audit)")
        return [{"poolid": name, **_whole(request, ports)}]
    return [
        {"poolid": name, **_comment(pool)}
        for name, pool in sorted(access.config.pools.items())
        if access.has_any(request.user, f"/pool/{name}", _LOOK)
    ]


async def _read(request: Request, ports: ApiPorts) -> dict[str, Any]:
    return _whole(request, ports)


def _whole(request: Request, ports: ApiPorts) -> dict[str, Any]:
    asked = request.parameters
    pool = pools.existing_pool(ports.accounts.access().config, asked["poolid"])
    seen = _seen(pool, ports)
    rows = pool_members(pool, ports.store.guests(), ports.node, asked.get("type"))
    return {
        **_comment(pool),
        "members": [{**seen.get(row["id"], {}), **row} for row in rows],
    }


def _seen(pool: Pool, ports: ApiPorts) -> dict[str, Row]:
    """How the members are, by id, as far as this node knows."""
    node = ports.guests
    if node is None:
        return {}
    guests = by_node(
        (one for one in node.summaries.all() if one.vmid in pool.vms), node.board.guests()
    )
    states = node.ha_states()
    rows = [resource_row(one, live, None, states.get(one.sid)) for one, live in guests]
    storages = node.watch.storages().get(ports.node, {})
    return {
        **{row["id"]: row for row in rows},
        **{f"storage/{ports.node}/{name}": row for name, row in storages.items()},
    }


def _comment(pool: Pool) -> dict[str, str]:
    return {"comment": pool.comment} if pool.comment else {}


async def _create(request: Request, ports: ApiPorts) -> None:
    asked = request.parameters
    comment = asked.get("comment", "")
    await pools.create_pool(ports.accounts, request.user, asked["poolid"], comment)


async def _update(request: Request, ports: ApiPorts) -> None:
    asked = request.parameters
    members = pools.Membership(
        tuple(int(vmid) for vmid in asked.get("vms", ())),
        asked.get("storage", ()),
        asked["delete"],
        asked["allow-move"],
    )
    comment = asked.get("comment")
    await pools.update_pool(ports.accounts, request.user, asked["poolid"], comment, members)


async def _delete(request: Request, ports: ApiPorts) -> None:
    await pools.delete_pool(ports.accounts, request.user, request.parameters["poolid"])


_POOLID: Final = Option("poolid", "The pool; NAME/NAME is one inside another.", format=POOL_ID)
_THE_POOL: Final = replace(_POOLID, required=True)
_COMMENT: Final = Option("comment", "A remark.", empty=True)
_TYPE: Final = Option("type", "Members of this kind only.", choices=("qemu", "lxc", "storage"))
_CHANGE: Final = (
    _THE_POOL,
    _COMMENT,
    Option("vms", "Guests that come in, or go.", format=VMID, many=True, empty=True),
    Option("storage", "Storages that come in, or go.", format=STORAGE_ID, many=True, empty=True),
    Option("delete", "They go.", "boolean", default=False),
    Option("allow-move", "Guests may come from another pool.", "boolean", default=False),
)
_ALLOCATE: Final[Mapping[str, Any] | None] = perm("/pool/{poolid}", "Pool.Allocate")


def _change(verb: str, handler: Handler, sentence: str, *options: Option) -> tuple[Operation, ...]:
    """With the pool as a parameter, and, older, in the path."""
    return tuple(
        Operation(verb, path, handler, sentence, options, _ALLOCATE)
        for path in ("/pools", "/pools/{poolid}")
    )


OPERATIONS: Final = (
    Operation(
        "GET",
        "/pools",
        _list,
        "The pools, or one of them with its members.",
        (_POOLID, replace(_TYPE, requires="poolid")),
        ANY_USER,
    ),
    Operation("POST", "/pools", _create, "Make a pool.", (_THE_POOL, _COMMENT), _ALLOCATE),
    *_change("PUT", _update, "Change a pool or its members.", *_CHANGE),
    *_change("DELETE", _delete, "Delete an empty pool.", _THE_POOL),
    Operation(
        "GET",
        "/pools/{poolid}",
        _read,
        "A pool with its members.",
        (_THE_POOL, _TYPE),
        perm("/pool/{poolid}", "Pool.Audit"),
    ),
)
