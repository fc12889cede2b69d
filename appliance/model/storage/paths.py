"""Where volumes lie on a node, and which volume lies at a path."""

from __future__ import annotations

from typing import Final, cast

from appliance.model.errors import ConfigError, RefusedError
from appliance.model.storage.config import Storage
from appliance.model.storage.kinds import FILES
from appliance.model.storage.volumes import VolumeName, parse_name

FOLDERS: Final = {
    "backup": "dump",
    "images": "images",
    "import": "import",
    "iso": "template/iso",
    "rootdir": "private",
    "snippets": "snippets",
    "vztmpl": "template/cache",
}


def folder(storage: Storage, content: str) -> str:
    """The folder of a kind of content, as `content-dirs` or else the reference has it."""
    if storage.path is None or content not in FOLDERS:
        raise ConfigError(f"storage '{storage.id}' has no folder for '{content}'", field="content")
    own = cast("tuple[str, ...]", storage.values.get("content-dirs", ()))
    given = dict(entry.partition("=")[::2] for entry in own)
    below = given.get(content, FOLDERS[content]).strip("/")
    return f"{storage.path.rstrip('/')}/{below}"


def volume_path(storage: Storage, name: VolumeName, snapshot: str | None = None) -> str:
    """Where QEMU or LXC find a volume. RefusedError for what has no path."""
    find = _PATHS.get(storage.type)
    if find is not None:
        return find(storage, name, snapshot)
    if storage.kind.layout == FILES:
        return _file_path(storage, name, snapshot)
    raise RefusedError(f"volumes of storage '{storage.id}' have no path")


def _file_path(storage: Storage, name: VolumeName, snapshot: str | None) -> str:
    if snapshot is not None and name.format != "qcow2":
        raise RefusedError("only images of format qcow2 have snapshots here")
    above = folder(storage, name.content)
    return f"{above}/{name.vmid}/{name.name}" if name.content == "images" else _plain(above, name)


def _plain(above: str, name: VolumeName) -> str:
    return f"{above}/{name.name}"


def _btrfs(storage: Storage, name: VolumeName, snapshot: str | None) -> str:
    if name.content != "images" or name.format not in ("raw", "subvol"):
        return _file_path(storage, name, snapshot)
    tree = f"{folder(storage, 'images')}/{name.vmid}/{name.name.removesuffix('.raw')}"
    at = f"{tree}@{snapshot}" if snapshot else tree
    return at if name.format == "subvol" else f"{at}/disk.raw"


def _lvm(storage: Storage, name: VolumeName, snapshot: str | None) -> str:
    if snapshot is None or name.format == "qcow2":
        return f"/dev/{storage.values.get('vgname', storage.id)}/{name.name}"
    if storage.type == "lvm":
        raise RefusedError("only images of format qcow2 have snapshots here")
    return f"/dev/{storage.values.get('vgname', storage.id)}/snap_{name.name}_{snapshot}"


def _zfspool(storage: Storage, name: VolumeName, snapshot: str | None) -> str:
    pool = str(storage.values.get("pool", storage.id))
    at = f"@{snapshot}" if snapshot else ""
    if name.format != "subvol":
        return f"/dev/zvol/{pool}/{name.name}{at}"
    tree = f"{str(storage.values.get('mountpoint', f'/{pool}')).rstrip('/')}/{name.name}"
    return f"{tree}/.zfs/snapshot/{snapshot}" if snapshot else tree


def _rbd(storage: Storage, name: VolumeName, snapshot: str | None) -> str:
    space = storage.values.get("namespace")
    image = f"{storage.values.get('pool', 'rbd')}/{f'{space}/' if space else ''}{name.name}"
    image += f"@{snapshot}" if snapshot else ""
    if storage.values.get("krbd"):
        return f"/dev/rbd/{image}"
    user = storage.values.get("username", "admin")
    return f"rbd:{image}:conf=/etc/pve/ceph.conf:id={user}"


def _remote(storage: Storage, name: VolumeName, snapshot: str | None) -> str:
    if snapshot is not None:
        raise RefusedError("snapshots have no path here")
    lun = name.name.removeprefix("lun") if storage.type == "iscsidirect" else name.name
    return f"iscsi://{storage.values['portal']}/{storage.values['target']}/{lun}"


def _iscsi(_storage: Storage, name: VolumeName, snapshot: str | None) -> str:
    if snapshot is not None:
        raise RefusedError("LUNs have no snapshots")
    return f"/dev/disk/by-id/{name.name}"


_PATHS: Final = {
    "btrfs": _btrfs,
    "iscsi": _iscsi,
    "iscsidirect": _remote,
    "lvm": _lvm,
    "lvmthin": _lvm,
    "rbd": _rbd,
    "zfs": _remote,
    "zfspool": _zfspool,
}


def volume_at(storage: Storage, path: str) -> VolumeName | None:
    """The volume at a path of a storage of files; None if none can be there.

    A linked clone is found under its own name: only its content knows the base.
    """
    if storage.kind.layout != FILES:
        return None
    for content in FOLDERS:
        inside = path.removeprefix(folder(storage, content) + "/")
        if inside == path or content == "rootdir":
            continue
        try:
            return parse_name(storage.type, _inside(storage, content, inside))
        except ConfigError:
            continue
    return None


def _inside(storage: Storage, content: str, inside: str) -> str:
    if content != "images":
        return f"{content}/{inside}"
    if storage.type == "btrfs" and inside.endswith("/disk.raw"):
        return inside.removesuffix("/disk.raw") + ".raw"
    return inside.removesuffix("/")
