"""Groups and roles."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from appliance.core.access.permissions import unknown_privileges
from appliance.model.access.privileges import BUILT_IN_ROLES
from appliance.model.access.users import Group, UserConfig
from appliance.model.errors import ConfigError, ExistsError, MissingError, RefusedError
from appliance.services.access.accounts import Accounts
from appliance.services.access.files import USERS, Draft

# groups


async def create_group(accounts: Accounts, by: str, name: str, comment: str) -> None:
    """ExistsError."""

    def edit(config: UserConfig) -> UserConfig:
        if name in config.groups:
            raise ExistsError(f"group '{name}' already exists")
        return config.with_group(name, Group((), comment))

    await edit_users(accounts, by, edit, f"group {name} created")


async def update_group(accounts: Accounts, by: str, name: str, comment: str | None) -> None:
    """MissingError."""

    def edit(config: UserConfig) -> UserConfig:
        group = existing_group(config, name)
        return config.with_group(
            name, group if comment is None else replace(group, comment=comment)
        )

    await edit_users(accounts, by, edit, f"group {name} changed")


async def delete_group(accounts: Accounts, by: str, name: str) -> None:
    """With its permissions; its members stay. MissingError."""

    def edit(config: UserConfig) -> UserConfig:
        existing_group(config, name)
        return config.with_group(name, None)

    await edit_users(accounts, by, edit, f"group {name} deleted")


def existing_group(config: UserConfig, name: str) -> Group:
    """The group; MissingError if there is none."""
    group = config.groups.get(name)
    if group is None:
        raise MissingError(f"group '{name}' does not exist")
    return group


# roles


async def create_role(accounts: Accounts, by: str, name: str, privileges: Sequence[str]) -> None:
    """ExistsError, ConfigError for privileges that do not exist."""
    _check(privileges)
    if name.upper().startswith("PVE"):
        raise ConfigError("names that begin with PVE are kept for built-in roles", field="roleid")

    def edit(config: UserConfig) -> UserConfig:
        if name in config.roles or name in BUILT_IN_ROLES:
            raise ExistsError(f"role '{name}' already exists")
        return config.with_role(name, frozenset(privileges))

    await edit_users(accounts, by, edit, f"role {name} created")


async def update_role(
    accounts: Accounts, by: str, name: str, privileges: Sequence[str] | None, *, append: bool
) -> None:
    """Exactly these privileges, none if there are none, or (append) these too.

    MissingError, RefusedError if built in.
    """
    wanted = frozenset(privileges or ())
    _check(privileges or ())

    def edit(config: UserConfig) -> UserConfig:
        own = _own_role(config, name)
        return config.with_role(name, own | wanted if append else wanted)

    await edit_users(accounts, by, edit, f"role {name} changed")


async def delete_role(accounts: Accounts, by: str, name: str) -> None:
    """Wherever it was given too. MissingError, RefusedError if built in."""

    def edit(config: UserConfig) -> UserConfig:
        _own_role(config, name)
        return config.with_role(name, None)

    await edit_users(accounts, by, edit, f"role {name} deleted")


def _own_role(config: UserConfig, name: str) -> frozenset[str]:
    if name in BUILT_IN_ROLES:
        raise RefusedError(f"role '{name}' is built in and cannot be changed")
    if name not in config.roles:
        raise MissingError(f"role '{name}' does not exist")
    return config.roles[name]


def _check(privileges: Sequence[str]) -> None:
    unknown = unknown_privileges(privileges)
    if unknown:
        raise ConfigError(f"'{unknown[0]}' is no privilege", field="privs")


# both


async def edit_users(
    accounts: Accounts, by: str, change: Callable[[UserConfig], UserConfig], what: str
) -> None:
    """Change user.cfg, then tell what was done."""

    def edit(draft: Draft) -> None:
        draft.write(USERS, change(draft.read(USERS)))

    await accounts.files.change(edit)
    accounts.tell(by, what)
