"""Storages of the answers: which are shared, where they are, how much they hold."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from scenarios.format.names import is_node_name
from scenarios.twin.answers import Answers, Row
from scenarios.twin.values import flag, names, whole
from sim.layout import StorageSpec

SHARED: Final = frozenset(
    ("nfs", "cifs", "glusterfs", "cephfs", "rbd", "iscsi", "iscsidirect", "zfs", "pbs")
)
_GUESTS: Final = frozenset(("images", "rootdir"))
_BAD: Final = re.compile(r"[^A-Za-z0-9]+")


def name_of(storage: str) -> str:
    """A name that a scenario can have: `nfs_backup.1` is `nfs-backup-1`."""
    if is_node_name(storage):
        return storage
    plain = _BAD.sub("-", storage).strip("-")
    return plain if is_node_name(plain) else f"storage-{plain}"


def storages_of(
    answers: Answers, nodes: Sequence[str], notes: list[str]
) -> tuple[StorageSpec, ...]:
    """Those that guests may lie on."""
    found = {}
    for row in sorted(answers.storages, key=lambda row: str(row.get("storage"))):
        storage = str(row.get("storage"))
        if flag(row.get("disable")) or not _GUESTS & set(names(row.get("content", "images"))):
            continue
        found[storage] = _storage(row, answers, nodes)
        if name_of(storage) != storage:
            notes.append(f"storage {storage} is called {name_of(storage)} here")
    return tuple(found.values())


def _storage(row: Row, answers: Answers, nodes: Sequence[str]) -> StorageSpec:
    storage = str(row.get("storage"))
    usual = StorageSpec(name_of(storage))
    where = [one for one in names(row.get("nodes")) if one in nodes]
    capacity = max(
        (
            whole(one.get("maxdisk"))
            for one in answers.resources
            if one.get("type") == "storage" and one.get("storage") == storage
        ),
        default=0,
    )
    return StorageSpec(
        usual.name,
        shared=row.get("type") in SHARED or flag(row.get("shared")),
        capacity_bytes=capacity or usual.capacity_bytes,
        nodes=tuple(where),
    )
