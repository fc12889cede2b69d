"""Volumes, paths, sizes, kinds of content, and which storage becomes which."""

from __future__ import annotations

import re
from collections.abc import Callable

from appliance.model.formats.form import checked, matching, takes
from appliance.model.formats.names import STORAGE_ID
from appliance.model.formats.network import BRIDGE
from appliance.model.option import Format
from appliance.model.sizes import format_size, parse_size

CONTENT_TYPES = ("images", "rootdir", "vztmpl", "iso", "backup", "snippets", "import", "none")
VOLUME_FORMATS = ("raw", "qcow2", "vmdk", "subvol")
_VOLUME = r"[A-Za-z][A-Za-z0-9_.-]*[A-Za-z0-9]:\S+"
_SEPARATOR = re.compile(r"[,;\s\0]+", re.ASCII)


def is_pair_list(text: str, good: Callable[[str], bool]) -> bool:
    """A list of `<from>:<to>`, at most one `<to>` for all others, or `1` for each to itself."""
    seen: list[str] = []
    for entry in (part for part in _SEPARATOR.split(text) if part):
        source, colon, target = entry.partition(":")
        key = source if colon else ""
        if entry not in ("0", "1") and not (good(source) and (not colon or good(target))):
            return False
        if key in seen:
            return False
        seen.append(key)
    return True


def has_parent_step(path: str) -> bool:
    """Whether `..` is among the parts of a path."""
    return ".." in path.split("/")


def _dir_override(text: str) -> bool:
    content, equals, folder = text.partition("=")
    plain = re.fullmatch(r"[A-Za-z0-9_./@-]+", folder, re.ASCII) is not None
    return bool(equals) and content in CONTENT_TYPES and plain and not has_parent_step(folder)


def _size_text(value: object) -> str:
    assert isinstance(value, int)
    return format_size(value)


VOLUME_ID = matching("pve-volume-id", "<storage>:<volume>", _VOLUME)
VOLUME_OR_PATH = matching(
    "pve-volume-id-or-absolute-path", "<storage>:<volume> or an absolute path", rf"{_VOLUME}|/.+"
)
VOLUME_OR_DRIVE = matching(
    "pve-volume-id-or-qm-path",
    "<storage>:<volume>, an absolute path, none or cdrom",
    rf"{_VOLUME}|/.+|none|cdrom",
)
CONTENT = matching("pve-storage-content", ", ".join(CONTENT_TYPES), "|".join(CONTENT_TYPES))
VOLUME_FORMAT = matching("pve-storage-format", ", ".join(VOLUME_FORMATS), "|".join(VOLUME_FORMATS))
PATH = matching(
    "pve-storage-path", "an absolute path without control characters", r"/[^\x00-\x1f\x7f]*"
)
PATH_IN_PROPERTY = matching(
    "pve-storage-path-in-property-string",
    "an absolute path without ',', ';' and '='",
    r"/[^\x00-\x1f\x7f,;=]*",
)
VG_NAME = matching("pve-storage-vgname", "the name of a volume group", r"[A-Za-z0-9_.+-]+")
ZFS_BLOCKSIZE = matching(
    "pve-storage-zfs-blocksize", "a number of bytes, possibly with k or M", r"[1-9][0-9]*[kKmM]?"
)
MOUNT_OPTIONS = matching(
    "pve-storage-options", "mount options without blanks", r"[^\s,]+(?:,[^\s,]+)*"
)
DIR_OVERRIDE = checked(
    "pve-dir-override",
    "<content>=<folder below the storage's path>",
    _dir_override,
)
DISK_SIZE = Format("disk-size", "a size such as 512M, 32G or 1.5T", parse_size, _size_text)
STORAGE_PAIR = checked(
    "storage-pair",
    "<storage>, <storage>:<target storage> or 1",
    lambda text: is_pair_list(text, lambda name: takes(STORAGE_ID, name)),
)
BRIDGE_PAIR = checked(
    "bridge-pair",
    "<bridge>, <bridge>:<target bridge> or 1",
    lambda text: is_pair_list(text, lambda name: takes(BRIDGE, name)),
)


FORMS = (
    VOLUME_ID,
    VOLUME_OR_PATH,
    VOLUME_OR_DRIVE,
    CONTENT,
    VOLUME_FORMAT,
    PATH,
    PATH_IN_PROPERTY,
    VG_NAME,
    ZFS_BLOCKSIZE,
    MOUNT_OPTIONS,
    DIR_OVERRIDE,
    DISK_SIZE,
    STORAGE_PAIR,
    BRIDGE_PAIR,
)
