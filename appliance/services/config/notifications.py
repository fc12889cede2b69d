"""Where notifications go: what is configured, and what is there from the beginning."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from appliance.model.errors import ExistsError, MissingError, RefusedError
from appliance.model.options import notifications as options
from appliance.model.parameters import ParameterError, Text
from appliance.ports.config_store import ConfigStore
from appliance.services.config.sections import Row, SectionFile, Sections

TYPES: Final = (*options.ENDPOINT_TYPES, *options.MATCHER_TYPES)
ENDPOINTS: Final = SectionFile(options.FILE, TYPES, "name", "notification target")
MATCHERS: Final = SectionFile(options.FILE, TYPES, "name", "notification matcher")
_SECRETS: Final = SectionFile(options.SECRETS_FILE, options.SECRET_TYPES, "name", "secret")
KINDS: Final = tuple(declared.name for declared in options.ENDPOINT_TYPES)
# There as long as nobody made them others: mail of all kinds goes to root.
_BUILTIN: Final[Mapping[str, tuple[str, dict[str, Text]]]] = {
    "mail-to-root": (
        "sendmail",
        {"mailto-user": ("root@pam",), "comment": "Mail to the address of root@pam"},
    ),
    "default-matcher": (
        "matcher",
        {"mode": "all", "target": ("mail-to-root",), "comment": "Everything goes to root"},
    ),
}
EVENTS: Final = ("fencing", "package-updates", "replication", "system-mail", "vzdump")


class Notifications:
    """Of one node's store."""

    def __init__(self, store: ConfigStore) -> None:
        self._sections = Sections(store, ENDPOINTS)
        self._secrets = Sections(store, _SECRETS)

    def rows(self, *kinds: str) -> list[Row]:
        """By name, each with its origin."""
        found = {str(row["name"]): row for row in self._sections.rows(*kinds)}
        for name, (kind, texts) in _BUILTIN.items():
            if kind in kinds and name not in found:
                found[name] = {"name": name, "type": kind, **_plain(texts)}
        return [{**found[name], "origin": self._origin(name)} for name in sorted(found)]

    def row(self, name: str, kind: str) -> Row:
        """MissingError."""
        for row in self.rows(kind):
            if row["name"] == name:
                return row
        raise MissingError(f"{ENDPOINTS.noun} '{name}' does not exist")

    def _origin(self, name: str) -> str:
        if name not in _BUILTIN:
            return "user-created"
        there = any(row["name"] == name for row in self._sections.rows())
        return "modified-builtin" if there else "builtin"

    async def materialize(self, name: str) -> None:
        """Write down what is there from the beginning, so that it can be changed."""
        if name in _BUILTIN and self._origin(name) == "builtin":
            kind, texts = _BUILTIN[name]
            await self._sections.create(kind, name, texts)

    def refuse_taken(self, name: str) -> None:
        """ExistsError for the name of any target or matcher."""
        if name in [str(row["name"]) for row in self.rows(*KINDS, "matcher")]:
            raise ExistsError(f"'{name}' already exists")

    def refuse_used(self, name: str) -> None:
        """RefusedError while a matcher sends to it."""
        users = [str(row["name"]) for row in self.rows("matcher") if name in row.get("target", ())]
        if users:
            raise RefusedError(f"cannot remove '{name}', it is used by: {', '.join(users)}")

    def check_targets(self, targets: Text) -> None:
        """ParameterError for one that is not there."""
        known = [str(row["name"]) for row in self.rows(*KINDS)]
        for name in (targets,) if isinstance(targets, str) else targets:
            if name not in known:
                raise ParameterError({"target": f"'{name}' does not exist"})

    async def keep_secrets(self, kind: str, name: str, texts: Mapping[str, Text]) -> None:
        """Beside the file that everybody may read."""
        if not texts:
            return
        if any(row["name"] == name for row in self._secrets.rows()):
            await self._secrets.update(name, texts)
        else:
            await self._secrets.create(kind, name, texts)

    async def forget_secrets(self, name: str, *keys: str) -> None:
        """All of one endpoint, or these options."""
        if not any(row["name"] == name for row in self._secrets.rows()):
            return
        if keys:
            await self._secrets.update(name, {}, keys)
        else:
            await self._secrets.remove(name)


def _plain(texts: Mapping[str, Text]) -> dict[str, Any]:
    return {k: list(text) if isinstance(text, tuple) else text for k, text in texts.items()}
