"""Whose permissions may be looked at, and how they are shown."""

from __future__ import annotations

from appliance.core.access.permissions import Access
from appliance.model.access.acl_paths import normalized_path
from appliance.model.access.ids import ROOT, owner, split_token
from appliance.model.errors import ConfigError, ForbiddenError, MissingError


def effective_permissions(
    access: Access, caller: str, userid: str | None = None, path: str | None = None
) -> dict[str, dict[str, int]]:
    """The privileges of a user or token by path; 1 where they hold below the path too.

    Everybody sees their own, a user those of the own tokens, and with Sys.Audit on /access those of
    all. A token sees its user's only with that privilege. ForbiddenError, MissingError.
    """
    wanted = userid or caller
    own = wanted == caller or (split_token(caller) is None and owner(wanted) == caller)
    if not own and not access.has(caller, "/access", ("Sys.Audit",)):
        raise ForbiddenError("Permission check failed (/access, Sys.Audit)")
    _exists(access, wanted)
    if path is None:
        found = access.everywhere(wanted)
    else:
        normal = normalized_path(path)
        if normal is None:
            raise ConfigError(f"'{path}' is no path of permissions", field="path")
        found = {normal: access.privileges(wanted, normal)}
    return {
        where: {name: int(below) for name, below in sorted(flags.items())}
        for where, flags in found.items()
    }


def _exists(access: Access, authid: str) -> None:
    user = access.config.users.get(owner(authid))
    if user is None and authid != ROOT:
        raise MissingError(f"no such user ('{owner(authid)}')")
    token = split_token(authid)
    if token is not None and (user is None or token[1] not in user.tokens):
        raise MissingError(f"no such token '{token[1]}' for user '{token[0]}'")
