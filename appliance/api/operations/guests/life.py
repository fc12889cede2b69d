"""Start, stop and the like."""

from __future__ import annotations

from typing import Any, Final

from appliance.api.operations.guests.common import (
    KINDS,
    SKIP_LOCK,
    guest_of,
    guest_operation,
    guests_of,
    node_of,
    skips_lock,
)
from appliance.api.permissions import perm
from appliance.api.ports import ApiPorts
from appliance.api.table import Handler, Operation, Request
from appliance.model.errors import ForbiddenError
from appliance.model.formats.names import NODE, STORAGE_ID
from appliance.model.formats.network import CIDR
from appliance.model.formats.storage import STORAGE_PAIR
from appliance.model.guest.document import GuestKind
from appliance.model.option import Option
from appliance.model.options.make import flag, text, whole, word
from appliance.model.options.vm_devices import MACHINE
from appliance.services.guests.life import Stopping
from appliance.services.guests.suspend import suspend_to_disk

_POWER: Final = perm("/vms/{vmid}", "VM.PowerMgmt")
_INTERNAL: Final = (
    "migratedfrom", "migration_network", "migration_type", "stateuri", "targetstorage",
    "nets-host-mtu", "with-conntrack-state",
)  # fmt: skip


def _not_internal(request: Request) -> None:
    """ForbiddenError: what nodes say to each other when they move a guest comes on another way."""
    for name in _INTERNAL:
        if request.parameters.get(name):
            raise ForbiddenError(f"Only root may use this option: {name}")


def _start(kind: GuestKind) -> Handler:
    async def handler(request: Request, ports: ApiPorts) -> Any:
        _not_internal(request)
        guest = guest_of(request, ports, kind)
        life = node_of(ports).life
        return await life.start(guest, request.user, skip_lock=skips_lock(request))

    return handler


def _stop(kind: GuestKind) -> Handler:
    async def handler(request: Request, ports: ApiPorts) -> Any:
        _not_internal(request)
        skips_lock(request)
        guest = guest_of(request, ports, kind)
        how = Stopping(hard=True, timeout_s=request.parameters.get("timeout"))
        if request.parameters.get("overrule-shutdown"):
            await _end_shutdowns(request, ports)
        return await node_of(ports).life.stop(guest, request.user, how)

    return handler


async def _end_shutdowns(request: Request, ports: ApiPorts) -> None:
    """Tasks that shut this guest down give way."""
    vmid = str(request.parameters["vmid"])
    for record in ports.work.running():
        if record.upid.id == vmid and record.upid.type in ("qmshutdown", "vzshutdown"):
            await ports.work.stop(str(record.upid))


def _shutdown(kind: GuestKind) -> Handler:
    async def handler(request: Request, ports: ApiPorts) -> Any:
        skips_lock(request)
        given = request.parameters
        guest = guest_of(request, ports, kind)
        how = Stopping(timeout_s=given.get("timeout"), force=bool(given.get("forceStop")))
        return await node_of(ports).life.stop(guest, request.user, how)

    return handler


def _reboot(kind: GuestKind) -> Handler:
    async def handler(request: Request, ports: ApiPorts) -> Any:
        guest = guest_of(request, ports, kind)
        timeout_s = request.parameters.get("timeout")
        return await node_of(ports).life.reboot(guest, request.user, timeout_s)

    return handler


async def _reset(request: Request, ports: ApiPorts) -> Any:
    guest = guest_of(request, ports, "vm")
    return await node_of(ports).life.reset(guest, request.user, skip_lock=skips_lock(request))


def _suspend(kind: GuestKind) -> Handler:
    async def handler(request: Request, ports: ApiPorts) -> Any:
        skip, life = skips_lock(request), node_of(ports).life
        guest = guest_of(request, ports, kind)
        if not request.parameters.get("todisk"):
            return await life.pause(guest, request.user, skip_lock=skip)
        life.need_running(guest)
        storage = request.parameters.get("statestorage")
        guests = guests_of(ports)
        return await ports.work.start(
            "qmsuspend",
            str(guest.vmid),
            request.user,
            lambda task: suspend_to_disk(guests, guest, task, storage),
        )

    return handler


def _resume(kind: GuestKind) -> Handler:
    async def handler(request: Request, ports: ApiPorts) -> Any:
        guest = guest_of(request, ports, kind)
        return await node_of(ports).life.resume(guest, request.user, skip_lock=skips_lock(request))

    return handler


async def _send_key(request: Request, ports: ApiPorts) -> None:
    skips_lock(request)
    guest = guest_of(request, ports, "vm")
    node_of(ports).life.need_running(guest)
    await guests_of(ports).vms.send_key(guest.sid, request.parameters["key"])


async def _monitor(request: Request, ports: ApiPorts) -> Any:
    guest = guest_of(request, ports, "vm")
    node_of(ports).life.need_running(guest)
    return await guests_of(ports).vms.monitor(guest.sid, request.parameters["command"])


_TIMEOUT: Final = whole("timeout", "How long it is waited.", 0, unit="seconds")
_MIGRATED: Final = text("migratedfrom", "Between nodes: where it comes from.", NODE)
_KEEP: Final = flag("keepActive", "Leave its volumes activated.", False)
_OVERRULE: Final = flag("overrule-shutdown", "End tasks that shut it down.", False)
_START_VM: Final = (
    SKIP_LOCK,
    text("force-cpu", "Another processor for this once.", ),
    text("machine", "Another machine for this once.", MACHINE),
    _MIGRATED,
    text("migration_network", "Between nodes: the network of the move.", CIDR),
    word("migration_type", "Between nodes: how the move is secured.", "secure insecure"),
    text("nets-host-mtu", "Between nodes: the MTUs of its cards.",
        pattern=r"net\d+=\d+(,net\d+=\d+)*"),
    text("stateuri", "Between nodes: where its memory comes from.", max_length=128),
    text("targetstorage", "Between nodes: where its disks are now.", STORAGE_PAIR, many=True),
    _TIMEOUT,
    flag("with-conntrack-state", "Between nodes: connections move too.", False),
)  # fmt: skip


def _both(kind: GuestKind) -> tuple[Operation, ...]:
    vm = kind == "vm"
    stop = (SKIP_LOCK, _OVERRULE, *((_TIMEOUT, _KEEP, _MIGRATED) if vm else ()))
    return (
        guest_operation("POST", kind, "/status/start", _start(kind), "Start the guest.",
            _START_VM if vm else (SKIP_LOCK, flag("debug", "Log more.", False)), _POWER),
        guest_operation("POST", kind, "/status/stop", _stop(kind), "Stop the guest at once.",
            stop, _POWER),
        guest_operation("POST", kind, "/status/shutdown", _shutdown(kind),
            "Ask the guest to shut down.", _shutdown_options(vm), _POWER),
        guest_operation("POST", kind, "/status/reboot", _reboot(kind),
            "Shut the guest down and start it, with what waits for its start.",
            (_TIMEOUT,), _POWER),
        guest_operation("POST", kind, "/status/suspend", _suspend(kind), "Let it stand still.",
            _suspend_options() if vm else (), _POWER),
        guest_operation("POST", kind, "/status/resume", _resume(kind), "Let it go on.",
            (SKIP_LOCK, flag("nocheck", "Do not look where its file is.")) if vm else (),
            _POWER),
    )  # fmt: skip


def _shutdown_options(vm: bool) -> tuple[Option, ...]:
    force = flag("forceStop", "Stop it hard after the timeout.", False)
    patience = _TIMEOUT if vm else whole("timeout", "How long.", 0, default=60, unit="seconds")
    return (force, patience, *((SKIP_LOCK, _KEEP) if vm else ()))


def _suspend_options() -> tuple[Option, ...]:
    return (
        SKIP_LOCK,
        text("statestorage", "Where its memory is written.", STORAGE_ID, requires="todisk"),
        flag("todisk", "Write its memory to a disk and end its process.", False),
    )


OPERATIONS: Final = (
    *(operation for kind in KINDS for operation in _both(kind)),
    guest_operation("POST", "vm", "/status/reset", _reset, "Reset the guest.",
        (SKIP_LOCK,), _POWER),
    guest_operation("PUT", "vm", "/sendkey", _send_key, "Press keys.",
        (SKIP_LOCK, text("key", "Such as ctrl-alt-delete.", required=True)),
        perm("/vms/{vmid}", "VM.Console")),
    guest_operation("POST", "vm", "/monitor", _monitor, "A command for the machine's monitor.",
        (text("command", "The command.", required=True),),
        perm("/vms/{vmid}", "Sys.Audit", "Sys.Modify", any_of=True)),
)  # fmt: skip
