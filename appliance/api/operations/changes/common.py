"""What the operations that change guests share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from appliance.api.operations.configuration.common import NODE_OPTION
from appliance.api.ports import ApiPorts
from appliance.api.table import Request
from appliance.model.errors import UnavailableError
from appliance.model.guest.config import Settings, option_of
from appliance.model.guest.document import GuestKind
from appliance.model.option import Option
from appliance.model.options.make import number, text, whole
from appliance.services.guest_changes.files import GuestFile
from appliance.services.guest_changes.ports import ChangePorts

FOLDERS: Final[Mapping[GuestKind, str]] = {"vm": "qemu", "ct": "lxc"}
KIB: Final = 1024
GUEST: Final = (
    NODE_OPTION,
    whole("vmid", "Number of the guest.", 100, 999999999, required=True),
)
ALLOCATE: Final = ("Datastore.AllocateSpace",)


def base(kind: GuestKind) -> str:
    """The path of a guest."""
    return f"/nodes/{{node}}/{FOLDERS[kind]}/{{vmid}}"


def changes(ports: ApiPorts) -> ChangePorts:
    """UnavailableError where no guests can run."""
    if ports.changes is None:
        raise UnavailableError("this node runs no guests")
    return ports.changes


def guest(request: Request, ports: ApiPorts, kind: GuestKind) -> GuestFile:
    """The guest that is asked for. MissingError if it is not on this node."""
    return changes(ports).files.find(request.parameters["vmid"], kind, ports.node)


def limit_bytes_s(request: Request) -> int:
    """`bwlimit` is in KiB per second."""
    return int(request.parameters.get("bwlimit") or 0) * KIB


def bandwidth(kind: GuestKind) -> Option:
    """How fast a copy may be."""
    make = whole if kind == "vm" else number
    return make("bwlimit", "At most so fast; 0 is no limit.", 0, unit="KiB per second")


def typed(kind: GuestKind, settings: Settings) -> dict[str, Any]:
    """What a file says as clients get it: numbers as numbers, all else as it is written."""
    found: dict[str, Any] = {}
    for key, value in settings.values.items():
        option = option_of(kind, key)
        if option is not None and option.kind == "boolean":
            found[key] = int(bool(option.decode(value)))
        elif option is not None and option.kind == "integer":
            found[key] = int(value)
        else:
            found[key] = value
    if settings.description:
        found["description"] = settings.description
    if settings.raw:
        found["lxc"] = [list(pair) for pair in settings.raw]
    return found


DIGEST_SENTENCE: Final = "Only if the configuration is still the one with this digest."


def digest(name: str = "digest", sentence: str = DIGEST_SENTENCE) -> Option:
    return text(name, sentence, max_length=40)
