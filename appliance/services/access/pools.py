"""Pools: guests and storages that share permissions."""

from __future__ import annotations

from dataclasses import dataclass, replace

from appliance.core.access.permissions import Access
from appliance.model.access.users import Pool, UserConfig
from appliance.model.errors import (
    ExistsError,
    ForbiddenError,
    MissingError,
    RefusedError,
)
from appliance.services.access.accounts import Accounts
from appliance.services.access.acl import check_may_modify
from appliance.services.access.files import USERS, Draft


@dataclass(frozen=True, slots=True)
class Membership:
    """Guests and storages that come into a pool, or (delete) go out of it.

    `allow_move`: a guest may come out of another pool.
    """

    vms: tuple[int, ...] = ()
    storages: tuple[str, ...] = ()
    delete: bool = False
    allow_move: bool = False


def existing_pool(config: UserConfig, name: str) -> Pool:
    """The pool; MissingError if there is none."""
    pool = config.pools.get(name)
    if pool is None:
        raise MissingError(f"pool '{name}' does not exist")
    return pool


async def create_pool(accounts: Accounts, by: str, name: str, comment: str) -> None:
    """ExistsError; MissingError where the pool above is missing."""

    def edit(draft: Draft) -> None:
        config = draft.read(USERS)
        if name in config.pools:
            raise ExistsError(f"pool '{name}' already exists")
        above = name.rpartition("/")[0]
        if above:
            existing_pool(config, above)
        draft.write(USERS, config.with_pool(name, Pool(comment=comment)))

    await accounts.files.change(edit)
    accounts.tell(by, f"pool {name} created")


async def delete_pool(accounts: Accounts, by: str, name: str) -> None:
    """RefusedError while something is in it."""

    def edit(draft: Draft) -> None:
        config = draft.read(USERS)
        pool = existing_pool(config, name)
        inside = [f"guest {vmid}" for vmid in pool.vms]
        inside += [f"storage {storage}" for storage in pool.storages]
        inside += [f"pool {other}" for other in config.pools if other.startswith(f"{name}/")]
        if inside:
            raise RefusedError(f"pool '{name}' is not empty (contains {inside[0]})")
        draft.write(USERS, config.with_pool(name, None))

    await accounts.files.change(edit)
    accounts.tell(by, f"pool {name} deleted")


async def update_pool(
    accounts: Accounts, by: str, name: str, comment: str | None, members: Membership
) -> None:
    """MissingError, RefusedError; ForbiddenError where one of the guests or storages is not the
    caller's to give away.
    """
    guests = accounts.ports.store.guests()

    def edit(draft: Draft) -> None:
        config = draft.read(USERS)
        pool = existing_pool(config, name)
        if comment is not None:
            config = config.with_pool(name, replace(pool, comment=comment))
        for vmid in members.vms:
            if not members.delete and vmid not in guests:
                raise MissingError(f"VM {vmid} does not exist")
            config = _guest(Access(config), by, name, vmid, members)
        for storage in members.storages:
            config = _storage(Access(config), by, name, storage, members)
        draft.write(USERS, config)

    await accounts.files.change(edit)
    accounts.tell(by, f"pool {name} changed")


def _guest(access: Access, by: str, name: str, vmid: int, members: Membership) -> UserConfig:
    config = access.config
    check_may_modify(access, by, f"/vms/{vmid}")
    present = config.pool_of(vmid)
    if members.delete:
        if present != name:
            raise RefusedError(f"VM {vmid} is not a member of pool '{name}'")
        return _without(config, name, vmid)
    if present == name:
        raise RefusedError(f"VM {vmid} is a member of pool '{name}' already")
    if present is not None:
        if not members.allow_move:
            raise RefusedError(f"VM {vmid} is a member of pool '{present}'; allow-move moves it")
        if not access.has(by, f"/pool/{present}", ("Pool.Allocate",)):
            raise ForbiddenError(f"Permission check failed (/pool/{present}, Pool.Allocate)")
        config = _without(config, present, vmid)
    pool = config.pools[name]
    return config.with_pool(name, replace(pool, vms=tuple(sorted({*pool.vms, vmid}))))


def _without(config: UserConfig, name: str, vmid: int) -> UserConfig:
    pool = config.pools[name]
    return config.with_pool(name, replace(pool, vms=tuple(v for v in pool.vms if v != vmid)))


def _storage(access: Access, by: str, name: str, storage: str, members: Membership) -> UserConfig:
    config, pool = access.config, access.config.pools[name]
    check_may_modify(access, by, f"/storage/{storage}")
    if members.delete:
        if storage not in pool.storages:
            raise RefusedError(f"storage '{storage}' is not a member of pool '{name}'")
        left = tuple(item for item in pool.storages if item != storage)
    elif storage in pool.storages:
        raise RefusedError(f"storage '{storage}' is a member of pool '{name}' already")
    else:
        left = tuple(sorted({*pool.storages, storage}))
    return config.with_pool(name, replace(pool, storages=left))
