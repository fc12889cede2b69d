"""What smartctl tells of a disk, read from its text."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from appliance.model.storage.disks import Attribute, Smart

_ATA: Final = re.compile(
    r"\s*([0-9]+) (\S+)\s+([A-Z-]{6}) +([0-9]+) +([0-9]+) +([0-9]+|---) +(\S+) +(\S.*?)\s*",
    re.ASCII,
)
_VERDICT: Final = re.compile(r"SMART [\w -]*(?:test result|Health Status): (\S+).*", re.ASCII)
_USED: Final = re.compile(r"Percentage used(?: endurance indicator)?:\s*([0-9]+)%", re.IGNORECASE)
# Where makers keep what is left of a disk's life, in percent, the surest first.
_LIFE: Final = (
    "Media_Wearout_Indicator",
    "SSD_Life_Left",
    "Wear_Leveling_Count",
    "Remaining_Lifetime_Perc",
    "Percent_Lifetime_Remain",
    "Percent_Life_Remaining",
    "Lifetime_Left",
    "Percent_Lifetime_Used",
)


@dataclass(frozen=True, slots=True)
class Told:
    """wearout: percent of its life that are left."""

    smart: Smart
    wearout: int | None = None


def read_smart(text: str) -> Told:
    """Attributes of ATA disks; of others the text behind the verdict."""
    health, rest = "UNKNOWN", list[str]()
    attributes: list[Attribute] = []
    for line in text.splitlines():
        verdict, match = _VERDICT.fullmatch(line), _ATA.fullmatch(line)
        if verdict:
            health, rest = verdict[1], []
        elif match:
            attributes.append(_attribute(match))
        else:
            rest.append(line)
    if attributes:
        return Told(Smart(health, "ata", tuple(attributes)), _wearout(attributes))
    used = _USED.search(text)
    told = Smart(health, "text", text="".join(f"{line}\n" for line in rest))
    return Told(told, 100 - int(used[1]) if used else None)


def _attribute(match: re.Match[str]) -> Attribute:
    threshold = 0 if match[6] == "---" else int(match[6])
    numbers = int(match[4]), int(match[5]), threshold
    return Attribute(int(match[1]), match[2], *numbers, match[8], match[3], match[7])


def _wearout(attributes: Sequence[Attribute]) -> int | None:
    by_name = {one.name: one.value for one in attributes}
    return next((by_name[name] for name in _LIFE if name in by_name), None)
