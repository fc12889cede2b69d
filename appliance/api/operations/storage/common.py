"""What the calls on storages share."""

from __future__ import annotations

from typing import Any, Final

from appliance.api.operations.configuration.common import NODE_OPTION
from appliance.api.permissions import perm
from appliance.api.ports import ApiPorts
from appliance.api.table import Request
from appliance.core.storage.rights import Rights
from appliance.model.errors import ConfigError, UnavailableError
from appliance.model.formats.names import STORAGE_ID
from appliance.model.option import Option
from appliance.model.storage.config import Storage
from appliance.model.storage.volumes import VolumeName, parse_name, split_id
from appliance.services.storage.ports import StoragePorts

NODE: Final = NODE_OPTION
STORAGE: Final = Option("storage", "Name of the storage.", format=STORAGE_ID, required=True)
SAME_STORAGE: Final = Option("storage", "Name of the storage.", format=STORAGE_ID)
VOLUME: Final = Option("volume", "Id or name of the volume.", required=True)
VMID_FILTER: Final = Option(
    "vmid", "Only of this guest.", "integer", minimum=100, maximum=999999999
)
LOOK: Final = perm("/storage/{storage}", "Datastore.Audit", "Datastore.AllocateSpace", any_of=True)
TEMPLATE: Final = perm("/storage/{storage}", "Datastore.AllocateTemplate")


def storages(ports: ApiPorts) -> StoragePorts:
    """UnavailableError where this node has no storages to offer."""
    if ports.storage is None:
        raise UnavailableError("this node has no storages")
    return ports.storage


def rights(request: Request, ports: ApiPorts) -> Rights:
    return Rights(ports.accounts.access(), request.user)


def volume_of(request: Request, ports: ApiPorts) -> tuple[Storage, VolumeName]:
    """The volume that a call is about: on the call's storage, if it names one. ConfigError."""
    own = request.parameters.get("storage")
    found = named_volume(request, ports, "volume")
    if own is not None and found[0].id != own:
        raise ConfigError(f"'{found[0].id}' is not the storage '{own}'", field="volume")
    return found


def named_volume(request: Request, ports: ApiPorts, given: str) -> tuple[Storage, VolumeName]:
    """A volume by its id, or by a name on the call's storage. ConfigError, MissingError."""
    text, own = str(request.parameters[given]), request.parameters.get("storage")
    if own is not None and ":" not in text.partition("/")[0]:
        storage, name = str(own), text
    else:
        storage, name = split_id(text)
    found = storages(ports).pools.find(storage)
    return found, parse_name(found.type, name)


def containers(ports: ApiPorts) -> frozenset[int]:
    """The guests that are containers."""
    guests = ports.store.guests().items()
    return frozenset(vmid for vmid, path in guests if "/lxc/" in path)


def params(request: Request, *names: str) -> tuple[Any, ...]:
    return tuple(request.parameters.get(name) for name in names)
