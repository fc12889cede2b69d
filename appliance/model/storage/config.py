"""storage.cfg as records: which storages there are, and what each is meant to keep where."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, cast

from appliance.model.errors import ConfigError
from appliance.model.options.storage import FILE, TYPES
from appliance.model.property_string import PropertyString
from appliance.model.section_config import (
    Document,
    Wanted,
    merge_sections,
    read_sections,
    write_sections,
)
from appliance.model.storage.kinds import FILES, KINDS, LVM_CHAIN, Kind, able
from appliance.model.storage.volumes import VolumeName

# The storage that is there even where nobody wrote it down.
LOCAL: Final = "local"
LOCAL_PATH: Final = "/var/lib/vz"


@dataclass(frozen=True, slots=True)
class Storage:
    """One storage of the cluster. `values` are the options that are written for it."""

    id: str
    type: str
    values: Mapping[str, object] = field(default_factory=dict)

    @property
    def kind(self) -> Kind:
        return KINDS[self.type]

    @property
    def content(self) -> tuple[str, ...]:
        """What it is meant to keep; `none` is nothing."""
        given = cast("tuple[str, ...] | None", self.values.get("content"))
        chosen = self.kind.usual if given is None else given
        return tuple(sorted({*chosen} - {"none"}))

    @property
    def nodes(self) -> tuple[str, ...]:
        """The only nodes that use it; empty: all."""
        return cast("tuple[str, ...]", self.values.get("nodes", ()))

    @property
    def enabled(self) -> bool:
        return not self.values.get("disable", False)

    @property
    def shared(self) -> bool:
        """Whether every node sees the same volumes."""
        own = self.kind.shared
        return bool(self.values.get("shared", False)) if own is None else own

    @property
    def formats(self) -> tuple[str, ...]:
        """Of new images, the one that is used unless another is asked for first."""
        formats = self.kind.formats
        if self.type == "lvm" and self.values.get("snapshot-as-volume-chain"):
            formats = ("raw", "qcow2")
        usual = self.values.get("format")
        if usual in formats:
            return (str(usual), *(form for form in formats if form != usual))
        return formats

    @property
    def limits(self) -> Mapping[str, float] | None:
        """Of bandwidth by operation, in KiB per second; None: there are none of its own."""
        given = self.values.get("bwlimit")
        return None if given is None else numbers(given)

    @property
    def keep(self) -> Mapping[str, int]:
        """How many backups stay by rule, as `keep-last`; empty: all of them."""
        found = numbers(self.values.get("prune-backups"))
        return {rule: int(count) for rule, count in found.items()}

    @property
    def path(self) -> str | None:
        """Where its files are on a node, if it keeps files."""
        if self.kind.layout != FILES:
            return None
        return str(self.values.get("path", f"/mnt/pve/{self.id}"))

    def used_on(self, node: str) -> bool:
        """Whether that node is meant to use it."""
        return self.enabled and (not self.nodes or node in self.nodes)

    def can(self, what: str, name: VolumeName, snapshot: str | None = None) -> bool:
        """Whether it can do that with a volume, or with a snapshot of it.

        what: snapshot, clone, template, copy, sparseinit, replicate, rename
        """
        if name.content != "images":
            return False
        state = "snap" if snapshot is not None else "base" if name.is_base else "current"
        return able(self._abilities(), what, state, name.format)

    def _abilities(self) -> Mapping[str, Mapping[str, str]]:
        if self.type == "lvm" and self.values.get("snapshot-as-volume-chain"):
            return LVM_CHAIN
        return self.kind.abilities


def numbers(value: object) -> dict[str, float]:
    """The keys of a property string that are numbers or flags; of none at all none."""
    if not isinstance(value, PropertyString):
        return {}
    return {
        key: float(number)
        for key, number in value.values.items()
        if isinstance(number, int | float)
    }


_LOCAL = Storage(
    LOCAL, "dir", {"path": LOCAL_PATH, "content": ("backup", "import", "iso", "vztmpl")}
)


@dataclass(frozen=True, slots=True)
class StorageConfig:
    """The file. `document` is the text with what nobody knows, `problems` what is wrong in it."""

    storages: Mapping[str, Storage]
    document: Document = field(default_factory=Document, compare=False, repr=False)
    problems: tuple[ConfigError, ...] = field(default=(), compare=False, repr=False)


def parse_storages(text: str, *, strict: bool = False, file: str = FILE) -> StorageConfig:
    """Read the file; without an entry of its own there is `local`."""
    reading = read_sections(text, TYPES, file=file, strict=strict)
    found = {one.section.id: Storage(one.section.id, one.section.type, one.values)
             for one in reading.found}  # fmt: skip
    if LOCAL not in found:
        found = {LOCAL: _LOCAL, **found}
    return StorageConfig(found, reading.document, reading.problems)


def write_storages(config: StorageConfig) -> str:
    """The text. `local` is written only if it is not what it is by itself."""
    wanted = [
        Wanted(storage.type, storage.id, storage.values)
        for storage in config.storages.values()
        if storage != _LOCAL
    ]
    return write_sections(merge_sections(config.document, TYPES, wanted))
