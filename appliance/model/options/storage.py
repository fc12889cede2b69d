"""storage.cfg: every type of storage, with what it takes. What it can do is in model/storage."""

from __future__ import annotations

from dataclasses import replace

from appliance.model.formats.names import CONFIG_ID, NODE, STORAGE_ID
from appliance.model.formats.network import PORTAL, SERVER
from appliance.model.formats.storage import (
    CONTENT,
    DIR_OVERRIDE,
    MOUNT_OPTIONS,
    PATH,
    VG_NAME,
    VOLUME_FORMATS,
    VOLUME_ID,
    ZFS_BLOCKSIZE,
)
from appliance.model.option import Option
from appliance.model.options.backup import BWLIMIT, PRUNE
from appliance.model.options.make import flag, text, whole, word
from appliance.model.section_config import SectionType

FILE = "storage.cfg"

_ALL = (
    text("base", "The volume that the group lies on.", VOLUME_ID),
    text("blocksize", "The size of blocks in new volumes.", ZFS_BLOCKSIZE),
    text("bwlimit", "Limits of bandwidth by kind of operation.", BWLIMIT),
    text("comstar_hg", "The host group that may see the volumes."),
    text("comstar_tg", "The target group that shows the volumes."),
    text("content", "What may be kept here.", CONTENT, many=True),
    text("content-dirs", "Folders for kinds of content in place of the usual ones.",
         DIR_OVERRIDE, many=True),
    flag("create-base-path", "Whether the path is made if it is missing.", True),
    flag("create-subdirs", "Whether folders of content are made.", True),
    text("data-pool", "The pool for the data, where that of the images keeps only their heads."),
    text("datastore", "The datastore on the backup server."),
    flag("disable", "Whether the storage is out of use."),
    text("domain", "The domain of the user.", max_length=256),
    text("encryption-key", "The key that backups are encrypted with.", secret=True),
    text("export", "The path that the server exports.", PATH),
    text("fingerprint", "The SHA-256 fingerprint of the server's certificate.",
         pattern=r"([A-Fa-f0-9]{2}:){31}[A-Fa-f0-9]{2}"),
    text("format", "The format of new images.", choices=VOLUME_FORMATS),
    text("fs-name", "The name of the Ceph file system.", CONFIG_ID),
    flag("fuse", "Whether it is mounted by a program instead of the kernel."),
    text("is_mountpoint", "Whether something has to be mounted on the path, or which path.",
         default="no"),
    text("iscsiprovider", "The program that serves the targets."),
    text("keyring", "The key that the client logs in with.", secret=True),
    flag("krbd", "Whether images are mapped by the kernel.", False),
    text("lio_tpg", "The portal group of the targets."),
    text("master-pubkey", "The public key that can open every backup.", secret=True),
    whole("max-protected-backups", "How many protected backups a guest can have; -1 is no limit.",
          -1),
    flag("mkdir", "Older: whether the path and folders are made.", True),
    text("monhost", "The monitors of the Ceph cluster.", PORTAL, many=True),
    text("mountpoint", "Where the pool is mounted.", PATH),
    text("namespace", "The namespace inside the pool or datastore."),
    flag("nocow", "Whether new images are written in place, without checksums.", False),
    text("nodes", "The only nodes that use it.", NODE, many=True),
    flag("nowritecache", "Whether the target does not cache writes."),
    text("options", "Options of the mount.", MOUNT_OPTIONS),
    text("password", "The password of the user.", max_length=256, secret=True),
    text("path", "Where it is in the file system of a node.", PATH),
    text("pool", "The pool."),
    whole("port", "The port of the server.", 1, 65535),
    text("portal", "The address of the iSCSI server.", PORTAL),
    word("preallocation", "How much of a new image is taken at once.",
         "off metadata falloc full", "metadata"),
    text("prune-backups", "Which backups are kept.", PRUNE),
    flag("saferemove", "Whether removed volumes are filled with zeroes."),
    Option("saferemove-stepsize", "How much is filled at a time.", kind="integer", default=32,
           choices=("1", "2", "4", "8", "16", "32"), unit="MiB"),
    text("saferemove_throughput", "At most so much is filled a second."),
    text("server", "The server.", SERVER),
    text("share", "The share on the server."),
    flag("shared", "Says that all nodes see the same content; it does not share it."),
    flag("skip-cert-verification", "Whether any certificate of the server is taken.", False),
    word("smbversion", "The version of the protocol.", "default 2.0 2.1 3 3.0 3.11", "default"),
    flag("snapshot-as-volume-chain", "Whether a snapshot is a volume of its own.", False),
    flag("sparse", "Whether volumes take only the space that is written."),
    text("subdir", "The folder that is mounted.", PATH),
    flag("tagged_only", "Whether only volumes tagged with pve-vm-<vmid> are used."),
    text("target", "The iSCSI target."),
    text("thinpool", "The thin pool.", VG_NAME),
    text("username", "The user that logs in."),
    text("vgname", "The volume group.", VG_NAME),
    text("zfs-base-path", "Where the server has its volumes' devices.", PATH),
)  # fmt: skip
_BY_NAME = {option.name: option for option in _ALL}

_EVERY = "content disable nodes"
_FOLDERS = (
    f"{_EVERY} content-dirs create-base-path create-subdirs format max-protected-backups mkdir "
    "prune-backups bwlimit"
)
# Of each type: what must be given and stays, what must be given, what stays if given, the rest.
_TYPES = {
    "btrfs": ("path", "", "", (f"{_EVERY} create-base-path create-subdirs format is_mountpoint "
              "max-protected-backups mkdir nocow preallocation prune-backups shared")),
    "cephfs": ("path", "", "", f"{_FOLDERS} fs-name fuse keyring monhost options subdir username"),
    "cifs": ("path server share", "", "snapshot-as-volume-chain",
             f"{_FOLDERS} domain options password preallocation smbversion subdir username"),
    "dir": ("path", "", "snapshot-as-volume-chain",
            f"{_FOLDERS} is_mountpoint preallocation shared"),
    "esxi": ("", "server username", "", f"{_EVERY} password port shared skip-cert-verification"),
    "iscsi": ("portal target", "", "", f"{_EVERY} bwlimit"),
    "iscsidirect": ("portal target", "", "", f"{_EVERY} bwlimit"),
    "lvm": ("vgname", "", "base", (f"{_EVERY} bwlimit saferemove saferemove-stepsize "
            "saferemove_throughput shared snapshot-as-volume-chain tagged_only")),
    "lvmthin": ("thinpool vgname", "", "", f"{_EVERY} bwlimit"),
    "nfs": ("export path server", "", "snapshot-as-volume-chain",
            f"{_FOLDERS} options preallocation"),
    "pbs": ("datastore server", "", "", (f"{_EVERY} encryption-key fingerprint master-pubkey "
            "max-protected-backups namespace password port prune-backups username")),
    "rbd": ("", "", "", (f"{_EVERY} bwlimit data-pool keyring krbd monhost namespace pool "
            "username")),
    "zfs": ("blocksize iscsiprovider pool portal target", "", "",
            f"{_EVERY} bwlimit comstar_hg comstar_tg lio_tpg nowritecache sparse zfs-base-path"),
    "zfspool": ("pool", "", "", f"{_EVERY} blocksize bwlimit mountpoint sparse"),
}  # fmt: skip


def _section(name: str, uses: tuple[str, str, str, str]) -> SectionType:
    fixed, needed, kept, free = (part.split() for part in uses)
    options = [
        replace(
            _BY_NAME[key],
            required=key in fixed or key in needed,
            fixed=key in fixed or key in kept,
        )
        for key in (*fixed, *needed, *kept, *free)
    ]
    return SectionType(name, STORAGE_ID, tuple(sorted(options, key=lambda option: option.name)))


TYPES = tuple(_section(name, uses) for name, uses in _TYPES.items())
