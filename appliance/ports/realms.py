"""Where users are known who are neither the node's nor the cluster's own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from appliance.model.access.directory import DirectoryContent
from appliance.model.access.realms import Realm


class Directory(Protocol):
    """Directories of realms of the types ldap and ad.

    `secret` is the password of the realm's `bind_dn`, empty where there is none. Every method
    raises UnavailableError when no server of the realm answers, RefusedError when it does not let
    us in.
    """

    async def check(self, realm: Realm, secret: str, name: str, password: str) -> bool:
        """Whether this is the password of that user. An empty password never is."""
        ...

    async def content(self, realm: Realm, secret: str) -> DirectoryContent:
        """All users and groups that the realm's filters let through."""
        ...

    async def probe(self, realm: Realm, secret: str) -> None:
        """Whether the directory can be read; nothing if so."""
        ...


class OpenId(Protocol):
    """Providers of realms of the type openid. UnavailableError, RefusedError."""

    async def login_url(self, realm: Realm, redirect_url: str, state: str) -> str:
        """Where the browser is sent to log in; it comes back with `state` and a code."""
        ...

    async def claims(self, realm: Realm, redirect_url: str, code: str) -> Mapping[str, object]:
        """What the provider says of who logged in; it checked the code, we need not."""
        ...
