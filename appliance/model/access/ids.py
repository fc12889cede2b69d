"""Names of users, tokens, realms, groups, roles and pools."""

from __future__ import annotations

import re

from appliance.model.errors import ConfigError

ROOT = "root@pam"
USER_MAX_LENGTH = 64
POOL_DEPTH = 3

_REALM = r"[A-Za-z][A-Za-z0-9.\-_]+"
_USER = rf"[^\s:/\x00-\x1f\x7f]+@{_REALM}"
_NAME = r"[A-Za-z0-9.\-_]+"

_IS_REALM = re.compile(_REALM, re.ASCII)
_IS_USER = re.compile(_USER, re.ASCII)
_IS_TOKEN = re.compile(rf"({_USER})!({_REALM})", re.ASCII)
_IS_NAME = re.compile(_NAME, re.ASCII)
_IS_POOL = re.compile(rf"{_NAME}(?:/{_NAME}){{0,{POOL_DEPTH - 1}}}", re.ASCII)


def is_realm(text: str) -> bool:
    """Whether a text can name a realm: a letter, then letters, digits, '.', '-' or '_'."""
    return _IS_REALM.fullmatch(text) is not None and len(text) <= 32


def is_user(text: str) -> bool:
    """Whether a text has the form NAME@REALM."""
    return _IS_USER.fullmatch(text) is not None and len(text) <= USER_MAX_LENGTH


def is_token_name(text: str) -> bool:
    """Whether a text can be what stands after the '!' of a token."""
    return _IS_REALM.fullmatch(text) is not None


def is_name(text: str) -> bool:
    """Whether a text can name a group or a role."""
    return _IS_NAME.fullmatch(text) is not None


def is_pool(text: str) -> bool:
    """Whether a text can name a pool: up to three names with slashes between."""
    return _IS_POOL.fullmatch(text) is not None


def split_user(userid: str) -> tuple[str, str]:
    """Name and realm. ConfigError (field userid) if it has not that form."""
    if not is_user(userid):
        allowed = f"NAME@REALM with at most {USER_MAX_LENGTH} characters"
        raise ConfigError(f"'{userid}' is no user, allowed is {allowed}", field="userid")
    name, _, realm = userid.rpartition("@")
    return name, realm


def split_token(tokenid: str) -> tuple[str, str] | None:
    """User and token name of USER@REALM!NAME; None if it is no token."""
    match = _IS_TOKEN.fullmatch(tokenid)
    return (match[1], match[2]) if match is not None and is_user(match[1]) else None


def owner(authid: str) -> str:
    """The user behind a user or token."""
    token = split_token(authid)
    return token[0] if token is not None else authid
