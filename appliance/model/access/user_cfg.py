"""user.cfg: one line a user, token, group, pool, role and permission, fields between colons.

    user:ID:enable:expire:firstname:lastname:email:comment:keys:
    token:USER!NAME:expire:privsep:comment:
    group:ID:members:comment:
    pool:ID:comment:vmids:storages:
    role:ID:privileges:
    acl:propagate:path:users,@groups,tokens:roles:

Reading is lenient as in the reference: what cannot be is left out and told in `problems`, so that
one bad line never locks everybody out. Lines of an unknown kind are kept. Lines may refer only to
what stands above them, which the order of writing makes sure of.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace

from appliance.model.access import ids
from appliance.model.access.acl_paths import normalized_path
from appliance.model.access.privileges import BUILT_IN_ROLES, IS_PRIVILEGE
from appliance.model.access.users import Group, Pool, Token, User, UserConfig
from appliance.model.errors import ConfigError
from appliance.model.percent import decode_text, encode_text

FILE = "user.cfg"

_LIST = re.compile(r"[,;\s\0]+", re.ASCII)
_BREAKS = re.compile(r"[:\x00-\x1f\x7f]")
_SIGN = re.compile(r"[0-9]+", re.ASCII)
_STORAGE = re.compile(r"[a-z][a-z0-9\-_.]*[a-z0-9]", re.ASCII | re.IGNORECASE)


def parse_user_config(text: str, *, file: str = FILE) -> UserConfig:
    """Read the file; never raises, see `problems` of what comes back."""
    reader = _Reader(file)
    for number, line in enumerate(text.split("\n"), start=1):
        if line.strip():
            reader.line(line.strip(), number)
    return UserConfig(
        reader.users,
        {name: Group(tuple(sorted(reader.members[name])), g) for name, g in reader.groups.items()},
        reader.pools,
        {name: frozenset(privileges) for name, privileges in reader.roles.items()},
        reader.acl,
        tuple(reader.unknown),
        tuple(reader.problems),
    )


def write_user_config(config: UserConfig) -> str:
    """The text, in the reference's order: reading it gives an equal configuration.

    ConfigError for a value that this format cannot hold.
    """
    lines: list[str] = []
    for userid, user in sorted(config.users.items()):
        lines.append(_user_line(userid, user))
        lines += [_token_line(userid, name, t) for name, t in sorted(user.tokens.items())]
    lines.append("")
    for name, group in sorted(config.groups.items()):
        lines.append(_line("group", name, ",".join(sorted(group.members)), _text(group.comment)))
    lines.append("")
    for name, pool in sorted(config.pools.items()):
        vms = ",".join(sorted(map(str, pool.vms)))
        storages = ",".join(sorted(pool.storages))
        lines.append(_line("pool", name, _text(pool.comment), vms, storages))
    lines.append("")
    for name, privileges in sorted(config.roles.items()):
        lines.append(_line("role", name, ",".join(sorted(privileges))))
    lines.append("")
    for path in sorted(config.acl, key=lambda path: path.split("/")):
        lines += _acl_lines(path, config.acl[path])
    if config.unknown:
        lines += ["", *config.unknown]
    return "".join(f"{line}\n" for line in lines)


def _line(*fields: str) -> str:
    """ConfigError for what would become another field or another line when it is read."""
    for field in fields:
        if _BREAKS.search(field):
            raise ConfigError("holds a colon or a control character", file=FILE, field=fields[0])
    return "".join(f"{field}:" for field in fields)


def _text(text: str) -> str:
    return encode_text(text)


def _user_line(userid: str, user: User) -> str:
    names = (_text(user.firstname), _text(user.lastname), user.email, _text(user.comment))
    return _line("user", userid, str(int(user.enable)), str(user.expire_s), *names, user.keys)


def _token_line(userid: str, name: str, token: Token) -> str:
    flags = (str(token.expire_s), str(int(token.privsep)))
    return _line("token", f"{userid}!{name}", *flags, _text(token.comment))


def _acl_lines(path: str, node: Mapping[str, Mapping[str, bool]]) -> list[str]:
    """One line for all who were given the same; root@pam is above the list and never in it."""
    found: dict[tuple[bool, str], list[str]] = {}
    for who in sorted(node):
        for down in (False, True) if who != ids.ROOT else ():
            roles = ",".join(sorted(role for role, below in node[who].items() if below is down))
            if roles:
                found.setdefault((down, roles), []).append(who)
    return [
        _line("acl", str(int(down)), path, ",".join(whos), roles)
        for (down, roles), whos in sorted(found.items())
    ]


class _Reader:
    """Collects what the lines say."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.number = 0
        self.users: dict[str, User] = {}
        self.groups: dict[str, str] = {}
        self.members: dict[str, set[str]] = {}
        self.pools: dict[str, Pool] = {}
        self.roles: dict[str, set[str]] = {}
        self.acl: dict[str, dict[str, dict[str, bool]]] = {}
        self.pooled: set[int] = set()
        self.unknown: list[str] = []
        self.problems: list[ConfigError] = []
        self.kinds: dict[str, Callable[[list[str]], None]] = {
            "user": self._user,
            "token": self._token,
            "group": self._group,
            "pool": self._pool,
            "role": self._role,
            "acl": self._acl,
        }

    def line(self, line: str, number: int) -> None:
        self.number = number
        kind, *fields = (field.strip() for field in line.split(":"))
        take = self.kinds.get(kind)
        if take is None:
            self.unknown.append(line)
            self._problem(kind, "is no kind of line known here; it is kept")
            return
        take(fields + [""] * (8 - len(fields)))

    def _problem(self, field: str, message: str) -> None:
        self.problems.append(ConfigError(message, file=self.file, line=self.number, field=field))

    def _good(self, allowed: bool, field: str, name: str, what: str = "is no valid name") -> bool:
        if not allowed:
            self._problem(field, f"'{name}' {what}; it is left out")
        return allowed

    def _seconds(self, field: str, text: str) -> int | None:
        if not self._good(_SIGN.fullmatch(text or "0") is not None, field, text, "is no time"):
            return None
        return int(text or "0")

    def _user(self, fields: list[str]) -> None:
        userid, enable, expire, first, last, email, comment, keys = fields[:8]
        if not self._good(ids.is_user(userid), "user", userid):
            return
        expire_s = self._seconds(f"user {userid}: expire", expire)
        if expire_s is None:
            return
        first, last, comment = decode_text(first), decode_text(last), decode_text(comment)
        tokens = self.users[userid].tokens if userid in self.users else {}
        self.users[userid] = User(
            _flag(enable), expire_s, first, last, email, comment, keys, tokens
        )

    def _token(self, fields: list[str]) -> None:
        tokenid, expire, privsep, comment = fields[:4]
        both = ids.split_token(tokenid)
        if not self._good(both is not None, "token", tokenid) or both is None:
            return
        userid, name = both
        expire_s = self._seconds(f"token {tokenid}: expire", expire)
        known = userid in self.users
        if expire_s is None or not self._good(known, "token", tokenid, "is of no known user"):
            return
        token = Token(expire_s, _flag(privsep), decode_text(comment))
        user = self.users[userid]
        self.users[userid] = replace(user, tokens={**user.tokens, name: token})

    def _group(self, fields: list[str]) -> None:
        name, members, comment = fields[:3]
        if not self._good(ids.is_name(name), "group", name):
            return
        self.groups[name] = decode_text(comment) or self.groups.get(name, "")
        into = self.members.setdefault(name, set())
        for userid in _split(members):
            known = userid in self.users
            if self._good(known, f"group {name}: members", userid, "is no known user"):
                into.add(userid)

    def _pool(self, fields: list[str]) -> None:
        name, comment, vms, storages = fields[:4]
        if not self._good(ids.is_pool(name), "pool", name):
            return
        before = self.pools.get(name, Pool())
        guests = [*before.vms, *self._pool_guests(f"pool {name}: vmids", vms)]
        stores = set(before.storages)
        for storage in _split(storages):
            if self._good(_is_storage(storage), f"pool {name}: storages", storage):
                stores.add(storage)
        text = decode_text(comment) or before.comment
        self.pools[name] = Pool(tuple(sorted(guests)), tuple(sorted(stores)), text)

    def _pool_guests(self, field: str, text: str) -> Iterable[int]:
        for vmid in _split(text):
            number = int(vmid) if _SIGN.fullmatch(vmid) and len(vmid) < 12 else 0
            if not self._good(number > 0, field, vmid, "is no guest number"):
                continue
            if self._good(number not in self.pooled, field, vmid, "is in another pool already"):
                self.pooled.add(number)
                yield number

    def _role(self, fields: list[str]) -> None:
        name, privileges = fields[:2]
        if not self._good(ids.is_name(name), "role", name):
            return
        if not self._good(name not in BUILT_IN_ROLES, "role", name, "is built in"):
            return
        into = self.roles.setdefault(name, set())
        for privilege in _split(privileges):
            known = privilege in IS_PRIVILEGE
            if self._good(known, f"role {name}: privileges", privilege, "is no privilege"):
                into.add(privilege)

    def _acl(self, fields: list[str]) -> None:
        propagate, written, whos, roles = fields[:4]
        path = normalized_path(written)
        if not self._good(path is not None, "acl", written, "is no path") or path is None:
            return
        field = f"acl {path}"
        for role in _split(roles):
            known = role in BUILT_IN_ROLES or role in self.roles
            if not self._good(known, field, role, "is no known role"):
                continue
            for who in _split(whos):
                if self._subject(field, who):
                    given = self.acl.setdefault(path, {}).setdefault(who, {})
                    given[role] = _flag(propagate)

    def _subject(self, field: str, who: str) -> bool:
        """Groups and users may come later, from a directory: unknown ones are kept, not tokens."""
        if who.startswith("@"):
            return self._good(ids.is_name(who[1:]), field, who)
        token = ids.split_token(who)
        if token is None:
            return self._good(ids.is_user(who), field, who)
        user = self.users.get(token[0])
        known = user is not None and token[1] in user.tokens
        return self._good(known, field, who, "is no known token")


def _split(text: str) -> list[str]:
    return [item for item in _LIST.split(text) if item]


def _flag(text: str) -> bool:
    return text not in ("", "0")


def _is_storage(text: str) -> bool:
    return _STORAGE.fullmatch(text) is not None
