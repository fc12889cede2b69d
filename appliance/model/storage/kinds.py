"""The types of storage: what each can keep, in which formats, and what it can do with volumes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from appliance.model.options.storage import TYPES

# How volumes are named, and so what a name means. `files`: paths below folders by content.
# `volumes`: one flat list of block volumes. `luns`, `backups` and `host`: made elsewhere.
FILES: Final = "files"
VOLUMES: Final = "volumes"
LUNS: Final = "luns"
BACKUPS: Final = "backups"
HOST: Final = "host"

_DISKS: Final = ("images", "rootdir")
_FILES: Final = ("backup", "import", "iso", "snippets", "vztmpl")

# What can be done with a volume of a format, by what it is: a base image, a snapshot (of it), or
# the volume as it is now. "-" is every format.
Abilities = Mapping[str, Mapping[str, str]]


@dataclass(frozen=True, slots=True)
class Kind:
    """One type of storage.

    content      the kinds of content it can keep; `usual`: those it keeps where nothing is said
    formats      of images, the usual one first
    layout       see above
    shared       whether all nodes see the same content: yes, no, or as the option `shared` says
    base_in_name whether a linked clone carries its base's name in its own
    sizes        whether it tells how full it is
    abilities    see `Abilities`
    """

    name: str
    layout: str
    content: tuple[str, ...]
    usual: tuple[str, ...]
    formats: tuple[str, ...]
    shared: bool | None
    abilities: Abilities
    base_in_name: bool = True
    sizes: bool = True


def _able(**what: str) -> Abilities:
    """`base:qcow2+raw current:raw` for each ability; without formats: all of them."""
    found: dict[str, dict[str, str]] = {}
    for name, text in what.items():
        pairs = (part.partition(":") for part in text.split())
        found[name] = {kind: formats or "-" for kind, _, formats in pairs}
    return found


_IMAGES = "qcow2+raw+vmdk"
_DIR = _able(
    snapshot="current:qcow2 snap:qcow2",
    clone=f"base:{_IMAGES}",
    template=f"current:{_IMAGES}+subvol",
    copy=f"base:{_IMAGES} current:{_IMAGES} snap:qcow2",
    sparseinit=f"base:{_IMAGES} current:{_IMAGES}",
    rename=f"current:{_IMAGES}",
)
_BTRFS = _able(
    snapshot="current:qcow2+raw+subvol snap:qcow2+raw+subvol",
    clone=f"base:{_IMAGES}+subvol current:raw snap:raw",
    template=f"current:{_IMAGES}+subvol",
    copy=f"base:{_IMAGES}+subvol current:{_IMAGES}+subvol snap:qcow2+raw+subvol",
    sparseinit=f"base:{_IMAGES} current:{_IMAGES}",
    rename=f"current:{_IMAGES}",
)
_LVM = _able(copy="base current", rename="current")
_CHAIN = _able(
    snapshot="current:qcow2 snap:qcow2",
    copy="base current snap:qcow2",
    rename="current",
)
_THIN = _able(
    snapshot="current",
    clone="base snap",
    template="current",
    copy="base current snap",
    sparseinit="base current",
    rename="current",
)
_ZFS = _able(
    snapshot="current snap",
    clone="base",
    template="current",
    copy="base current",
    sparseinit="base current",
    replicate="base current",
    rename="base current",
)
_ZFS_REMOTE = _able(
    snapshot="current snap",
    clone="base",
    template="current",
    copy="base current",
)
_RBD = _able(
    snapshot="current snap",
    clone="base snap",
    template="current",
    copy="base current snap",
    sparseinit="base current",
    rename="current",
)
_RAW: Final = ("raw",)
_FILE_FORMATS: Final = ("raw", "qcow2", "vmdk")
_ANY: Final = (*_DISKS, *_FILES)

_KINDS: Final = (
    Kind("btrfs", FILES, (*_ANY, "none"), _DISKS, ("raw", "subvol"), None, _BTRFS, False),
    Kind("cephfs", FILES, _FILES, ("backup",), _RAW, True, {}),
    Kind("cifs", FILES, _ANY, ("images",), _FILE_FORMATS, True, _DIR),
    Kind("dir", FILES, (*_ANY, "none"), _DISKS, (*_FILE_FORMATS, "subvol"), None, _DIR),
    Kind("esxi", HOST, ("import",), ("import",), _FILE_FORMATS, True, {}, sizes=False),
    Kind("iscsi", LUNS, ("images", "none"), ("images",), _RAW, True, _able(copy="current"),
         sizes=False),
    Kind("iscsidirect", LUNS, ("images", "none"), ("images",), _RAW, True,
         _able(copy="current snap"), sizes=False),
    Kind("lvm", VOLUMES, _DISKS, ("images",), _RAW, None, _LVM),
    Kind("lvmthin", VOLUMES, _DISKS, _DISKS, _RAW, False, _THIN, False),
    Kind("nfs", FILES, _ANY, ("images",), _FILE_FORMATS, True, _DIR),
    Kind("pbs", BACKUPS, ("backup", "none"), ("backup",), (), True, {}),
    Kind("rbd", VOLUMES, _DISKS, ("images",), _RAW, True, _RBD),
    Kind("zfs", VOLUMES, ("images",), ("images",), ("raw", "subvol"), True, _ZFS_REMOTE),
    Kind("zfspool", VOLUMES, _DISKS, _DISKS, ("raw", "subvol"), False, _ZFS),
)  # fmt: skip
KINDS: Final[Mapping[str, Kind]] = {kind.name: kind for kind in _KINDS}
LVM_CHAIN: Final[Abilities] = _CHAIN

assert tuple(sorted(KINDS)) == tuple(sorted(declared.name for declared in TYPES))


def able(abilities: Abilities, what: str, state: str, form: str) -> bool:
    """Whether an ability covers a volume of that format: state is base, snap or current."""
    formats = abilities.get(what, {}).get(state)
    return formats is not None and (formats == "-" or form in formats.split("+"))
