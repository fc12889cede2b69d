"""The keys of a VM's drives: what each bus takes, and the disks with a purpose of their own."""

from __future__ import annotations

from dataclasses import replace

from appliance.model.formats.storage import DISK_SIZE, VOLUME_ID, VOLUME_OR_DRIVE, VOLUME_OR_PATH
from appliance.model.formats.times import URL_ENCODED
from appliance.model.option import Option
from appliance.model.options.make import flag, number, text, whole, word
from appliance.model.property_string import Properties

_FILE = text(
    "file", "The volume; none or cdrom for a drive without a disk.", VOLUME_OR_DRIVE, required=True
)
_SIZE = text("size", "The size of the disk, as last known.", DISK_SIZE)
_FORMAT = word("format", "The format of the image.", "raw qcow qed qcow2 vmdk cloop")
_SPELLINGS = {"volume": "file"}


def _rate(key: str, what: str) -> tuple[Option, ...]:
    """Limits of a rate: in operations for `iops`, in bytes for `mbps` and `bps`."""
    make = number if key.startswith("mbps") else whole
    unit = {"iops": "operations per second", "mbps": "MiB per second", "bps": "bytes per second"}
    return (make(key, f"At most so {what}.", unit=unit[key.partition("_")[0]]),)


def _limits() -> tuple[Option, ...]:
    found: list[Option] = []
    for end, verb in (("", "moved"), ("_rd", "read"), ("_wr", "written")):
        found += _rate(f"iops{end}", f"many operations are {verb}")
        found += _rate(f"iops{end}_max", f"many operations are {verb} in a burst")
        found += _rate(f"mbps{end}", f"much is {verb}")
        found += _rate(f"mbps{end}_max", f"much is {verb} in a burst")
        found += _rate(f"bps{end}", f"much is {verb}")
        for rate in ("iops", "bps"):
            found.append(
                whole(f"{rate}{end}_max_length", "How long a burst may be.", 1, unit="seconds")
            )
    return tuple(found)


_ALIASES = _SPELLINGS | {
    f"{rate}_{end}_length": f"{rate}_{end}_max_length"
    for rate in ("bps", "iops")
    for end in ("rd", "wr")
}
_COMMON = (
    _FILE,
    word("aio", "How the host does input and output.", "native threads io_uring"),
    flag("backup", "Whether backups include this drive."),
    word("cache", "How the host caches.", "none writethrough writeback unsafe directsync"),
    flag("detect_zeroes", "Whether writes of zeroes are turned into holes."),
    word("discard", "Whether discarded blocks are given back to the storage.", "ignore on"),
    _FORMAT,
    *_limits(),
    word("media", "What the guest sees.", "cdrom disk", "disk"),
    flag("replicate", "Whether replication jobs include this drive.", True),
    word("rerror", "What is done when reading fails.", "ignore report stop"),
    text("serial", "The serial number that the guest sees.", URL_ENCODED, max_length=60),
    flag(
        "shared", "Says that the volume can be reached on all nodes; it does not share it.", False
    ),
    _SIZE,
    flag("snapshot", "Whether changes are thrown away when the guest stops."),
    word("werror", "What is done when writing fails.", "enospc ignore report stop"),
)
_MODEL = text("model", "The model that the guest sees.", URL_ENCODED, max_length=120)
_SSD = flag("ssd", "Whether the guest takes the drive for an SSD.")
_WWN = text(
    "wwn",
    "The world wide name that the guest sees, 16 digits behind 0x.",
    pattern=r"(?:^(0x)[0-9a-fA-F]{16})",
)
_IOTHREAD = flag("iothread", "Whether the drive has a thread of its own.")
_RO = flag("ro", "Whether the guest can only read.")
_SCSI = (
    whole("queues", "How many queues the drive has.", 2),
    flag("scsiblock", "Whether a block device of the host is passed through as it is.", False),
    text("product", "The product that the guest sees.", pattern=r"[A-Za-z0-9\-_\s]{,16}"),
    text("vendor", "The vendor that the guest sees.", pattern=r"[A-Za-z0-9\-_\s]{,8}"),
)


def _drive(*more: Option, name: str = "") -> Properties:
    return Properties((*_COMMON, *more), "file", name, _ALIASES)


IDE = _drive(_MODEL, _SSD, _WWN)
SATA = _drive(_SSD, _WWN)
SCSI = _drive(_SSD, _WWN, _IOTHREAD, _RO, *_SCSI)
VIRTIO = _drive(_IOTHREAD, _RO)
# The option `cdrom` stands for ide2 and names the format of IDE drives.
CDROM = _drive(_MODEL, _SSD, _WWN, name="pve-qm-ide")

EFI_DISK = Properties(
    (
        _FILE,
        word("efitype", "The size and kind of the firmware's variables.", "2m 4m", "2m"),
        _FORMAT,
        flag("pre-enrolled-keys", "Whether the keys of common vendors are there already.", False),
        word(
            "ms-cert",
            "Which certificates of Microsoft are enrolled.",
            "2011 2023 2023w 2023k",
            "2011",
        ),
        _SIZE,
    ),
    "file",
    aliases=_SPELLINGS,
)
TPM_STATE = Properties(
    (
        _FILE,
        word("format", "The format of the image.", "raw qcow2 vmdk"),
        _SIZE,
        word("version", "Which TPM the guest sees.", "v1.2 v2.0", "v1.2"),
    ),
    "file",
    aliases=_SPELLINGS,
)
UNUSED_DISK = Properties(
    (text("file", "The volume.", VOLUME_ID, required=True),), "file", aliases=_SPELLINGS
)

_IMPORT = text(
    "import-from",
    "A volume or file whose content the new disk gets.",
    VOLUME_OR_PATH,
)


def importing(form: Properties) -> Properties:
    """The keys of a drive as calls take them: a new disk can be filled from another."""
    return replace(form, options=(*form.options, _IMPORT))
