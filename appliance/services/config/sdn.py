"""Software-defined networks: configured by files, applied as a whole, locked by who plans much."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any, Final

from appliance.core.sdn.checks import (
    Picture,
    check_controller,
    check_subnet,
    check_unused,
    check_vnet,
    check_zone,
)
from appliance.core.sdn.pending import Rows, waits
from appliance.model.errors import ConfigError, RefusedError
from appliance.model.options.sdn import FILES, TYPES
from appliance.model.parameters import Text
from appliance.model.section_config import Document, Section, write_sections
from appliance.model.section_edit import edited, shown_section, type_of, with_section
from appliance.model.store.changes import ABSENT, Put, Step
from appliance.ports.config_store import ConfigStore
from appliance.services.config.nodes import cluster_nodes
from appliance.services.config.sections import (
    Row,
    SectionFile,
    Sections,
    check_deleted,
    check_id,
    check_texts,
)
from appliance.services.config.texts import change_text, find_file, read_text, remove_file

RUNNING: Final = "sdn/.running-config"
LOCK: Final = "sdn/.lock"
KEYS: Final = {
    "zones": "zone",
    "vnets": "vnet",
    "subnets": "subnet",
    "controllers": "controller",
    "dns": "dns",
    "ipams": "ipam",
}
APPLIED: Final = ("zones", "vnets", "subnets", "controllers")
SECTIONS: Final = {
    kind: SectionFile(FILES[kind], TYPES[kind], KEYS[kind], f"sdn {KEYS[kind]}") for kind in FILES
}


class Sdn:
    """That of one node's store. node: whose store it is."""

    def __init__(self, store: ConfigStore, node: str) -> None:
        self._store, self._node = store, node

    # reading

    def rows(self, kind: str) -> list[Row]:
        """As configured, in the order of the file, with the digest of the file."""
        return Sections(self._store, SECTIONS[kind]).rows()

    def row(self, kind: str, name: str) -> Row:
        """MissingError."""
        return Sections(self._store, SECTIONS[kind]).row(name)

    def picture(self) -> dict[str, Rows]:
        """Everything that is configured, by kind and id."""
        return {kind: self.configured(kind) for kind in FILES}

    def configured(self, kind: str) -> Rows:
        """One kind as it is configured, by id."""
        return {
            str(row[KEYS[kind]]): {key: value for key, value in row.items() if key != "digest"}
            for row in self.rows(kind)
        }

    def running(self) -> dict[str, Rows]:
        """What was applied last, by kind and id."""
        found = self._applied()
        return {kind: found.get(kind, {}).get("ids", {}) for kind in APPLIED}

    def _applied(self) -> dict[str, Any]:
        text = read_text(self._store, RUNNING)
        try:
            found = json.loads(text) if text else {}
        except ValueError:
            raise ConfigError("is not JSON", file=RUNNING) from None
        return found if isinstance(found, dict) else {}

    # changing

    async def create(self, kind: str, type_name: str, name: str, texts: Mapping[str, Text]) -> None:
        """Add an object. ExistsError, ConfigError, ParameterError."""
        declared = type_of(TYPES[kind], type_name)
        check_id(declared, name, KEYS[kind])
        check_texts(declared, texts, new=True)
        new = edited(Section(type_name, name), declared, texts)
        self._check(kind, new)
        await Sections(self._store, SECTIONS[kind]).create(type_name, name, texts)

    async def update(
        self,
        kind: str,
        name: str,
        texts: Mapping[str, Text],
        delete: Iterable[str],
        digest: str | None,
    ) -> None:
        """Change an object. MissingError, StaleError, ConfigError, ParameterError."""
        gone = tuple(delete)

        def change(document: Document) -> Document:
            section = SECTIONS[kind].find(document, name)
            declared = type_of(TYPES[kind], section.type)
            check_texts(declared, texts)
            check_deleted(declared, texts, gone)
            changed = edited(section, declared, texts, gone)
            self._check(kind, changed)
            return with_section(document, changed)

        await Sections(self._store, SECTIONS[kind]).edit(change, digest)

    async def remove(self, kind: str, name: str) -> None:
        """MissingError; RefusedError if another object needs it."""
        self.row(kind, name)
        check_unused(kind, name, self.picture())
        await Sections(self._store, SECTIONS[kind]).remove(name)

    def _check(self, kind: str, section: Section) -> None:
        picture, name = self.picture(), section.id
        row = _shown(kind, section)
        nodes = cluster_nodes(self._store, self._node)
        changed: Picture = {**picture, kind: {**picture[kind], name: row}}
        if kind == "zones":
            check_zone(name, row, changed, nodes)
        elif kind == "controllers":
            check_controller(name, row, changed, nodes)
        elif kind == "vnets":
            check_vnet(name, row, changed)
        elif kind == "subnets":
            check_subnet(name, row, changed)

    # applying

    def pending(self) -> bool:
        """Whether anything waits to be applied."""
        picture = self.picture()
        return waits(self.running(), {kind: picture[kind] for kind in APPLIED})

    async def apply(self) -> int:
        """What is configured is what runs; the version of it."""
        picture = self.picture()
        version = 0

        def applied(text: str) -> str:
            nonlocal version
            version = int(json.loads(text).get("version", 0) if text else 0) + 1
            ids = {kind: {"ids": picture[kind]} for kind in APPLIED}
            return json.dumps({"version": version, **ids}, sort_keys=True) + "\n"

        await change_text(self._store, RUNNING, applied)
        return version

    async def rollback(self) -> None:
        """What runs is what is configured: all files at once."""
        running = self.running()
        steps: list[Step] = []
        for kind in APPLIED:
            file = find_file(self._store, FILES[kind])
            text = _text(kind, running[kind])
            if text != read_text(self._store, FILES[kind]):
                steps.append(Put(FILES[kind], text.encode(), file.version if file else ABSENT))
        if steps:
            await self._store.change(*steps)

    # the lock

    def need_lock(self, token: str | None) -> None:
        """RefusedError when somebody else plans changes."""
        held = read_text(self._store, LOCK).strip()
        if held and token != held:
            raise RefusedError("the SDN configuration is locked: its lock-token is needed")

    async def lock(self, token: str, *, allow_pending: bool) -> str:
        """The token. RefusedError if it is locked, or changes wait already."""
        if not allow_pending and self.pending():
            raise RefusedError("there are pending changes: apply them first, or allow-pending")

        def taken(text: str) -> str:
            if text.strip():
                raise RefusedError("the SDN configuration is locked already")
            return f"{token}\n"

        await change_text(self._store, LOCK, taken)
        return token

    async def unlock(self, token: str | None, *, force: bool) -> None:
        """RefusedError without the token; forced, whoever holds it loses it."""
        if not force:
            held = read_text(self._store, LOCK).strip()
            if held and token != held:
                raise RefusedError("this is not the token of the lock; force releases it")
        await remove_file(self._store, LOCK)


def _shown(kind: str, section: Section) -> Row:
    """The section as `Sdn.row` has it, without a digest."""
    declared = type_of(TYPES[kind], section.type)
    return {KEYS[kind]: section.id, "type": section.type, **shown_section(section, declared)}


def _text(kind: str, rows: Rows) -> str:
    """The file that has these rows."""
    document = Document()
    for name in sorted(rows):
        row = rows[name]
        declared = type_of(TYPES[kind], str(row["type"]))
        texts = {
            key: _text_of(value) for key, value in row.items() if key not in (KEYS[kind], "type")
        }
        document = with_section(document, edited(Section(declared.name, name), declared, texts))
    return write_sections(document)


def _text_of(value: Any) -> Text:
    return tuple(map(str, value)) if isinstance(value, list) else str(value)
