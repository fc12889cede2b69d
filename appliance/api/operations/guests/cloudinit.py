"""What a machine's cloud-init drive says, and what it will say."""

from __future__ import annotations

from typing import Any, Final

from appliance.api.operations.guests.common import guest_of, guest_operation, guests_of
from appliance.api.permissions import perm
from appliance.api.ports import ApiPorts
from appliance.api.table import Request
from appliance.core.guest.cloudinit import is_cloudinit, meta_data, network_data, user_data
from appliance.core.guest.locks import check_unlocked
from appliance.core.guest.pending import applied, pending_delete, rows
from appliance.model.guest.config import GuestConfig, option_of
from appliance.model.options.make import word

_AUDIT: Final = perm("/vms/{vmid}", "VM.Audit")
_MASK: Final = "**********"


async def _pending(request: Request, ports: ApiPorts) -> Any:
    found = []
    for row in rows(guest_of(request, ports, "vm").config):
        if not is_cloudinit(row.key):
            continue
        option = option_of("vm", row.key)
        secret = option is not None and option.secret
        answer: dict[str, Any] = {"key": row.key}
        if row.value is not None:
            answer["value"] = _MASK if secret else row.value
        if row.pending is not None:
            answer["pending"] = _MASK if secret else row.pending
        if row.delete:
            answer["delete"] = 1
        found.append(answer)
    return found


async def _regenerate(request: Request, ports: ApiPorts) -> None:
    """The drive is made anew: what waited for it holds."""
    guest = guest_of(request, ports, "vm")

    def renewed(config: GuestConfig) -> GuestConfig:
        check_unlocked(config)
        waiting = (*config.pending.values, *pending_delete(config.pending))
        return applied(config, [key for key in waiting if is_cloudinit(key)])

    await guests_of(ports).files.change(guest, renewed)


async def _dump(request: Request, ports: ApiPorts) -> Any:
    guest = guest_of(request, ports, "vm")
    settings = guest.config.current
    match request.parameters["type"]:
        case "user":
            return user_data(settings, guest.vmid)
        case "network":
            return network_data(settings)
    return meta_data(settings, guest.vmid)


OPERATIONS: Final = (
    guest_operation("GET", "vm", "/cloudinit", _pending, "What is on the drive and will be.",
        (), _AUDIT),
    guest_operation("PUT", "vm", "/cloudinit", _regenerate, "Make the drive anew.", (),
        perm("/vms/{vmid}", "VM.Config.Cloudinit")),
    guest_operation("GET", "vm", "/cloudinit/dump", _dump, "A file of the drive.",
        (word("type", "Which.", "user network meta", required=True),), _AUDIT),
)  # fmt: skip
