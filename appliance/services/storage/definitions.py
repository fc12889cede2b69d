"""storage.cfg as calls change it: its sections, their secrets, and what else names a storage.

One change of the store does all of it, so that no storage is there without its password and no
password without its storage.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any, Final

from appliance.model.access import user_cfg
from appliance.model.digest import check_digest, digest_of
from appliance.model.errors import (
    ConfigError,
    ExistsError,
    MissingError,
    RefusedError,
)
from appliance.model.json_fields import text_of
from appliance.model.options.storage import FILE, TYPES
from appliance.model.parameters import Text
from appliance.model.section_config import Document, Section, SectionType, write_sections
from appliance.model.section_edit import (
    edited,
    find_section,
    shown_section,
    type_of,
    with_section,
    without_section,
)
from appliance.model.storage.config import LOCAL, Storage, StorageConfig, parse_storages
from appliance.model.storage.kinds import KINDS
from appliance.model.store.changes import ABSENT, Delete, Put, Step
from appliance.ports.config_store import ConfigStore
from appliance.services.config.sections import check_deleted, check_id, check_texts
from appliance.services.config.texts import change_together, find_file, read_text
from appliance.services.storage.secrets import secret_file, secret_files, take_secrets

Row = dict[str, Any]
Edit = Callable[[Document], Document]
MOUNTED: Final = ("cephfs", "cifs", "nfs")


class Definitions:
    """The storages of the cluster, as they are configured."""

    def __init__(self, store: ConfigStore) -> None:
        self._store = store

    # looking

    def rows(self) -> list[Row]:
        """All of them as answers have them, by id."""
        text = read_text(self._store, FILE)
        config = parse_storages(text)
        return [
            _row(config.document, config.storages[name], digest_of(text))
            for name in sorted(config.storages)
        ]

    def row(self, storage: str) -> Row:
        """MissingError."""
        text = read_text(self._store, FILE)
        config = parse_storages(text)
        found = config.storages.get(storage)
        if found is None:
            raise _missing(storage)
        return _row(config.document, found, digest_of(text))

    def config(self) -> StorageConfig:
        return parse_storages(read_text(self._store, FILE))

    # changing

    async def create(self, kind: str, storage: str, texts: Mapping[str, Text]) -> None:
        """ExistsError, ConfigError, ParameterError."""
        declared = type_of(TYPES, kind)
        check_id(declared, storage, "storage")
        plain = {**_usual(kind, storage), **texts}
        check_texts(declared, plain, new=True)
        _check_kind(declared, plain)
        secrets = take_secrets(plain)

        def add(document: Document) -> Document:
            if find_section(document, TYPES, storage) is not None:
                raise ExistsError(f"storage ID '{storage}' already defined")
            return with_section(document, edited(Section(kind, storage), declared, plain))

        await self._change(storage, add, secrets)

    async def update(
        self,
        storage: str,
        texts: Mapping[str, Text],
        delete: Iterable[str] = (),
        digest: str | None = None,
    ) -> str:
        """Change options; its type. MissingError, StaleError, ConfigError, ParameterError."""
        gone = tuple(delete)
        kind = str(self.row(storage)["type"])
        declared = type_of(TYPES, kind)
        plain = dict(texts)
        check_texts(declared, plain)
        check_deleted(declared, plain, gone)
        _check_kind(declared, plain)
        secrets: dict[str, str | None] = dict(take_secrets(plain))
        for option in gone:
            if (found := declared.option(option)) is not None and found.secret:
                secrets[option] = None

        def change(document: Document) -> Document:
            section = find_section(document, TYPES, storage) or _own_local(storage)
            return with_section(document, edited(section, declared, plain, gone))

        await self._change(storage, change, secrets, digest)
        return kind

    async def remove(self, storage: str) -> None:
        """With its secrets, its permissions and its places in pools. MissingError, RefusedError."""

        def remove(document: Document) -> Document:
            section = find_section(document, TYPES, storage)
            if section is None:
                raise _missing(storage)
            for other in document.sections:
                base = other.entry("base")
                if base is not None and str(base.value).startswith(f"{storage}:"):
                    raise RefusedError(f"storage '{storage}' is the base of '{other.id}'")
            return without_section(document, section)

        await self._change(storage, remove, None)

    async def _change(
        self,
        storage: str,
        edit: Edit,
        secrets: Mapping[str, str | None] | None,
        digest: str | None = None,
    ) -> None:
        """secrets: those to write, None among them is deleted; None: the storage is removed."""

        def made() -> list[Step]:
            file = find_file(self._store, FILE)
            text = "" if file is None else text_of(file.content, FILE)
            check_digest(text, digest)
            after = write_sections(edit(parse_storages(text).document))
            version = ABSENT if file is None else file.version
            steps: list[Step] = [Put(FILE, after.encode("utf-8", "surrogatepass"), version)]
            return steps + (
                self._removed(storage) if secrets is None else self._kept(storage, secrets)
            )

        await change_together(self._store, f"{FILE} is", made)

    def _kept(self, storage: str, secrets: Mapping[str, str | None]) -> list[Step]:
        found: list[Step] = []
        for option, secret in sorted(secrets.items()):
            path = secret_file(option, storage)
            if secret is not None:
                found.append(Put(path, f"{secret}\n".encode("utf-8", "surrogatepass")))
            elif find_file(self._store, path) is not None:
                found.append(Delete(path))
        return found

    def _removed(self, storage: str) -> list[Step]:
        found: list[Step] = []
        for path in secret_files(storage):
            file = find_file(self._store, path)
            if file is not None:
                found.append(Delete(path, file.version))
        users = find_file(self._store, user_cfg.FILE)
        if users is None:
            return found
        text = text_of(users.content, user_cfg.FILE)
        config = user_cfg.parse_user_config(text)
        path = f"/storage/{storage}"
        named = [name for name, pool in config.pools.items() if storage in pool.storages]
        if path not in config.acl and not named:
            return found
        acl = {place: given for place, given in config.acl.items() if place != path}
        pools = {
            name: replace(pool, storages=tuple(s for s in pool.storages if s != storage))
            for name, pool in config.pools.items()
        }
        after = user_cfg.write_user_config(replace(config, acl=acl, pools=pools))
        return [*found, Put(user_cfg.FILE, after.encode("utf-8", "surrogatepass"), users.version)]


def _usual(kind: str, storage: str) -> dict[str, Text]:
    """What is written for a new storage though nobody gave it: where its server is mounted."""
    return {"path": f"/mnt/pve/{storage}"} if kind in MOUNTED else {}


def _missing(storage: str) -> MissingError:
    return MissingError(f"storage '{storage}' does not exist")


def _own_local(storage: str) -> Section:
    """The section of the storage that is there without being written."""
    if storage != LOCAL:
        raise _missing(storage)
    own = parse_storages("").storages[LOCAL]
    declared = type_of(TYPES, own.type)
    texts = {
        name: option.encode(value)
        for name, value in own.values.items()
        if (option := declared.option(name)) is not None
    }
    return edited(Section(own.type, own.id), declared, texts)


def _row(document: Document, storage: Storage, digest: str) -> Row:
    section = find_section(document, TYPES, storage.id) or _own_local(storage.id)
    shown = shown_section(section, type_of(TYPES, storage.type))
    shown.setdefault("content", ",".join(storage.content) or "none")
    if storage.kind.shared:
        shown["shared"] = 1
    return {"storage": storage.id, "type": storage.type, **shown, "digest": digest}


def _check_kind(declared: SectionType, texts: Mapping[str, Text]) -> None:
    """ConfigError for content or a format that the type cannot keep."""
    kind = KINDS[declared.name]
    for name, allowed in (("content", kind.content), ("format", _formats(kind.formats))):
        option, given = declared.option(name), texts.get(name)
        if option is None or given is None:
            continue
        value = option.decode(str(given))
        for item in value if isinstance(value, tuple) else (value,):
            if item not in (*allowed, "none"):
                raise ConfigError(
                    f"'{item}' cannot be kept on a storage of type {kind.name}, allowed are "
                    f"{', '.join(allowed)}",
                    field=name,
                )


def _formats(formats: tuple[str, ...]) -> tuple[str, ...]:
    return formats or ("raw",)
