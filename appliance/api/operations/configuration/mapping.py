"""Devices and directories of the nodes under one name for the cluster."""

from __future__ import annotations

from functools import partial
from typing import Any, Final

from appliance.api.operations.configuration.common import ID, may
from appliance.api.operations.sections import Crud, Rights, crud_operations
from appliance.api.permissions import either, on, perm
from appliance.api.ports import ApiPorts
from appliance.api.table import ANY_USER, Request
from appliance.model.formats.names import NODE
from appliance.model.option import Option
from appliance.model.options.mappings import FILES, TYPES
from appliance.model.property_string import Properties
from appliance.services.config.sections import Row, SectionFile

_USES: Final = ("Mapping.Use", "Mapping.Modify", "Mapping.Audit")
_CHECK: Final = Option("check-node", "Say what is wrong with it for this node.", format=NODE)
# The published expressions name the same three privileges, each kind in an order of its own.
_ORDER: Final = {
    "dir": _USES,
    "pci": _USES,
    "usb": ("Mapping.Audit", "Mapping.Use", "Mapping.Modify"),
}
_WORDS: Final = {"dir": "directory", "pci": "PCI device", "usb": "USB device"}


def _visible(kind: str, row: Row, request: Request, ports: ApiPorts) -> bool:
    return may(request, ports, f"/mapping/{kind}/{row['id']}", *_USES)


def _shape(kind: str, row: Row, request: Request, _ports: ApiPorts) -> Row:
    node = request.parameters.get("check-node")
    if node is None:
        return row
    (declared,) = TYPES[kind]
    option = declared.option("map")
    places = option.format if option is not None else None
    assert isinstance(places, Properties)
    nodes = [places.parse(text).values.get("node") for text in row.get("map", ())]
    found: list[dict[str, Any]] = []
    if node not in nodes:
        found = [{"severity": "warning", "message": f"No mapping for node {node}."}]
    elif kind != "pci" and nodes.count(node) > 1:
        found = [{"severity": "error", "message": f"More than one mapping for node {node}."}]
    return {**row, "checks": found} if kind != "usb" else {**row, "error": found}


def _crud(kind: str) -> Crud:
    path = f"/mapping/{kind}"
    modify = perm(path, "Mapping.Modify")
    needs_map = {"update": {"map": {"required": True}}} if kind == "usb" else {}
    return Crud(
        f"/cluster/mapping/{kind}",
        SectionFile(FILES[kind], TYPES[kind], "id", f"mapping of {kind}"),
        ID,
        (f"{_WORDS[kind]} of the cluster", f"names of {_WORDS[kind]} mappings"),
        Rights(
            ANY_USER,
            either(*(on(f"{path}/{{id}}", word) for word in _ORDER[kind])),
            modify,
            perm(f"{path}/{{id}}", "Mapping.Modify"),
            modify,
        ),
        kind=kind,
        more={"list": (_CHECK,)},
        other=needs_map,
        shape=partial(_shape, kind),
        visible=partial(_visible, kind),
    )


OPERATIONS: Final = tuple(
    operation for kind in ("dir", "pci", "usb") for operation in crud_operations(_crud(kind))
)
