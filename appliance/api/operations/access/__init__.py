"""Who may do what: logins, users, tokens, groups, roles, permissions, realms, second factors."""

from __future__ import annotations

from typing import Final

from appliance.api.operations.access import (
    acl,
    domains,
    groups,
    login,
    openid,
    tfa,
    tokens,
    users,
)
from appliance.api.table import Operation

OPERATIONS: Final[tuple[Operation, ...]] = (
    *login.OPERATIONS,
    *users.OPERATIONS,
    *tokens.OPERATIONS,
    *groups.OPERATIONS,
    *acl.OPERATIONS,
    *tfa.OPERATIONS,
    *domains.OPERATIONS,
    *openid.OPERATIONS,
)
