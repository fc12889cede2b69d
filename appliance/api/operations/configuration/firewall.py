"""The firewall of the cluster, of nodes and of guests: one implementation, a level each."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any, Final

from appliance.api.operations.configuration.common import NODE_OPTION, VMID_OPTION
from appliance.api.operations.configuration.firewall_names import (
    alias_operations,
    group_operations,
    reference_operations,
    set_operations,
)
from appliance.api.operations.configuration.firewall_rules import (
    GROUP,
    Level,
    options_operations,
    rule_operations,
)
from appliance.api.permissions import AUDIT, MODIFY, NODE_AUDIT, NODE_MODIFY, perm
from appliance.api.ports import ApiPorts
from appliance.api.table import ANY_USER, Operation, Request
from appliance.core.firewall.check import Scope
from appliance.model.errors import MissingError
from appliance.model.firewall.macros import MACROS
from appliance.model.options.firewall import CLUSTER_OPTIONS, GUEST_OPTIONS, HOST_OPTIONS
from appliance.services.config.firewall import CLUSTER_FILE, Place

Given = Mapping[str, Any]


def _cluster(_given: Given) -> Place:
    return Place(CLUSTER_FILE, "cluster", CLUSTER_OPTIONS)


def _host(given: Given) -> Place:
    return Place(f"nodes/{given['node']}/host.fw", "host", HOST_OPTIONS)


def _guest(scope: Scope, given: Given) -> Place:
    return Place(f"firewall/{given['vmid']}.fw", scope, GUEST_OPTIONS)


async def _is_there(folder: str, request: Request, ports: ApiPorts, _write: bool) -> None:
    """Such a guest must be there; which node it is on does not matter."""
    number = int(request.parameters["vmid"])
    path = ports.store.guests().get(number, "")
    if f"/{folder}/" not in path:
        raise MissingError(f"guest '{number}' does not exist")


CLUSTER: Final = Level("/cluster/firewall", "the cluster", (), _cluster, AUDIT, MODIFY)
HOST: Final = Level(
    "/nodes/{node}/firewall",
    "a node",
    (NODE_OPTION,),
    _host,
    NODE_AUDIT,
    NODE_MODIFY,
    node="node",
    options_node="node",
)


def _guests(kind: str, scope: Scope, folder: str) -> Level:
    return Level(
        f"/nodes/{{node}}/{kind}/{{vmid}}/firewall",
        "a virtual machine" if scope == "vm" else "a container",
        (NODE_OPTION, VMID_OPTION),
        partial(_guest, scope),
        perm("/vms/{vmid}", "VM.Audit"),
        perm("/vms/{vmid}", "VM.Config.Network"),
        options_node="node",
        guard=partial(_is_there, folder),
    )


VM: Final = _guests("qemu", "vm", "qemu-server")
CT: Final = _guests("lxc", "ct", "lxc")


async def _macros(_request: Request, _ports: ApiPorts) -> Any:
    return [{"macro": name, "descr": macro.words()} for name, macro in sorted(MACROS.items())]


OPERATIONS: Final = (
    *options_operations(CLUSTER),
    *rule_operations(CLUSTER),
    *group_operations(CLUSTER),
    *rule_operations(CLUSTER, "groups/{group}", GROUP),
    *alias_operations(CLUSTER),
    *set_operations(CLUSTER),
    *reference_operations(CLUSTER),
    Operation("GET", "/cluster/firewall/macros", _macros, "The macros.", permission=ANY_USER),
    *options_operations(HOST),
    *rule_operations(HOST),
    *(
        operation
        for level in (VM, CT)
        for operation in (
            *options_operations(level),
            *rule_operations(level),
            *alias_operations(level),
            *set_operations(level),
            *reference_operations(level),
        )
    ),
)
