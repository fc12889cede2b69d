"""Volumes as clients see them in lists."""

from __future__ import annotations

from collections.abc import Container, Iterable, Sequence
from typing import Any, Final

from appliance.model.errors import ConfigError
from appliance.model.storage.archives import ArchiveName, parse_archive_name
from appliance.model.storage.pool import Volume

ORDER: Final = ("images", "rootdir", "vztmpl", "iso", "backup", "snippets", "import")
_PACKED: Final = {"gz": "tgz", "xz": "txz", "zst": "tzst", "bz2": "tbz2", "tar": "tar"}


def content_of(volume: Volume, containers: Container[int]) -> str:
    """Its kind: the disk of a container is `rootdir`, whatever its name is like."""
    if volume.content == "images" and volume.vmid is not None and volume.vmid in containers:
        return "rootdir"
    return volume.content


def row(volume: Volume, containers: Container[int] = ()) -> dict[str, Any]:
    """A row of the list of a storage's content."""
    content = content_of(volume, containers)
    found: dict[str, Any] = {
        "volid": volume.id,
        "content": content,
        "format": _format(volume),
        "size": volume.size_bytes,
    }
    _add(found, "vmid", volume.vmid)
    _add(found, "ctime", volume.created_s)
    if content in ("images", "rootdir"):
        _add(found, "used", volume.used_bytes)
        _add(found, "parent", volume.parent)
    if content == "backup":
        _add_backup(found, volume)
    return found


def _add(found: dict[str, Any], key: str, value: object) -> None:
    if value is not None:
        found[key] = value


def _add_backup(found: dict[str, Any], volume: Volume) -> None:
    archive = archive_of(volume)
    if archive is not None:
        found["subtype"] = archive.type
        _add(found, "ctime", archive.created_s)
    elif volume.name.format.startswith("pbs-"):
        found["subtype"] = {"vm": "qemu", "ct": "lxc"}.get(volume.name.format[4:6], "host")
    if volume.notes:
        found["notes"] = volume.notes
    if volume.protected:
        found["protected"] = 1


def archive_of(volume: Volume) -> ArchiveName | None:
    """What the name of a backup file says; None for a backup on a server."""
    try:
        return parse_archive_name(volume.name.name)
    except ConfigError:
        return None


def _format(volume: Volume) -> str:
    content, name = volume.content, volume.name.name
    if content == "iso":
        return "iso"
    if content == "snippets":
        return "snippet"
    if content == "vztmpl":
        return _PACKED.get(name.rpartition(".")[2], "tar")
    if content == "backup" and volume.name.format == "raw":
        archive = archive_of(volume)
        return archive.ending if archive is not None else name.partition(".")[2]
    return volume.name.format


def sorted_rows(
    volumes: Iterable[Volume], wanted: Sequence[str] | None, containers: Container[int] = ()
) -> list[dict[str, Any]]:
    """Rows of the wanted kinds of content, kind by kind, each by id."""
    rows = [row(volume, containers) for volume in volumes]
    kept = [one for one in rows if wanted is None or one["content"] in wanted]
    order = {kind: place for place, kind in enumerate(ORDER)}
    order["rootdir"] = order["images"]
    return sorted(kept, key=lambda one: (order[one["content"]], one["volid"]))
