"""Names of backup archives: whose they are, from when, and how they are packed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from appliance.model.errors import ConfigError

_ENDING = (
    r"(?:tgz|tar(?:\.(?:gz|lzo|zst|bz2))?|vma(?:\.(?:gz|lzo|zst|bz2))?)"  # all that is ever written
)
_NAME = re.compile(
    rf"vzdump-(lxc|openvz|qemu)-([^/\n]+?)\.({_ENDING})", re.ASCII
)  # fmt: skip
_STANDARD = re.compile(
    r"([0-9]+)-([0-9]{4})_([0-9]{2})_([0-9]{2})-([0-9]{2})_([0-9]{2})_([0-9]{2})", re.ASCII
)
_UNPACK: Final[Mapping[tuple[str, str], tuple[str, ...]]] = {
    ("tar", "gz"): ("tar", "-z"),
    ("tar", "bz2"): ("tar", "--bzip2"),
    ("tar", "lzo"): ("tar", "--lzop"),
    ("tar", "zst"): ("tar", "--zstd"),
    ("vma", "gz"): ("zcat",),
    ("vma", "bz2"): ("bzcat", "-q"),
    ("vma", "lzo"): ("lzop", "-d", "-c"),
    ("vma", "zst"): ("zstd", "-q", "-d", "-c"),
}


@dataclass(frozen=True, slots=True)
class ArchiveName:
    """What a name says.

    type        qemu, lxc or openvz
    format      tar or vma; compression: gz, lzo, zst, bz2 or empty
    standard    whether it is a name as backups get it; only then guest and time are known
    created_s   since 1970, the time in the name taken as UTC
    """

    filename: str
    type: str
    format: str
    compression: str = ""
    standard: bool = False
    vmid: int | None = None
    created_s: int | None = None

    @property
    def ending(self) -> str:
        """As in `vma.zst`."""
        if self.filename.endswith(".tgz"):
            return "tgz"
        return f"{self.format}.{self.compression}" if self.compression else self.format

    @property
    def unpacker(self) -> tuple[str, ...]:
        """The program that unpacks it, with its options; empty if it is not packed."""
        return _UNPACK.get((self.format, self.compression), ())

    @property
    def log_file(self) -> str:
        return f"{self.filename.removesuffix('.' + self.ending)}.log"

    @property
    def notes_file(self) -> str:
        return f"{self.filename}.notes"


def parse_archive_name(path: str) -> ArchiveName:
    """Of a file's name or a whole path. ConfigError for what is no backup."""
    filename = path.rpartition("/")[2]
    match = _NAME.fullmatch(filename)
    if match is None:
        raise ConfigError(f"'{filename[:100]}' is no name of a backup", field="archive")
    kind, ending = match[1], match[3]
    form, _, packed = ("tar", "", "gz") if ending == "tgz" else ending.partition(".")
    found = _STANDARD.fullmatch(match[2])
    created_s = _time(found) if found else None
    if found is None or created_s is None:
        return ArchiveName(filename, kind, form, packed)
    return ArchiveName(filename, kind, form, packed, True, int(found[1]), created_s)


def _time(match: re.Match[str]) -> int | None:
    year, month, day, hour, minute, second = (int(part) for part in match.groups()[1:])
    try:
        return int(datetime(year, month, day, hour, minute, second, tzinfo=UTC).timestamp())
    except ValueError:
        return None


def archive_name(kind: str, vmid: int, now_s: float, ending: str) -> str:
    """The name of a new backup: kind is qemu or lxc, ending such as `vma.zst`."""
    time = datetime.fromtimestamp(int(now_s), UTC).strftime("%Y_%m_%d-%H_%M_%S")
    return f"vzdump-{kind}-{vmid}-{time}.{ending}"
