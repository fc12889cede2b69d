"""Users and groups taken over from a directory.

Who is in the directory is added or brought up to date. What happens to those who are not is said by
`remove-vanished`: `entry` removes them, `acl` their permissions, and `properties` also empties what
the directory does not know of those who stay. Groups are named GROUP-REALM here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from appliance.model.access.directory import DirectoryGroup, DirectoryUser
from appliance.model.access.ids import is_name, is_user
from appliance.model.access.users import Group, User, UserConfig, without_subjects
from appliance.model.errors import ConfigError

ATTRIBUTES = ("firstname", "lastname", "email", "comment", "keys")
_BREAKS = re.compile(r"[:\x00-\x1f\x7f]")


@dataclass(frozen=True, slots=True)
class SyncOptions:
    scope: str
    vanished: frozenset[str] = frozenset()
    enable_new: bool = True


@dataclass(frozen=True, slots=True)
class Synced:
    """What came out, and what was done, a line each."""

    config: UserConfig
    lines: tuple[str, ...]


def sync_options(given: Mapping[str, object], defaults: Mapping[str, object]) -> SyncOptions:
    """Options of the call before those of the realm. ConfigError without a scope."""

    def option(name: str) -> object:
        value = given.get(name)
        return value if value is not None else defaults.get(name)

    scope = option("scope")
    if scope is None:
        message = "is neither given nor set in the realm's sync-defaults-options"
        raise ConfigError(message, field="scope")
    words = str(option("remove-vanished") or "").split(";")
    vanished = {word for word in words if word not in {"", "none"}}
    if option("remove-vanished") is None:
        vanished |= {"entry", "properties"} if option("full") else set()
        vanished |= {"acl"} if option("purge") else set()
    enable_new = option("enable-new")
    return SyncOptions(str(scope), frozenset(vanished), enable_new is None or bool(enable_new))


def synchronised(
    config: UserConfig,
    realm: str,
    users: Sequence[DirectoryUser],
    groups: Sequence[DirectoryGroup],
    options: SyncOptions,
) -> Synced:
    """The configuration after taking over what the directory says."""
    lines: list[str] = []
    known = {f"{user.name}@{realm}": user for user in users if is_user(f"{user.name}@{realm}")}
    lines += [
        f"user {u.name!r} cannot be a name here" for u in users if u.name + "@" + realm not in known
    ]
    if options.scope in {"users", "both"}:
        config = _users(config, realm, known, options, lines)
    if options.scope in {"groups", "both"}:
        config = _groups(config, realm, known, groups, options, lines)
    return Synced(_without_strangers(config), tuple(lines))


def _users(
    config: UserConfig,
    realm: str,
    known: Mapping[str, DirectoryUser],
    options: SyncOptions,
    lines: list[str],
) -> UserConfig:
    gone = [u for u in config.users if u.endswith(f"@{realm}") and u not in known]
    users = dict(config.users)
    if "entry" in options.vanished:
        for userid in gone:
            lines.append(f"remove user {userid}")
            del users[userid]
    config = replace(config, users=users)
    if "acl" in options.vanished:
        names = frozenset(gone)
        acl = without_subjects(config.acl, lambda who: who.partition("!")[0] in names)
        config = replace(config, acl=acl)
    for userid, entry in sorted(known.items()):
        old = users.get(userid)
        lines.append(f"{'add' if old is None else 'update'} user {userid}")
        users[userid] = _user(old, entry, options, lines)
    return replace(config, users=users)


def _user(old: User | None, entry: DirectoryUser, options: SyncOptions, lines: list[str]) -> User:
    """Tokens and whether the user may log in stay; the rest is the directory's if so wished."""
    if old is None:
        user = User(enable=options.enable_new)
    elif "properties" in options.vanished:
        user = User(enable=old.enable, tokens=old.tokens)
    else:
        user = old
    values: dict[str, str] = {}
    for name, value in entry.attributes.items():
        if name not in ATTRIBUTES:
            continue
        if name in {"email", "keys"} and _BREAKS.search(value):
            lines.append(f"{name} of user {entry.name} cannot be kept here")
            continue
        values[name] = value
    # mypy cannot see that the keys are fields of type str.
    return replace(user, **values)  # type: ignore[arg-type]


def _groups(
    config: UserConfig,
    realm: str,
    known: Mapping[str, DirectoryUser],
    entries: Sequence[DirectoryGroup],
    options: SyncOptions,
    lines: list[str],
) -> UserConfig:
    by_dn = {entry.dn.lower(): userid for userid, entry in known.items()}
    synced: dict[str, tuple[str, ...]] = {}
    for entry in entries:
        name = f"{entry.name}-{realm}"
        if not is_name(name):
            lines.append(f"group {entry.name!r} cannot be a name here")
            continue
        found = {by_dn[dn.lower()] for dn in entry.members if dn.lower() in by_dn}
        synced[name] = tuple(sorted(found & config.users.keys()))
    gone = [n for n in config.groups if n.endswith(f"-{realm}") and n not in synced]
    groups = dict(config.groups)
    if "entry" in options.vanished:
        for name in gone:
            lines.append(f"remove group {name}")
            del groups[name]
    if "acl" in options.vanished:
        names = frozenset(f"@{name}" for name in gone)
        config = replace(config, acl=without_subjects(config.acl, lambda who: who in names))
    for name, members in sorted(synced.items()):
        lines.append(f"{'update' if name in groups else 'add'} group {name}")
        comment = (
            "" if "properties" in options.vanished or name not in groups else groups[name].comment
        )
        groups[name] = Group(members, comment)
    return replace(config, groups=groups)


def _without_strangers(config: UserConfig) -> UserConfig:
    """Users who were removed are in no group of any realm any more."""
    groups = {
        name: replace(group, members=tuple(m for m in group.members if m in config.users))
        for name, group in config.groups.items()
    }
    return replace(config, groups=groups)
