"""High availability: its resources, rules, groups and status, and requests to the manager.

The daemons read the same files, so what is changed here is in force from their next round on.
"""

from __future__ import annotations

from typing import Any, Final

from appliance.api.operations.sections import Crud, Rights, Texts, crud_operations, section_texts
from appliance.api.permissions import AUDIT, CONSOLE
from appliance.api.ports import ApiPorts
from appliance.api.table import Operation, Request
from appliance.model.errors import ConfigError
from appliance.model.formats.names import CONFIG_ID, NODE, RESOURCE_OR_VMID
from appliance.model.option import Option
from appliance.model.options.make import flag, text, word
from appliance.model.parameters import ParameterError
from appliance.model.section_parameters import DELETE, DIGEST, flat_create_options
from appliance.services.config.ha import (
    GROUPS,
    RESOURCES,
    RULES,
    HaRequests,
    check_rules,
    forget,
    full_sid,
    managed,
    need_guest,
)
from appliance.services.config.ha_status import Seen, manager_status, status_rows
from appliance.services.config.nodes import cluster_nodes
from appliance.services.config.sections import Row, SectionFile, Sections

_RIGHTS: Final = Rights(AUDIT, AUDIT, CONSOLE, CONSOLE, CONSOLE)
_SID: Final = Option(
    "sid", "The guest, by type and number or by number.", format=RESOURCE_OR_VMID, required=True
)
_TYPE: Final = word("type", "Which kind of guest.", "ct vm")
_TARGET: Final = text("node", "The node to move to.", NODE, required=True)


def _sid(request: Request, ports: ApiPorts) -> str:
    return full_sid(ports.store, str(request.parameters["sid"]), request.parameters.get("type"))


def _resources(ports: ApiPorts) -> Sections:
    return Sections(ports.store, RESOURCES)


def _nodes(ports: ApiPorts) -> tuple[str, ...]:
    return cluster_nodes(ports.store, ports.node)


# resources


async def list_resources(request: Request, ports: ApiPorts) -> list[Row]:
    kind = request.parameters.get("type")
    return _resources(ports).rows(*((kind,) if kind else ()))


async def create_resource(request: Request, ports: ApiPorts) -> None:
    sid = _sid(request, ports)
    need_guest(ports.store, sid)
    _need_group(request, ports)
    kind, _, number = sid.partition(":")
    await _resources(ports).create(kind, number, section_texts(request, "sid"))


def _need_group(request: Request, ports: ApiPorts) -> None:
    group = request.parameters.get("group")
    if group is not None and group not in [
        row["group"] for row in Sections(ports.store, GROUPS).rows()
    ]:
        raise ConfigError(f"HA group '{group}' does not exist", field="group")


async def read_resource(request: Request, ports: ApiPorts) -> Row:
    return _resources(ports).row(_sid(request, ports))


async def update_resource(request: Request, ports: ApiPorts) -> None:
    _need_group(request, ports)
    given = request.parameters
    await _resources(ports).update(
        _sid(request, ports),
        section_texts(request, "sid"),
        given.get("delete") or (),
        given.get("digest"),
    )


async def delete_resource(request: Request, ports: ApiPorts) -> None:
    sid = _sid(request, ports)
    managed(ports.store, sid)
    if request.parameters["purge"]:
        await forget(ports.store, sid)
    await _resources(ports).remove(sid)


async def migrate(request: Request, ports: ApiPorts) -> Any:
    return await _move("migrate", request, ports)


async def relocate(request: Request, ports: ApiPorts) -> Any:
    return await _move("relocate", request, ports)


async def _move(verb: str, request: Request, ports: ApiPorts) -> Any:
    sid, node = _sid(request, ports), str(request.parameters["node"])
    requests = HaRequests(ports.node, ports.store)
    return (await requests.move(verb, sid, node, _nodes(ports))).answer()


# rules and groups


async def list_rules(request: Request, ports: ApiPorts) -> list[Row]:
    kind, sid = request.parameters.get("type"), request.parameters.get("resource")
    rows = [
        {**row, "order": order}
        for order, row in enumerate(Sections(ports.store, RULES).rows(), start=1)
    ]
    return [
        row
        for row in rows
        if kind in (None, row["type"])
        and (sid is None or sid in str(row["resources"]).replace(";", ",").split(","))
    ]


async def create_rule(request: Request, ports: ApiPorts) -> None:
    given = request.parameters
    name = str(given["rule"])
    await Sections(ports.store, _judged(name, ports)).create(
        str(given["type"]), name, section_texts(request, "rule")
    )


async def read_rule(request: Request, ports: ApiPorts) -> Row:
    return Sections(ports.store, RULES).row(str(request.parameters["rule"]))


async def update_rule(request: Request, ports: ApiPorts) -> None:
    given = request.parameters
    name = str(given["rule"])
    if Sections(ports.store, RULES).row(name)["type"] != given["type"]:
        raise ParameterError({"type": "cannot be changed"})
    await Sections(ports.store, _judged(name, ports)).update(
        name, section_texts(request, "rule"), given.get("delete") or (), given.get("digest")
    )


def _judged(rule: str, ports: ApiPorts) -> SectionFile:
    """The file, whose changes are refused when this rule could not be in force."""
    nodes = _nodes(ports)
    return SectionFile(
        RULES.path,
        RULES.types,
        RULES.key,
        RULES.noun,
        check=lambda document: check_rules(document, nodes, rule),
    )


async def delete_rule(request: Request, ports: ApiPorts) -> None:
    await Sections(ports.store, RULES).remove(str(request.parameters["rule"]))


async def _known_nodes(request: Request, ports: ApiPorts, _texts: Texts) -> None:
    known = _nodes(ports)
    for node, _priority in request.parameters.get("nodes") or ():
        if node not in known:
            raise ConfigError(f"there is no node '{node}'", field="nodes")


# status


def _seen(ports: ApiPorts) -> Seen:
    quorate = ports.membership.view().quorate
    return Seen(ports.node, _nodes(ports), quorate, ports.clock.wall())


async def current(_request: Request, ports: ApiPorts) -> Any:
    return status_rows(ports.store, _seen(ports))


async def manager(_request: Request, ports: ApiPorts) -> Any:
    return manager_status(ports.store, _seen(ports))


async def arm(_request: Request, ports: ApiPorts) -> None:
    await HaRequests(ports.node, ports.store).arm()


async def disarm(request: Request, ports: ApiPorts) -> None:
    mode = str(request.parameters["resource-mode"])
    await HaRequests(ports.node, ports.store).disarm(mode)


# the table

_OPTIONS: Final = tuple(flat_create_options(RESOURCES.types).values())
_RULE: Final = Option("rule", "What the rule is called.", format=CONFIG_ID, required=True)
_RULE_TYPE: Final = word(
    "type", "What kind of rule.", "node-affinity resource-affinity", required=True
)
_RULE_OPTIONS: Final = tuple(flat_create_options(RULES.types).values())
_GROUP: Final = Option("group", "What the group is called.", format=CONFIG_ID, required=True)
_A_RESOURCE: Final = "/cluster/ha/resources/{sid}"
_A_RULE: Final = "/cluster/ha/rules/{rule}"


def _rule_options(*, required: bool) -> tuple[Option, ...]:
    return tuple(
        option if option.name != "resources" else _needed(option, required=required)
        for option in _RULE_OPTIONS
    )


def _needed(option: Option, *, required: bool) -> Option:
    return Option(
        option.name, option.sentence, format=option.format, many=option.many, required=required
    )


_RESOURCE_OPERATIONS: Final = (
    Operation(
        "GET",
        "/cluster/ha/resources",
        list_resources,
        "The guests that are highly available.",
        (_TYPE,),
        AUDIT,
    ),
    Operation(
        "POST",
        "/cluster/ha/resources",
        create_resource,
        "Make a guest highly available.",
        (_SID, _TYPE, *_OPTIONS),
        CONSOLE,
    ),
    Operation("GET", _A_RESOURCE, read_resource, "One of them.", (_SID,), AUDIT),
    Operation(
        "PUT",
        _A_RESOURCE,
        update_resource,
        "Change how it is kept available.",
        (_SID, *_OPTIONS, DELETE, DIGEST),
        CONSOLE,
    ),
    Operation(
        "DELETE",
        _A_RESOURCE,
        delete_resource,
        "Leave the guest to itself.",
        (_SID, flag("purge", "Whether rules forget it too.", True)),
        CONSOLE,
    ),
    Operation(
        "POST",
        f"{_A_RESOURCE}/migrate",
        migrate,
        "Ask for a move, running if it can.",
        (_SID, _TARGET),
        CONSOLE,
    ),
    Operation(
        "POST",
        f"{_A_RESOURCE}/relocate",
        relocate,
        "Ask for a move: stopped here, started there.",
        (_SID, _TARGET),
        CONSOLE,
    ),
)
_RULE_OPERATIONS: Final = (
    Operation(
        "GET",
        "/cluster/ha/rules",
        list_rules,
        "The rules.",
        (
            text("resource", "Only rules about this guest."),
            word("type", "Only such rules.", "node-affinity resource-affinity"),
        ),
        AUDIT,
    ),
    Operation(
        "POST",
        "/cluster/ha/rules",
        create_rule,
        "Make a rule.",
        (_RULE, _RULE_TYPE, *_rule_options(required=True)),
        CONSOLE,
    ),
    Operation("GET", _A_RULE, read_rule, "One rule.", (_RULE,), AUDIT),
    Operation(
        "PUT",
        _A_RULE,
        update_rule,
        "Change a rule.",
        (_RULE, _RULE_TYPE, *_rule_options(required=False), DELETE, DIGEST),
        CONSOLE,
    ),
    Operation("DELETE", _A_RULE, delete_rule, "Remove a rule.", (_RULE,), CONSOLE),
)
_STATUS_OPERATIONS: Final = (
    Operation(
        "GET",
        "/cluster/ha/status/current",
        current,
        "Quorum, manager, local managers and guests.",
        permission=AUDIT,
    ),
    Operation(
        "GET",
        "/cluster/ha/status/manager_status",
        manager,
        "What the managers wrote.",
        permission=AUDIT,
    ),
    Operation(
        "POST", "/cluster/ha/status/arm-ha", arm, "Take high availability up.", permission=CONSOLE
    ),
    Operation(
        "POST",
        "/cluster/ha/status/disarm-ha",
        disarm,
        "Let nothing be recovered or fenced for a while.",
        (
            word(
                "resource-mode",
                "Whether guests are left as they are, or to people.",
                "freeze ignore",
                required=True,
            ),
        ),
        CONSOLE,
    ),
)
OPERATIONS: Final = (
    *_RESOURCE_OPERATIONS,
    *_RULE_OPERATIONS,
    *_STATUS_OPERATIONS,
    *crud_operations(
        Crud(
            "/cluster/ha/groups",
            GROUPS,
            _GROUP,
            ("group of nodes", "groups of nodes, which rules have superseded"),
            _RIGHTS,
            kind="group",
            more={"create": (word("type", "What it is.", "group"),)},
            before=_known_nodes,
        )
    ),
)
