"""CPU models of one's own."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from appliance.api.operations.configuration.common import may
from appliance.api.operations.sections import Crud, Rights, crud_operations
from appliance.api.permissions import either, on, perm
from appliance.api.ports import ApiPorts
from appliance.api.table import ANY_USER, Request
from appliance.model.formats.names import CONFIG_ID
from appliance.model.option import Option
from appliance.model.options.cpu import MODEL_FILE, MODEL_TYPES
from appliance.services.config.sections import Row, SectionFile

_USES: Final = ("Mapping.Audit", "Mapping.Use", "Mapping.Modify")


def _required(option: Option) -> Option:
    return replace(option, required=True) if option.name == "reported-model" else option


_TYPES: Final = tuple(
    replace(
        declared,
        options=tuple(_required(o) for o in declared.options if o.name != "cputype"),
    )
    for declared in MODEL_TYPES
)
MODELS: Final = SectionFile(MODEL_FILE, _TYPES, "cputype", "CPU model")
_NAME: Final = Option(
    "cputype", "What it is called.", format=CONFIG_ID, max_length=40, required=True
)
_ANY: Final = Option("cputype", "What it is called.", required=True)


def _visible(row: Row, request: Request, ports: ApiPorts) -> bool:
    return may(request, ports, f"/mapping/cpu/{row['cputype']}", *_USES)


def _shape(row: Row, _request: Request, _ports: ApiPorts) -> Row:
    return {key: value for key, value in row.items() if key != "type"}


_MODIFY: Final = perm("/mapping/cpu/{cputype}", "Mapping.Modify")
OPERATIONS: Final = crud_operations(
    Crud(
        "/cluster/qemu/custom-cpu-models",
        MODELS,
        _NAME,
        ("CPU model", "CPU models of one's own"),
        Rights(
            ANY_USER,
            either(*(on("/mapping/cpu/{cputype}", word) for word in _USES)),
            perm("/mapping/cpu", "Mapping.Modify"),
            _MODIFY,
            _MODIFY,
        ),
        kind="cpu-model",
        more={"read": (_ANY,), "delete": (_ANY,)},
        other={"update": {"delete": {"max_length": None}}},
        shape=_shape,
        visible=_visible,
    )
)
