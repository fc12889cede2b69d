"""Many guests of a node at once, and the node's own switch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from appliance.api.operations.configuration.common import NODE_OPTION
from appliance.api.operations.guests.common import guests_of, has, node_of
from appliance.api.permissions import perm
from appliance.api.ports import ApiPorts
from appliance.api.table import ANY_USER, Handler, Operation, Request
from appliance.model.errors import ForbiddenError
from appliance.model.formats.names import VMID
from appliance.model.option import Option
from appliance.model.options.make import flag, text, whole, word
from appliance.services.guests.bulk import Bulk
from appliance.services.guests.life import Stopping
from appliance.services.guests.summaries import Summary


def _chosen(request: Request, ports: ApiPorts, found: list[Summary]) -> list[Summary]:
    """Those whose power the caller may switch. ForbiddenError if a named one, or none, is."""
    allowed = [o for o in found if has(request, ports, f"/vms/{o.vmid}", "VM.PowerMgmt")]
    named = request.parameters.get("vms")
    if (named and len(allowed) < len(found)) or (found and not allowed):
        raise ForbiddenError("Permission check failed (/, VM.PowerMgmt)")
    return allowed


def _vmids(request: Request) -> list[int] | None:
    given = request.parameters.get("vms")
    return [int(vmid) for vmid in given] if given else None


def _how(given: Mapping[str, Any]) -> Stopping:
    return Stopping(timeout_s=float(given["timeout"]), force=bool(given["force-stop"]))


async def _start_all(request: Request, ports: ApiPorts) -> Any:
    bulk, force = Bulk(node_of(ports)), bool(request.parameters.get("force"))
    found = _chosen(request, ports, bulk.guests(_vmids(request)))
    return await ports.work.start(
        "startall", "", request.user, lambda task: bulk.start(found, task, force=force)
    )


async def _stop_all(request: Request, ports: ApiPorts) -> Any:
    bulk, how = Bulk(node_of(ports)), _how(request.parameters)
    found = _chosen(request, ports, bulk.guests(_vmids(request)))
    return await ports.work.start(
        "stopall", "", request.user, lambda task: bulk.stop(found, task, how)
    )


async def _suspend_all(request: Request, ports: ApiPorts) -> Any:
    bulk = Bulk(node_of(ports))
    found = _chosen(request, ports, bulk.guests(_vmids(request)))
    return await ports.work.start(
        "suspendall",
        "",
        request.user,
        lambda task: bulk.suspend(found, task, None, to_disk=True),
    )


# the node


async def _command(request: Request, ports: ApiPorts) -> None:
    power = guests_of(ports).power
    if request.parameters["command"] == "reboot":
        await power.reboot()
    else:
        await power.shut_down()


_WORKERS: Final = whole("max-workers", "So many at once; they go one by one here.", 1, 64)
_VMS: Final = text("vms", "Only these guests.", VMID, many=True)
_STOP: Final = (
    flag("force-stop", "Stop them hard after the timeout.", True),
    whole("timeout", "How long each has.", 0, 7200, 180, unit="seconds"),
)


def _all(call: str, handler: Handler, sentence: str, *options: Option) -> Operation:
    given = (NODE_OPTION, _WORKERS, _VMS, *options)
    return Operation("POST", f"/nodes/{{node}}/{call}", handler, sentence, given, ANY_USER, "node")


OPERATIONS: Final = (
    _all("startall", _start_all, "Start guests in their order.",
        flag("force", "Also those that do not start with the node.", False)),
    _all("stopall", _stop_all, "Shut guests down in the reverse order.", *_STOP),
    _all("suspendall", _suspend_all, "Suspend virtual machines to disks."),
    Operation("POST", "/nodes/{node}/status", _command, "Switch the node off, or let it reboot.",
        (NODE_OPTION, word("command", "Which.", "reboot shutdown", required=True)),
        perm("/nodes/{node}", "Sys.PowerMgmt"), "node"),
)  # fmt: skip
