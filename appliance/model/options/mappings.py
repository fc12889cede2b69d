"""mapping/*.cfg: devices and directories of the nodes under one name for the cluster."""

from __future__ import annotations

from appliance.model.formats.names import CONFIG_ID, NODE
from appliance.model.formats.storage import PATH_IN_PROPERTY
from appliance.model.options.make import flag, text, whole
from appliance.model.property_string import Properties
from appliance.model.section_config import SectionType

FILES = {kind: f"mapping/{kind}.cfg" for kind in ("dir", "pci", "usb")}

_ID = r"(?:^[0-9A-Fa-f]{4}:[0-9A-Fa-f]{4}$)"
_ADDRESS = r"[a-f0-9]{4,}:[a-f0-9]{2}:[a-f0-9]{2}(?:.[a-f0-9])?"
_NODE = text("node", "The node that has it.", NODE, required=True)
_NOTE = text("description", "Notes about it.", max_length=4096)

_DIR = Properties((_NODE, text("path", "The directory.", PATH_IN_PROPERTY, required=True)))
_PCI = Properties(
    (
        _NOTE,
        text("id", "Vendor and device.", pattern=_ID, required=True),
        whole("iommugroup", "The IOMMU group that it was in."),
        _NODE,
        text("path", "Where the device is.", pattern=rf"(?:{_ADDRESS};)*{_ADDRESS}",
             required=True),
        text("subsystem-id", "Vendor and device of the subsystem.", pattern=_ID),
    )
)  # fmt: skip
_USB = Properties(
    (
        _NOTE,
        text("id", "Vendor and device.", pattern=_ID, required=True),
        _NODE,
        text("path", "Where it is plugged in.", pattern=r"(?:^(\d+)\-(\d+(\.\d+)*)$)"),
    )
)

_PLACES = "The devices that it stands for, one on each node."
TYPES = {
    "dir": (
        SectionType(
            "dir",
            CONFIG_ID,
            (_NOTE, text("map", _PLACES, _DIR, repeated=True, required=True)),
        ),
    ),
    "pci": (
        SectionType(
            "pci",
            CONFIG_ID,
            (
                _NOTE,
                flag("live-migration-capable", "Whether a running guest can move with it.", False),
                text("map", _PLACES, _PCI, repeated=True, required=True),
                flag("mdev", "Whether it can be shared as mediated devices.", False),
            ),
        ),
    ),
    "usb": (
        SectionType(
            "usb",
            CONFIG_ID,
            (_NOTE, text("map", _PLACES, _USB, repeated=True, required=True)),
        ),
    ),
}
