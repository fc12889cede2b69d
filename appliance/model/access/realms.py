"""domains.cfg: the realms that users log in to, a section each.

`pam` (users of the operating system) and `pve` (users of this cluster) are always there. A
directory's password is not in this file but in one of its own under `priv/`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from appliance.model.errors import ConfigError
from appliance.model.options import realms as options
from appliance.model.property_string import PropertyString
from appliance.model.section_config import (
    Document,
    SectionType,
    Wanted,
    merge_sections,
    read_sections,
    write_sections,
)

FILE = options.FILE
BUILT_IN: Mapping[str, str] = {
    "pam": "Users of the operating system",
    "pve": "Users of this cluster",
}
DIRECTORIES = ("ldap", "ad")
SECRET = "password"

TYPES: tuple[SectionType, ...] = tuple(
    replace(kind, options=tuple(option for option in kind.options if option.name != SECRET))
    for kind in options.TYPES
)


@dataclass(frozen=True, slots=True)
class Realm:
    """A realm and the options written for it."""

    name: str
    type: str
    values: Mapping[str, object] = field(default_factory=dict)

    @property
    def tfa(self) -> PropertyString | None:
        """The second factor that everybody in this realm needs."""
        return self._properties("tfa")

    @property
    def sync_defaults(self) -> Mapping[str, object]:
        """Options of a synchronisation where the call gives none."""
        found = self._properties("sync-defaults-options")
        return found.values if found is not None else {}

    @property
    def case_sensitive(self) -> bool:
        return self.values.get("case-sensitive") is not False

    def _properties(self, name: str) -> PropertyString | None:
        value = self.values.get(name)
        return value if isinstance(value, PropertyString) else None


@dataclass(frozen=True, slots=True)
class Realms:
    """The file, with the built-in realms even where they are not written."""

    realms: Mapping[str, Realm]
    document: Document = field(default_factory=Document, compare=False, repr=False)
    problems: tuple[ConfigError, ...] = field(default=(), compare=False, repr=False)


def parse_realms(text: str, *, strict: bool = False, file: str = FILE) -> Realms:
    """Read the file. Lenient reading leaves out what is bad, see `problems`; strict raises."""
    reading = read_sections(text, TYPES, file=file, strict=strict)
    found = {name: Realm(name, name, {"comment": text}) for name, text in BUILT_IN.items()}
    for item in reading.found:
        name = item.section.id
        if name not in BUILT_IN or item.section.type == name:
            found[name] = Realm(name, item.section.type, item.values)
    return Realms(found, reading.document, reading.problems)


def write_realms(realms: Iterable[Realm], document: Document | None = None) -> str:
    """The text. Content of `document` that is not about known options stays."""
    wanted = [Wanted(realm.type, realm.name, realm.values) for realm in realms]
    return write_sections(merge_sections(document or Document(), TYPES, wanted))
