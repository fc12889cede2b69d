"""Files of sections as calls see and change them: one list, one entry, create, update, remove."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from appliance.model.digest import digest_of
from appliance.model.errors import ConfigError, ExistsError, MissingError
from appliance.model.parameters import MISSING, UNKNOWN, ParameterError, Text
from appliance.model.section_config import (
    Document,
    Identity,
    Section,
    SectionType,
    plain_id,
    read_sections,
    write_sections,
)
from appliance.model.section_edit import (
    edited,
    find_section,
    shown_section,
    type_of,
    with_section,
    without_section,
)
from appliance.ports.config_store import ConfigStore
from appliance.services.config.texts import change_text, read_text

Row = dict[str, Any]
Edit = Callable[[Document], Document]


@dataclass(frozen=True, slots=True)
class SectionFile:
    """How a file of sections looks to a client.

    key       what the id of a section is called in answers
    noun      what a section is, for messages
    identity  what tells sections apart, and is their id in answers
    check     whether a changed file as a whole makes sense; raises if not
    """

    path: str
    types: tuple[SectionType, ...]
    key: str
    noun: str
    identity: Identity = plain_id
    check: Callable[[Document], None] | None = None

    def document(self, text: str) -> Document:
        return read_sections(text, self.types, file=self.path, identity=self.identity).document

    def find(self, document: Document, name: str) -> Section:
        """MissingError."""
        found = find_section(document, self.types, name, self.identity)
        if found is None:
            raise MissingError(f"{self.noun} '{name}' does not exist")
        return found


class Sections:
    """One file of sections of one node's store."""

    def __init__(self, store: ConfigStore, file: SectionFile) -> None:
        self._store, self.file = store, file

    def rows(self, *kinds: str) -> list[Row]:
        """All sections of these types, or of every declared one, in the order of the file."""
        text = read_text(self._store, self.file.path)
        known = kinds or tuple(declared.name for declared in self.file.types)
        digest = digest_of(text)
        return [
            {**self._shown(section), "digest": digest}
            for section in self.file.document(text).sections
            if section.type in known and not section.bad
        ]

    def row(self, name: str, *kinds: str) -> Row:
        """MissingError; of another type is missing too."""
        text = read_text(self._store, self.file.path)
        section = self.file.find(self.file.document(text), name)
        if kinds and section.type not in kinds:
            raise MissingError(f"{self.file.noun} '{name}' does not exist")
        return {**self._shown(section), "digest": digest_of(text)}

    def _shown(self, section: Section) -> Row:
        shown = shown_section(section, type_of(self.file.types, section.type))
        name = self.file.identity(section.type, section.id)
        return {self.file.key: name, "type": section.type, **shown}

    async def create(
        self, kind: str, own: str, texts: Mapping[str, Text], digest: str | None = None
    ) -> None:
        """Add a section. ExistsError, ConfigError, ParameterError."""
        declared = type_of(self.file.types, kind)
        check_id(declared, own, self.file.key)

        def add(document: Document) -> Document:
            name = self.file.identity(kind, own)
            if find_section(document, self.file.types, name, self.file.identity) is not None:
                raise ExistsError(f"{self.file.noun} '{name}' already exists")
            check_texts(declared, texts, new=True)
            return with_section(document, edited(Section(kind, own), declared, texts))

        await self.edit(add, digest)

    async def update(
        self,
        name: str,
        texts: Mapping[str, Text],
        delete: Iterable[str] = (),
        digest: str | None = None,
    ) -> None:
        """Set options and take others out. MissingError, StaleError, ParameterError."""
        gone = tuple(delete)

        def change(document: Document) -> Document:
            section = self.file.find(document, name)
            declared = type_of(self.file.types, section.type)
            check_texts(declared, texts)
            check_deleted(declared, texts, gone)
            return with_section(document, edited(section, declared, texts, gone))

        await self.edit(change, digest)

    async def remove(self, name: str, digest: str | None = None) -> None:
        """MissingError."""
        await self.edit(
            lambda document: without_section(document, self.file.find(document, name)), digest
        )

    async def edit(self, change: Edit, digest: str | None = None) -> None:
        """Make the document another, all at once; see `change_text`."""

        def changed(text: str) -> str:
            document = change(self.file.document(text))
            if self.file.check is not None:
                self.file.check(document)
            return write_sections(document)

        await change_text(self._store, self.file.path, changed, digest)


def check_id(declared: SectionType, own: str, field: str) -> None:
    """ConfigError for what cannot be the id of such a section."""
    try:
        declared.key.parse(own)
    except ValueError:
        allowed = declared.key.allowed
        raise ConfigError(f"'{own}' is not valid, allowed is {allowed}", field=field) from None


def check_texts(declared: SectionType, texts: Mapping[str, Text], *, new: bool = False) -> None:
    """ParameterError for what this type does not take, or lacks.

    A fixed option cannot be given to a section that is there.
    """
    errors = {}
    for key in texts:
        option = declared.option(key)
        if option is None:
            errors[key] = f"{UNKNOWN}, for {declared.name}"
        elif option.fixed and not new:
            errors[key] = "cannot be changed"
    if new:
        lacking = [o.name for o in declared.options if o.required and o.name not in texts]
        errors |= dict.fromkeys(lacking, MISSING)
    if errors:
        raise ParameterError(errors)


def check_deleted(declared: SectionType, texts: Mapping[str, Text], delete: Iterable[str]) -> None:
    """ParameterError for an option that is set at once, must be there, or does not exist."""
    for key in delete:
        option = declared.option(key)
        if key in texts:
            why = f"'{key}' is set and deleted at once"
        elif option is None:
            why = f"there is no option '{key}'"
        elif option.required or option.fixed:
            why = f"'{key}' must be there"
        else:
            continue
        raise ParameterError({"delete": why})
