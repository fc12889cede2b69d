"""What users are known by outside the cluster: directories and an OpenID provider, simulated.

Both are of a whole world: every node asks the same ones.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from appliance.model.access.directory import DirectoryContent
from appliance.model.access.realms import Realm
from appliance.model.errors import RefusedError, UnavailableError
from appliance.model.percent import encode_url


@dataclass(slots=True)
class SimDirectory:
    """Implements the `Directory` port.

    content    of each realm, by its name
    passwords  by realm and user
    secrets    of the realms' `bind_dn`; a realm that is not here is read by anybody
    silent     realms whose servers do not answer
    """

    content_of: dict[str, DirectoryContent] = field(default_factory=dict)
    passwords: dict[tuple[str, str], str] = field(default_factory=dict, repr=False)
    secrets: dict[str, str] = field(default_factory=dict, repr=False)
    silent: set[str] = field(default_factory=set)

    async def check(self, realm: Realm, secret: str, name: str, password: str) -> bool:
        await self.probe(realm, secret)
        return bool(password) and self.passwords.get((realm.name, name)) == password

    async def content(self, realm: Realm, secret: str) -> DirectoryContent:
        await self.probe(realm, secret)
        return self.content_of.get(realm.name, DirectoryContent())

    async def probe(self, realm: Realm, secret: str) -> None:
        if realm.name in self.silent:
            raise UnavailableError(f"no server of realm '{realm.name}' answers")
        if self.secrets.get(realm.name, secret) != secret:
            raise RefusedError(f"the directory of realm '{realm.name}' does not let us in")


@dataclass(slots=True)
class SimProvider:
    """Implements the `OpenId` port. Whoever logs in at it gets a code, good once."""

    silent: bool = False
    _codes: dict[str, tuple[str, Mapping[str, object]]] = field(default_factory=dict)

    async def login_url(self, realm: Realm, redirect_url: str, state: str) -> str:
        self._answers()
        query = f"redirect_uri={encode_url(redirect_url)}&state={encode_url(state)}"
        return f"{realm.values['issuer-url']}/authorize?{query}"

    async def claims(self, realm: Realm, redirect_url: str, code: str) -> Mapping[str, object]:
        self._answers()
        where, claims = self._codes.pop(code, ("", {}))
        if not claims or where != redirect_url:
            raise RefusedError(f"{realm.values['issuer-url']} does not know that code")
        return claims

    def log_in(self, redirect_url: str, claims: Mapping[str, object]) -> str:
        """Somebody logs in in a browser: the code that it carries back."""
        code = f"code-{len(self._codes) + 1}-{claims.get('sub')}"
        self._codes[code] = redirect_url, claims
        return code

    def _answers(self) -> None:
        if self.silent:
            raise UnavailableError("the OpenID provider does not answer")


@dataclass(frozen=True, slots=True)
class Outside:
    """Of one world, whoever boots in it."""

    directory: SimDirectory = field(default_factory=SimDirectory)
    provider: SimProvider = field(default_factory=SimProvider)
    _passwords: dict[str, dict[str, str]] = field(default_factory=dict, repr=False)

    def passwords_of(self, node: str) -> dict[str, str]:
        """Passwords of the node's operating system that were changed; they outlive its boots."""
        return self._passwords.setdefault(node, {})
