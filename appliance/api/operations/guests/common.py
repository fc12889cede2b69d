"""What the calls on guests share."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from appliance.api.operations.configuration.common import NODE_OPTION, VMID_OPTION
from appliance.api.ports import ApiPorts
from appliance.api.table import Handler, Operation, Permission, Request
from appliance.core.guest.privileges import ROOT_ALONE, all_needed
from appliance.model.access.ids import ROOT
from appliance.model.errors import ForbiddenError, UnavailableError
from appliance.model.guest.document import GuestKind
from appliance.model.option import Option
from appliance.model.options.make import flag, text
from appliance.model.parameters import Text
from appliance.services.guest_changes.files import GuestFile
from appliance.services.guests.node import GuestNode
from appliance.services.guests.ports import GuestPorts

FOLDERS: Final[Mapping[GuestKind, str]] = {"vm": "qemu", "ct": "lxc"}
KINDS: Final[tuple[GuestKind, ...]] = ("vm", "ct")
PLACE: Final = (NODE_OPTION, VMID_OPTION)
SKIP_LOCK: Final = flag("skiplock", "Do it although the guest is locked; only for root@pam.")
DIGEST: Final = text("digest", "Only if the file is still the one with that digest.", max_length=40)


def node_of(ports: ApiPorts) -> GuestNode:
    """UnavailableError on a node that runs no guests."""
    if ports.guests is None:
        raise UnavailableError("this node cannot run guests")
    return ports.guests


def guests_of(ports: ApiPorts) -> GuestPorts:
    return node_of(ports).ports


def guest_of(request: Request, ports: ApiPorts, kind: GuestKind) -> GuestFile:
    """The guest that the path names. MissingError."""
    return guests_of(ports).files.find(request.parameters["vmid"], kind, ports.node)


def skips_lock(request: Request) -> bool:
    """ForbiddenError for whoever is not root@pam."""
    if not request.parameters.get("skiplock"):
        return False
    if request.user != ROOT:
        raise ForbiddenError("Only root may use this option: skiplock")
    return True


def has(request: Request, ports: ApiPorts, path: str, *privileges: str) -> bool:
    """Whether who asks has all of these there."""
    return request.user == ROOT or ports.accounts.access().has(request.user, path, privileges)


def require(request: Request, ports: ApiPorts, path: str, privilege: str) -> None:
    """ForbiddenError."""
    if not has(request, ports, path, privilege):
        raise ForbiddenError(f"Permission check failed ({path}, {privilege})")


def require_options(
    request: Request,
    ports: ApiPorts,
    kind: GuestKind,
    texts: Mapping[str, str],
    deleted: Iterable[str] = (),
    pool: str | None = None,
) -> None:
    """What the single options need: on the guest, or on the pool it is made in. ForbiddenError."""
    if request.user == ROOT:
        return
    vmid = request.parameters["vmid"]
    for key, privilege in all_needed(kind, texts.items(), deleted):
        if privilege == ROOT_ALONE:
            raise ForbiddenError(f"only root can set '{key}' config")
        if pool is not None and has(request, ports, f"/pool/{pool}", privilege):
            continue
        require(request, ports, f"/vms/{vmid}", privilege)


def require_storages(request: Request, ports: ApiPorts, storages: Iterable[str]) -> None:
    for storage in storages:
        require(request, ports, f"/storage/{storage}", "Datastore.AllocateSpace")


def option_texts(request: Request, names: Iterable[str], others: Iterable[str]) -> dict[str, str]:
    """The texts of the guest's own options among the parameters."""
    known, left_out = frozenset(names), frozenset(others)
    return {
        key: one(text)
        for key, text in request.texts.items()
        if key in known and key not in left_out
    }


def one(given: Text) -> str:
    return given if isinstance(given, str) else ",".join(given)


def guest_operation(
    verb: str,
    kind: GuestKind,
    path: str,
    handler: Handler,
    sentence: str,
    options: tuple[Option, ...],
    permission: Permission,
    **more: Any,
) -> Operation:
    """A call on one guest, run by its node. path: what follows the guest's number."""
    whole = f"/nodes/{{node}}/{FOLDERS[kind]}/{{vmid}}{path}"
    given = (*PLACE, *options)
    return Operation(verb, whole, handler, sentence, given, permission, "node", **more)
