"""Volume ids, `<storage>:<name>`, and what the name says on each type of storage."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from appliance.model.errors import ConfigError
from appliance.model.storage.kinds import BACKUPS, FILES, HOST, KINDS, LUNS, VOLUMES, Kind

MAX_LENGTH: Final = 1024

_ID = re.compile(r"([A-Za-z][A-Za-z0-9_.-]*[A-Za-z0-9]):([^\n]+)\n?", re.ASCII)
_SAFE = r"[A-Za-z0-9.+=_-]"
_IMAGE = re.compile(r"(base-)?[^/\s]+\.(raw|qcow2|vmdk|subvol)", re.ASCII)
_OWNED = re.compile(r"([0-9]+)/([^/\s]+)", re.ASCII)
_LINKED = re.compile(r"([0-9]+)/([^/\s]+)/([0-9]+)/([^/\s]+)", re.ASCII)
_ISO = re.compile(r"[^/]+\.(?:iso|img)", re.ASCII | re.IGNORECASE)
_TEMPLATE = re.compile(r"[^/]+\.tar(?:\.(?:gz|xz|zst|bz2))?", re.ASCII)
_BACKUP = re.compile(
    r"[^/]+\.(?:tgz|(?:tar)(?:\.(?:gz|lzo|zst|bz2))?|vma(?:\.(?:gz|lzo|zst))?)", re.ASCII
)
_BACKUP_OWNER = re.compile(r"vzdump-(?:lxc|openvz|qemu)-([0-9]{3,9})-", re.ASCII)
_IMPORT = re.compile(rf"{_SAFE}+\.(ova|ovf|qcow2|raw|vmdk)", re.ASCII)
_INSIDE = re.compile(rf"({_SAFE}+\.ova)/((?:{_SAFE}|\s)+\.(qcow2|raw|vmdk))", re.ASCII)
_FLAT = re.compile(r"([a-z]+)-([0-9]+)-[^/\s]+", re.ASCII)
_LUN_PATH = re.compile(r"[0-9]+\.[0-9]+\.[0-9]+\.([^/\s]+)", re.ASCII)
_LUN = re.compile(r"lun[0-9]+", re.ASCII)
_SNAPSHOT_TIME = r"[0-9]+-[0-9]+-[0-9]+T[0-9]+:[0-9]+:[0-9]+Z"
_ARCHIVE = re.compile(rf"backup/([^\s_]+)/([^\s_/]+)/{_SNAPSHOT_TIME}", re.ASCII)
_DISK_NUMBER = re.compile(r"(?:vm|base|subvol|basevol)-([0-9]+)-disk-([0-9]+)(?:\..*)?", re.ASCII)


@dataclass(frozen=True, slots=True)
class VolumeName:
    """What the name of a volume says.

    text      the whole name, without the storage
    content   images (disks of containers too), iso, vztmpl, backup, snippets, import
    name      the last part: the file or volume itself
    base      the base image of a linked clone
    is_base   whether it is a base image itself, to be read only
    """

    text: str
    content: str
    name: str
    format: str
    vmid: int | None = None
    base: str | None = None
    base_vmid: int | None = None
    is_base: bool = False

    @property
    def own(self) -> str:
        """The name without the base that a linked clone carries in it."""
        if self.base is None:
            return self.text
        return self.text.removeprefix(f"{self.base_vmid}/").removeprefix(f"{self.base}/")


def own_part(text: str) -> str:
    """A name without the base in front, whatever the type of its storage (see `VolumeName.own`)."""
    parts = text.split("/")
    if len(parts) == 4 and parts[0].isdigit() and parts[2].isdigit() and _is_base(parts[1]):
        return "/".join(parts[2:])
    return parts[1] if len(parts) == 2 and _is_base(parts[0]) else text


def _is_base(name: str) -> bool:
    return name.startswith(("base-", "basevol-"))


def split_id(volid: str) -> tuple[str, str]:
    """Storage and name. ConfigError for what is no volume id."""
    match = _ID.fullmatch(volid) if len(volid) <= MAX_LENGTH else None
    if match is None:
        raise ConfigError(f"'{volid[:100]}' is not valid, allowed is <storage>:<name>",
                          field="volume")  # fmt: skip
    return match[1], match[2]


def parse_name(kind: str, text: str) -> VolumeName:
    """What a name means on a storage of that type. ConfigError for what is no name there.

    A name with `..` among its parts or with control characters is none anywhere.
    """
    parts = text.split("/")
    sound = len(text) <= MAX_LENGTH and text.isprintable() and ".." not in parts
    found = _READERS[KINDS[kind].layout](KINDS[kind], text) if sound else None
    if found is None:
        raise ConfigError(f"'{text[:100]}' names no volume on a storage of type {kind}",
                          field="volume")  # fmt: skip
    return found


# files in folders


def _file(_kind: Kind, text: str) -> VolumeName | None:
    folder, _, name = text.partition("/")
    read = _FOLDERS.get(folder)
    return read(text, name) if read else _image_file(text)


def _image_file(text: str) -> VolumeName | None:
    linked = _LINKED.fullmatch(text)
    if linked:
        image, base = _IMAGE.fullmatch(linked[4]), _IMAGE.fullmatch(linked[2])
        if image is None or base is None:
            return None
        owner, base_owner = int(linked[3]), int(linked[1])
        return VolumeName(text, "images", linked[4], image[2], owner, linked[2], base_owner,
                          bool(image[1]))  # fmt: skip
    owned = _OWNED.fullmatch(text)
    image = _IMAGE.fullmatch(owned[2]) if owned else None
    if owned is None or image is None:
        return None
    return VolumeName(text, "images", owned[2], image[2], int(owned[1]), is_base=bool(image[1]))


def _plain(content: str, pattern: re.Pattern[str]) -> Callable[[str, str], VolumeName | None]:
    def read(text: str, name: str) -> VolumeName | None:
        return VolumeName(text, content, name, "raw") if pattern.fullmatch(name) else None

    return read


def _backup_file(text: str, name: str) -> VolumeName | None:
    if not _BACKUP.fullmatch(name):
        return None
    owner = _BACKUP_OWNER.match(name)
    return VolumeName(text, "backup", name, "raw", int(owner[1]) if owner else None)


def _import_file(text: str, name: str) -> VolumeName | None:
    match = _IMPORT.fullmatch(name)
    if match:
        return VolumeName(text, "import", name, match[1])
    inside = _INSIDE.fullmatch(name)
    return VolumeName(text, "import", name, f"ova+{inside[3]}") if inside else None


_FOLDERS: Final[dict[str, Callable[[str, str], VolumeName | None]]] = {
    "iso": _plain("iso", _ISO),
    "vztmpl": _plain("vztmpl", _TEMPLATE),
    "snippets": _plain("snippets", re.compile(r"[^/]+", re.ASCII)),
    "backup": _backup_file,
    "import": _import_file,
}


# block volumes

_PREFIXES: Final = {
    "lvm": ("vm",),
    "lvmthin": ("vm", "base"),
    "rbd": ("vm", "base"),
    "zfs": ("vm", "base", "subvol", "basevol"),
    "zfspool": ("vm", "base", "subvol", "basevol"),
}
_BASES: Final = ("base", "basevol")
_TREES: Final = ("subvol", "basevol")


def _volume(kind: Kind, text: str) -> VolumeName | None:
    above, slash, name = text.rpartition("/")
    match = _FLAT.fullmatch(name)
    if match is None or match[1] not in _PREFIXES[kind.name]:
        return None
    base = _FLAT.fullmatch(above) if slash else None
    if slash and (base is None or base[1] not in _BASES or not kind.base_in_name):
        return None
    if slash and "base" not in _PREFIXES[kind.name]:
        return None
    form = "subvol" if match[1] in _TREES else "raw"
    if kind.name == "lvm" and name.endswith(".qcow2"):
        form = "qcow2"
    return VolumeName(text, "images", name, form, int(match[2]), above or None,
                      int(base[2]) if base else None, match[1] in _BASES)  # fmt: skip


# what others made


def _lun(kind: Kind, text: str) -> VolumeName | None:
    if kind.name == "iscsidirect":
        return VolumeName(text, "images", text, "raw") if _LUN.fullmatch(text) else None
    match = _LUN_PATH.fullmatch(text)
    return VolumeName(text, "images", match[1], "raw") if match else None


def _archive(_kind: Kind, text: str) -> VolumeName | None:
    match = _ARCHIVE.fullmatch(text)
    if match is None:
        return None
    owner = int(match[2]) if match[2].isdigit() else None
    return VolumeName(text, "backup", text.partition("/")[2], f"pbs-{match[1]}", owner)


def _foreign(_kind: Kind, text: str) -> VolumeName | None:
    if text.count("/") < 2 or "" in text.split("/"):
        return None
    ending = text.rpartition(".")[2]
    if ending == "vmx":
        return VolumeName(text, "import", text, "vmx", 0)
    return VolumeName(text, "images", text, "vmdk" if ending == "vmdk" else "raw", 0)


_READERS: Final[dict[str, Callable[[Kind, str], VolumeName | None]]] = {
    FILES: _file,
    VOLUMES: _volume,
    LUNS: _lun,
    BACKUPS: _archive,
    HOST: _foreign,
}


# new names


def next_disk(kind: str, vmid: int, form: str, taken: Iterable[str]) -> str:
    """The name of a new disk of a guest: with the lowest number that none of `taken` has."""
    used: list[int] = []
    for text in taken:
        match = _DISK_NUMBER.fullmatch(text.rpartition("/")[2])
        if match and int(match[1]) == vmid:
            used.append(int(match[2]))
    number = next(count for count in range(len(used) + 1) if count not in used)
    prefix = "subvol" if form == "subvol" else "vm"
    return named(kind, vmid, form, f"{prefix}-{vmid}-disk-{number}")


def named(kind: str, vmid: int, form: str, name: str) -> str:
    """The whole name of a volume of a guest whose last part is `name`, its ending left out."""
    if KINDS[kind].layout == FILES:
        return f"{vmid}/{name}.{form}"
    return f"{name}.qcow2" if form == "qcow2" else name


def state_name(kind: str, vmid: int, snapshot: str, form: str = "raw") -> str:
    """The name of the volume that keeps a VM's memory in a snapshot."""
    return named(kind, vmid, form, f"vm-{vmid}-state-{snapshot}")


def base_name(name: VolumeName) -> str:
    """What a volume is called once it is a base image; a linked clone keeps its own base."""
    head, _, rest = name.name.partition("-")
    flat = head == "subvol" and "." not in rest
    return name.text.removesuffix(name.name) + (f"basevol-{rest}" if flat else f"base-{rest}")


def linked_name(kind: str, base: VolumeName, own: str) -> str:
    """The name of a linked clone `own` of a base image."""
    return f"{base.own}/{own}" if KINDS[kind].base_in_name else own


def check_new_image(kind: str, vmid: int, form: str, name: str) -> str:
    """The whole name for the name that a call gives to a new image. ConfigError."""
    if KINDS[kind].layout == FILES:
        text = name if name.startswith(f"{vmid}/") else f"{vmid}/{name}"
    else:
        text = name
    found = parse_name(kind, text)
    prefixes = tuple(f"{prefix}-{vmid}-" for prefix in ("vm", "subvol", "base", "basevol"))
    if found.content != "images" or found.base or not found.name.startswith(prefixes):
        raise ConfigError(f"'{name[:100]}' is no name for a volume of guest {vmid}, allowed is "
                          f"vm-{vmid}-<name>", field="filename")  # fmt: skip
    if found.format != form:
        raise ConfigError(f"'{name[:100]}' is not of format {form}", field="filename")
    return text
