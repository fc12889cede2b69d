"""Many guests of the cluster, or all of a node to another: a task here that asks their nodes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from appliance.api.answers import encoded
from appliance.api.authentication import vouch
from appliance.api.client import data_of
from appliance.api.operations.configuration.common import NODE_OPTION
from appliance.api.operations.guests.common import FOLDERS, has, node_of
from appliance.api.ports import ApiPorts
from appliance.api.table import ANY_USER, Handler, Operation, Request
from appliance.model.access.ids import owner
from appliance.model.errors import ForbiddenError, QuorateError, RefusedError, UnavailableError
from appliance.model.formats.names import NODE, STORAGE_ID, VMID
from appliance.model.guest.running import guest_label
from appliance.model.option import Option
from appliance.model.options.make import flag, text, whole
from appliance.model.percent import encode_url
from appliance.ports.http import JSON_TYPE, HttpRequest
from appliance.services.cluster.passing import MARK
from appliance.services.guests.bulk import startup_of
from appliance.services.guests.summaries import Summary
from appliance.services.tasks.context import TaskContext
from appliance.services.tasks.work import Job

_POLL_S: Final = 1.0
_POLLS: Final = 24 * 3600

Values: TypeAlias = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Errand:
    """What is asked for each guest: call and its parameters; None: nothing. And the privilege."""

    kind: str
    privilege: str
    call: Callable[[Summary, Values], tuple[str, Values] | None]
    backwards: bool = False


def _start(_one: Summary, _given: Values) -> tuple[str, Values]:
    return "status/start", {}


def _shut_down(_one: Summary, given: Values) -> tuple[str, Values]:
    force = int(bool(given["force-stop"]))
    return "status/shutdown", {"timeout": given["timeout"], "forceStop": force}


def _suspend(one: Summary, given: Values) -> tuple[str, Values] | None:
    if one.kind != "vm":
        return None
    if not given.get("to-disk"):
        return "status/suspend", {}
    storage = given.get("statestorage")
    return "status/suspend", {"todisk": 1, **({"statestorage": storage} if storage else {})}


def _migrate(one: Summary, given: Values) -> tuple[str, Values] | None:
    target = given["target"]
    if one.node == target:
        return None
    if one.kind == "ct":
        return "migrate", {"target": target, "restart": 1}
    local = int(bool(given.get("with-local-disks")))
    return "migrate", {"target": target, "online": 1, "with-local-disks": local}


_MOVE: Final = Errand("migrateall", "VM.Migrate", _migrate)


def _chosen(request: Request, ports: ApiPorts, errand: Errand, node: str | None) -> list[Summary]:
    """The guests that are meant and may be dealt with, in order. ForbiddenError."""
    given = request.parameters.get("vms")
    wanted = {int(vmid) for vmid in given} if given else None
    found = [
        one
        for one in node_of(ports).summaries.all()
        if (wanted is None or one.vmid in wanted) and not one.template and node in (None, one.node)
    ]
    allowed = [one for one in found if has(request, ports, f"/vms/{one.vmid}", errand.privilege)]
    if (wanted and len(allowed) < len(found)) or (found and not allowed):
        raise ForbiddenError(f"Permission check failed (/vms, {errand.privilege})")
    allowed.sort(key=lambda one: (startup_of(one.startup).order, one.vmid))
    return allowed[::-1] if errand.backwards else allowed


def _handler(errand: Errand, *, here: bool = False) -> Handler:
    async def handler(request: Request, ports: ApiPorts) -> Any:
        guests = _chosen(request, ports, errand, ports.node if here else None)
        job = _job(request, ports, errand, guests)
        return await ports.work.start(errand.kind, "", request.user, job)

    return handler


def _job(request: Request, ports: ApiPorts, errand: Errand, guests: list[Summary]) -> Job:
    # A token's secret is not known here: its user asks, who may never do less than the token. That
    # the token may do this to these guests was looked at above.
    user = owner(request.user)

    async def job(task: TaskContext) -> None:
        for number, one in enumerate(guests):
            asked = errand.call(one, request.parameters)
            if asked is not None:
                await _one(ports, user, one, asked, task)
            task.progress((number + 1) / len(guests))

    return job


async def _one(
    ports: ApiPorts, user: str, one: Summary, asked: tuple[str, Values], task: TaskContext
) -> None:
    """Its error is a warning: the others have their turn all the same."""
    call, values = asked
    label = guest_label(one.sid)
    path = f"/nodes/{one.node}/{FOLDERS[one.kind]}/{one.vmid}/{call}"
    try:
        upid = await _ask(ports, user, one.node, "POST", path, values)
        task.log(f"{label}: {upid}")
        status = await _end(ports, user, one.node, str(upid))
    except QuorateError as error:
        task.warn(f"{label}: {error}")
        return
    if status != "OK":
        task.warn(f"{label}: {status}")


async def _end(ports: ApiPorts, user: str, node: str, upid: str) -> str:
    path = f"/nodes/{node}/tasks/{encode_url(upid)}/status"
    for _ in range(_POLLS):
        found = await _ask(ports, user, node, "GET", path, {})
        if found["status"] == "stopped":
            return str(found["exitstatus"])
        await ports.clock.sleep(_POLL_S)
    raise RefusedError("it does not end")


async def _ask(ports: ApiPorts, user: str, node: str, verb: str, path: str, values: Values) -> Any:
    """Through the same door as everybody, this node's own included."""
    if ports.passing is None:
        raise UnavailableError("this node is in no cluster")
    headers = {**await vouch(user, ports), "content-type": JSON_TYPE, MARK: "1"}
    body = encoded(dict(values)) if values else b""
    request = HttpRequest(verb, f"/api2/json{path}", headers=headers, body=body)
    answer = await ports.passing.pass_on(node, request)
    return data_of(answer.status, answer.body, where=node)


def _workers(default: int | None) -> tuple[Option, ...]:
    sentence = "So many at once; they go one by one here."
    return (
        whole("max-workers", sentence, 1, 64, default),
        whole("maxworkers", "Another name of max-workers.", 1, 64, default),
    )


_LIST: Final = whole("vms", "Only these.", 100, 999999999, format=VMID, repeated=True)
_TARGET: Final = text("target", "The node that they move to.", NODE, required=True)
_LOCAL: Final = flag("with-local-disks", "Their local disks move too.")


def _bulk(name: str, errand: Errand, sentence: str, *options: Option) -> Operation:
    path = f"/cluster/bulk-action/guest/{name}"
    return Operation("POST", path, _handler(errand), sentence, (_LIST, *options), ANY_USER)


OPERATIONS: Final = (
    _bulk("start", Errand("bulkstart", "VM.PowerMgmt", _start), "Start guests.",
        *_workers(4), whole("timeout", "How long each has.", unit="seconds")),
    _bulk("shutdown", Errand("bulkshutdown", "VM.PowerMgmt", _shut_down, backwards=True),
        "Shut guests down.", *_workers(4),
        flag("force-stop", "Stop them hard after the timeout.", True),
        whole("timeout", "How long each has.", default=180, unit="seconds")),
    _bulk("suspend", Errand("bulksuspend", "VM.PowerMgmt", _suspend, backwards=True),
        "Suspend virtual machines.", *_workers(4),
        text("statestorage", "Where memory is written.", STORAGE_ID, requires="to-disk"),
        flag("to-disk", "Write memory to disks.", False)),
    _bulk("migrate", _MOVE, "Move guests to a node.", *_workers(1), _TARGET, _LOCAL,
        flag("online", "Those that run, too; they always do.")),
    Operation("POST", "/nodes/{node}/migrateall", _handler(_MOVE, here=True),
        "Move all guests of the node.",
        (NODE_OPTION, *_workers(None), _TARGET, _LOCAL,
         text("vms", "Only these.", VMID, many=True)), ANY_USER, "node"),
)  # fmt: skip
