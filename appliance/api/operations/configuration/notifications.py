"""Where notifications go, and which ones go there."""

from __future__ import annotations

from functools import partial
from typing import Any, Final

from appliance.api.operations.configuration.jobs import JOBS
from appliance.api.operations.sections import Crud, Rights, Texts, crud_operations
from appliance.api.permissions import Expression, either, on
from appliance.api.ports import ApiPorts
from appliance.api.table import Operation, Permission, Request
from appliance.model.formats.names import CONFIG_ID
from appliance.model.option import Option
from appliance.model.options.notifications import SECRETS
from appliance.services.config.nodes import cluster_nodes
from appliance.services.config.notifications import (
    ENDPOINTS,
    EVENTS,
    KINDS,
    MATCHERS,
    Notifications,
)
from appliance.services.config.sections import Row, Sections

_PATH: Final = "/cluster/notifications"
_NAME: Final = Option("name", "What it is called.", format=CONFIG_ID, required=True)


def _on(privilege: str) -> Expression:
    return on("/mapping/notifications", privilege)


_READ: Final = either(_on("Mapping.Modify"), _on("Mapping.Audit"))
_AUDIT: Final[Permission] = {"check": _on("Mapping.Audit")}
_MODIFY: Final[Permission] = {"check": _on("Mapping.Modify")}
_USE: Final = either(_on("Mapping.Modify"), _on("Mapping.Audit"), _on("Mapping.Use"))
# Whoever names servers can have the node speak to them.
_REACH: Final[Permission] = {
    "check": [
        "and",
        _on("Mapping.Modify"),
        ["or", on("/", "Sys.Audit", "Sys.Modify"), on("/", "Sys.AccessNetwork")],
    ]
}


def _shown(row: Row) -> Row:
    return {key: value for key, value in row.items() if key != "type"}


def _reading(path: str, kind: str, words: tuple[str, str], lists: Permission) -> Any:
    async def rows(_request: Request, ports: ApiPorts) -> Any:
        return [_shown(row) for row in Notifications(ports.store).rows(kind)]

    async def row(request: Request, ports: ApiPorts) -> Any:
        found = Notifications(ports.store).row(str(request.parameters["name"]), kind)
        return {key: value for key, value in _shown(found).items() if key != "origin"}

    one = f"{path}/{{name}}"
    return (
        Operation("GET", path, rows, f"All {words[1]}.", permission=lists),
        Operation("GET", one, row, f"One {words[0]}.", (_NAME,), _READ),
    )


async def _before(kind: str, request: Request, ports: ApiPorts, texts: Texts) -> None:
    """Secrets go into a file of their own; what is there from the beginning is written down."""
    names, name = [option.name for option in SECRETS[kind]], str(request.parameters["name"])
    found = Notifications(ports.store)
    await found.materialize(name)
    secrets = {key: request.texts[key] for key in names if key in request.texts}
    for key in names:
        texts.pop(key, None)
    await found.keep_secrets(kind, name, secrets)


async def _created(kind: str, request: Request, ports: ApiPorts, texts: Texts) -> None:
    Notifications(ports.store).refuse_taken(str(request.parameters["name"]))
    await _before(kind, request, ports, texts)


async def _removed(request: Request, ports: ApiPorts) -> None:
    found, name = Notifications(ports.store), str(request.parameters["name"])
    found.refuse_used(name)
    await found.forget_secrets(name)


_LIST_OF_NAMES: Final = {"repeated": True, "many": False, "max_length": None}


def _endpoint(kind: str) -> tuple[Operation, ...]:
    path, words = f"{_PATH}/endpoints/{kind}", (f"{kind} endpoint", f"{kind} endpoints")
    lists = _AUDIT if kind in ("gotify", "webhook") else _READ
    optional = tuple(
        Option(o.name, o.sentence, repeated=o.repeated, secret=True) for o in SECRETS[kind]
    )

    def crud(call: str, before: Any) -> tuple[Operation, ...]:
        return crud_operations(
            Crud(
                path,
                ENDPOINTS,
                _NAME,
                words,
                Rights(lists, _READ, _REACH, _REACH, _MODIFY),
                kind=kind,
                calls=(call,),
                more={"create": SECRETS[kind], "update": optional},
                other={"update": {"delete": _LIST_OF_NAMES}},
                before=before,
                removed=_removed,
            )
        )

    return (
        *_reading(path, kind, words, lists),
        *crud("create", partial(_created, kind)),
        *crud("update", partial(_before, kind)),
        *crud("delete", None),
    )


# matchers


async def _matcher(request: Request, ports: ApiPorts, texts: Texts) -> None:
    found = Notifications(ports.store)
    found.check_targets(texts.get("target", ()))
    await found.materialize(str(request.parameters["name"]))


async def _new_matcher(request: Request, ports: ApiPorts, texts: Texts) -> None:
    Notifications(ports.store).refuse_taken(str(request.parameters["name"]))
    await _matcher(request, ports, texts)


def _matchers(call: str, before: Any) -> tuple[Operation, ...]:
    return crud_operations(
        Crud(
            f"{_PATH}/matchers",
            MATCHERS,
            _NAME,
            _MATCHER_WORDS,
            Rights(_USE, _READ, _MODIFY, _MODIFY, _MODIFY),
            kind="matcher",
            calls=(call,),
            other={"update": {"delete": _LIST_OF_NAMES}},
            before=before,
        )
    )


_MATCHER_WORDS: Final = ("matcher", "rules of which notifications go where")

# what there is


async def _targets(_request: Request, ports: ApiPorts) -> Any:
    shown = ("name", "type", "comment", "disable", "origin")
    return [
        {key: row[key] for key in shown if key in row}
        for row in Notifications(ports.store).rows(*KINDS)
    ]


async def _fields(_request: Request, _ports: ApiPorts) -> Any:
    return [{"name": "hostname"}, {"name": "job-id"}, {"name": "type"}]


async def _values(_request: Request, ports: ApiPorts) -> Any:
    """What fields can be in this cluster."""
    jobs = [str(row["id"]) for row in Sections(ports.store, JOBS).rows("vzdump")]
    values = {
        "hostname": cluster_nodes(ports.store, ports.node),
        "job-id": jobs,
        "type": EVENTS,
    }
    return [{"field": name, "value": one} for name, found in values.items() for one in found]


OPERATIONS: Final = (
    *(operation for kind in KINDS for operation in _endpoint(kind)),
    *_reading(f"{_PATH}/matchers", "matcher", _MATCHER_WORDS, _USE),
    *_matchers("create", _new_matcher),
    *_matchers("update", _matcher),
    *_matchers("delete", None),
    Operation("GET", f"{_PATH}/targets", _targets, "Everything that can be sent to.",
              permission=_USE),
    Operation("GET", f"{_PATH}/matcher-fields", _fields, "What can be matched.", permission=_READ),
    Operation("GET", f"{_PATH}/matcher-field-values", _values, "What it can be.",
              permission=_READ),
)  # fmt: skip
