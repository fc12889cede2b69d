"""Options of the cluster as a whole, and of its nodes."""

from __future__ import annotations

from typing import Any, Final

from appliance.api.operations.configuration.common import NODE_OPTION
from appliance.api.operations.sections import section_texts
from appliance.api.permissions import AUDIT, MODIFY
from appliance.api.ports import ApiPorts
from appliance.api.table import Operation, Request
from appliance.core.access.permissions import Access
from appliance.model.access.ids import ROOT
from appliance.model.digest import digest_of
from appliance.model.formats.names import CONFIG_ID
from appliance.model.option import Option
from appliance.model.option_lines import NOTE, changed_lines, read_lines
from appliance.model.option_table import OptionTable
from appliance.model.options.cluster import DATACENTER_FILE, DATACENTER_OPTIONS, NODE_OPTIONS
from appliance.model.options.make import text, word
from appliance.model.parameters import ParameterError
from appliance.model.property_string import Properties
from appliance.model.section_edit import shown_text
from appliance.services.config.texts import change_text, read_text

_AS_TEXT: Final = ("bwlimit",)
_LISTS: Final = ("registered-tags", "user-allow-list")
# What the GUI needs of everybody's: not what says how the cluster is run.
_FOR_ALL: Final = ("console", "description", "language", "tag-style", "consent-text")
_DELETE: Final = Option("delete", "Options to take out.", format=CONFIG_ID, many=True)


async def get_options(request: Request, ports: ApiPorts) -> Any:
    """Whoever may not audit sees how things are shown, and which tags there are."""
    found = cluster_options(read_text(ports.store, DATACENTER_FILE))
    if request.user != ROOT:
        access: Access = ports.accounts.access()
        if not access.has(request.user, "/", ("Sys.Audit",)):
            found = {key: value for key, value in found.items() if key in _FOR_ALL}
    return found


def cluster_options(content: str) -> dict[str, Any]:
    """Options of several keys are objects, lists of tags are lists."""
    found: dict[str, Any] = {NOTE: "", "mac_prefix": str(_default("mac_prefix"))}
    for key, value in read_lines(content, DATACENTER_OPTIONS).items():
        found[key] = _shown(key, value)
    return found


def _default(key: str) -> object:
    option = DATACENTER_OPTIONS.find(key)
    return option.default if option is not None else None


def _shown(key: str, value: str) -> Any:
    option = DATACENTER_OPTIONS.find(key)
    assert option is not None
    if key in _LISTS:
        return value.split(";")
    if isinstance(option.format, Properties) and key not in _AS_TEXT:
        values = option.format.parse(value).values
        return {name: _inner(name, value) for name, value in values.items()}
    return shown_text(option, value)


def _inner(name: str, value: object) -> object:
    if name in _LISTS:
        return str(value).split(";")
    return int(value) if isinstance(value, bool) else value


async def set_options(request: Request, ports: ApiPorts) -> None:
    await _change(request, ports, DATACENTER_FILE, DATACENTER_OPTIONS)


async def get_node(request: Request, ports: ApiPorts) -> Any:
    content = read_text(ports.store, _node_file(request))
    wanted = request.parameters["property"]
    found: dict[str, Any] = {}
    for key, value in read_lines(content, NODE_OPTIONS).items():
        option = NODE_OPTIONS.find(key)
        if option is not None and wanted in ("all", key):
            found[key] = shown_text(option, value)
    return {**found, "digest": digest_of(content)}


async def set_node(request: Request, ports: ApiPorts) -> None:
    await _change(request, ports, _node_file(request), NODE_OPTIONS, "node")


def _node_file(request: Request) -> str:
    return f"nodes/{request.parameters['node']}/config"


async def _change(
    request: Request, ports: ApiPorts, path: str, options: OptionTable, *without: str
) -> None:
    delete = request.parameters.get("delete") or ()
    unknown = [key for key in delete if options.find(key) is None]
    if unknown:
        raise ParameterError({"delete": f"there is no option '{unknown[0]}'"})
    texts = {key: _plain(options, key, str(text)) for key, text in _texts(request, *without)}
    digest = request.parameters.get("digest")
    await change_text(ports.store, path, lambda old: changed_lines(old, texts, delete), digest)


def _texts(request: Request, *without: str) -> list[tuple[str, Any]]:
    return list(section_texts(request, *without).items())


def _plain(options: OptionTable, key: str, text: str) -> str:
    option = options.find(key)
    if option is not None and option.kind == "boolean":
        return "1" if option.decode(text) else "0"
    return text


_PROPERTY: Final = word(
    "property", "Only this option.", " ".join(sorted(NODE_OPTIONS.names())), "all"
)
OPERATIONS: Final = (
    Operation(
        "GET",
        "/cluster/options",
        get_options,
        "Options of the cluster.",
        permission={**(AUDIT or {}), "user": "all"},
    ),
    Operation(
        "PUT",
        "/cluster/options",
        set_options,
        "Set options of the cluster.",
        (*DATACENTER_OPTIONS, _DELETE),
        MODIFY,
    ),
    Operation(
        "GET",
        "/nodes/{node}/config",
        get_node,
        "Options of a node.",
        (NODE_OPTION, _PROPERTY),
        AUDIT,
        "node",
    ),
    Operation(
        "PUT",
        "/nodes/{node}/config",
        set_node,
        "Set options of a node.",
        (
            NODE_OPTION,
            *NODE_OPTIONS,
            _DELETE,
            text("digest", "Refuse if the file is another by now.", max_length=40),
        ),
        MODIFY,
        "node",
    ),
)
