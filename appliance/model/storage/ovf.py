"""OVF manifests, alone or in an OVA: which VM a disk image from elsewhere belongs to."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final
from xml.etree.ElementTree import Element, ParseError, fromstring

from appliance.model.errors import ConfigError

MAX_BYTES: Final = 1024**2
_BLOCK: Final = 512  # of a tar file
_CONTROLLERS: Final = {"5": "ide", "6": "scsi", "20": "sata"}
_CPUS, _MEMORY, _NETWORK, _DISK = "3", "4", "10", "17"
_OS_TYPES: Final[Mapping[str, str]] = {
    "67": "wxp", "68": "w2k3", "69": "w2k3", "70": "w2k3", "71": "w2k3", "72": "wxp",
    "73": "wvista", "74": "wvista", "76": "w2k8", "77": "w2k8", "103": "win7", "105": "win7",
    "113": "win8", "114": "win8", "115": "win8", "116": "win8", "120": "win10", "121": "win10",
    "29": "solaris", "30": "solaris", "36": "l26", "79": "l26", "80": "l26", "93": "l26",
    "94": "l26", "95": "l26", "96": "l26", "97": "l24", "98": "l26", "99": "l26", "100": "l26",
    "101": "l26", "106": "l26", "107": "l26", "108": "l26", "109": "l26",
}  # fmt: skip
_MODELS: Final = {"e1000": "e1000", "e1000e": "e1000e", "vmxnet3": "vmxnet3"}
_UNITS: Final = re.compile(r"byte(?:\s*\*\s*2\s*\^\s*([0-9]{1,2}))?", re.ASCII)
_OLD_UNITS: Final = {"KiloBytes": 10, "MegaBytes": 20, "GigaBytes": 30}


@dataclass(frozen=True, slots=True)
class Manifest:
    """options: of the VM. disks: place -> file beside the manifest. cards: network cards."""

    options: Mapping[str, str]
    disks: Mapping[str, str] = field(default_factory=dict)
    cards: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


def parse_manifest(text: str) -> Manifest:
    """ConfigError for what is no manifest, or has definitions of its own in it."""
    if len(text) > MAX_BYTES:
        raise ConfigError("is too long for a manifest", field="ovf")
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        raise ConfigError("has a document type of its own, which is not read", field="ovf")
    try:
        root = fromstring(text.encode())
    except (ParseError, ValueError) as error:
        raise ConfigError(f"is no manifest: {error}", field="ovf") from None
    system = _first(root, "VirtualSystem")
    if system is None:
        raise ConfigError("describes no VM", field="ovf")
    items = [_Item(item) for item in _all(system, "Item")]
    disks = dict(_disks(root, items))
    options = _options(system, items)
    if disks:
        options["boot"] = f"order={';'.join(disks)}"
    return Manifest(options, disks, dict(_cards(items)))


def manifest_in(archive: bytes) -> str:
    """The text of the manifest in the beginning of an OVA. ConfigError."""
    at = 0
    while at + _BLOCK <= len(archive) and archive[at]:
        header = archive[at : at + _BLOCK]
        name = header[:100].rstrip(b"\0").decode("utf-8", "replace")
        try:
            size = int(header[124:136].strip(b"\0 ") or b"0", 8)
        except ValueError:
            break
        at += _BLOCK
        if name.endswith(".ovf"):
            if size > MAX_BYTES or at + size > len(archive):
                break
            return archive[at : at + size].decode("utf-8", "replace")
        at += -(-size // _BLOCK) * _BLOCK
    raise ConfigError("has no manifest in its beginning", field="ova")


# XML without its namespaces: writers of manifests do not agree on prefixes


def _local(name: str) -> str:
    return name.rpartition("}")[2]


def _all(element: Element, name: str) -> Iterator[Element]:
    return (one for one in element.iter() if _local(one.tag) == name)


def _first(element: Element, name: str) -> Element | None:
    return next(_all(element, name), None)


def _text(element: Element, name: str) -> str:
    found = _first(element, name)
    return (found.text or "").strip() if found is not None else ""


def _attribute(element: Element, name: str) -> str:
    return next((value for key, value in element.attrib.items() if _local(key) == name), "")


class _Item:
    """One piece of virtual hardware."""

    def __init__(self, element: Element) -> None:
        self.kind = _text(element, "ResourceType")
        self.subtype = _text(element, "ResourceSubType")
        self.id = _text(element, "InstanceID")
        self.parent = _text(element, "Parent")
        self.address = _text(element, "AddressOnParent")
        self.resource = _text(element, "HostResource")
        self.quantity = _text(element, "VirtualQuantity")
        self.units = _text(element, "AllocationUnits")


def _options(system: Element, items: list[_Item]) -> dict[str, str]:
    found: dict[str, str] = {}
    name = re.sub(r"[^a-zA-Z0-9-]", "", _text(system, "Name"))
    if name:
        found["name"] = name
    for item in items:
        if item.kind == _CPUS and item.quantity.isdigit():
            found["cores"] = item.quantity
        elif item.kind == _MEMORY and item.quantity.isdigit():
            found["memory"] = str(int(item.quantity) * 2 ** _power(item.units) // 2**20)
    section = _first(system, "OperatingSystemSection")
    number = _attribute(section, "id") if section is not None else ""
    found["ostype"] = _OS_TYPES.get(number, "other")
    if any(_attribute(one, "key") == "firmware" and _attribute(one, "value") == "efi"
           for one in _all(system, "Config")):  # fmt: skip
        found["bios"] = "ovmf"
    return found


def _power(units: str) -> int:
    match = _UNITS.fullmatch(units)
    return int(match[1] or 0) if match else _OLD_UNITS.get(units, 20)


def _disks(root: Element, items: list[_Item]) -> Iterator[tuple[str, str]]:
    files = {_attribute(one, "id"): _attribute(one, "href") for one in _all(root, "File")}
    disks = {_attribute(one, "diskId"): _attribute(one, "fileRef") for one in _all(root, "Disk")}
    controllers = {item.id: _CONTROLLERS[item.kind] for item in items if item.kind in _CONTROLLERS}
    for item in items:
        if item.kind != _DISK:
            continue
        file = files.get(disks.get(item.resource.rpartition("/")[2], ""), "")
        bus = controllers.get(item.parent)
        if bus is None or not item.address.isdigit():
            raise ConfigError("has a disk that is connected to nothing known", field="ovf")
        if not re.fullmatch(r"[A-Za-z0-9.+=_ -]+", file, re.ASCII):
            raise ConfigError(f"names '{file[:100]}' as a disk's file", field="ovf")
        yield f"{bus}{item.address}", file


def _cards(items: list[_Item]) -> Iterator[tuple[str, Mapping[str, str]]]:
    cards = [item for item in items if item.kind == _NETWORK]
    for number, item in enumerate(cards):
        yield f"net{number}", {"model": _MODELS.get(item.subtype.lower(), "e1000")}
