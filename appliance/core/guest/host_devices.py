"""Devices of the host that a VM gets: one of those that a mapping stands for and nobody has."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from appliance.model.errors import RefusedError
from appliance.model.guest.config import Settings, option_of
from appliance.model.option_table import split_key
from appliance.model.property_string import PropertyString

_DOMAIN = "0000:"


@dataclass(frozen=True, slots=True)
class MappedDevices:
    """What a mapping stands for on one node. shared: as mediated devices, by many guests."""

    addresses: tuple[str, ...]
    shared: bool = False


@dataclass(frozen=True, slots=True)
class HostDevices:
    """What one `hostpci` gets. mediated: the type of the device that is made of one of them."""

    addresses: tuple[str, ...]
    mediated: str | None = None


def host_devices(
    settings: Settings,
    mappings: Mapping[str, MappedDevices],
    there: Collection[str],
    taken: Collection[str],
) -> dict[str, HostDevices]:
    """The devices of every `hostpci` by its key. RefusedError if there are none left.

    there: the addresses of all devices of the node; taken: those that other guests have.
    """
    given: dict[str, HostDevices] = {}
    used = list(taken)
    for key in sorted(
        (key for key in settings.values if split_key(key)[0] == "hostpci"),
        key=lambda key: split_key(key)[1] or 0,
    ):
        found = _devices(key, settings.values[key], mappings, there, used)
        given[key] = found
        if found.mediated is None:
            used += found.addresses
    return given


def _devices(
    key: str,
    text: str,
    mappings: Mapping[str, MappedDevices],
    there: Collection[str],
    used: Sequence[str],
) -> HostDevices:
    option = option_of("vm", key)
    assert option is not None
    found = option.decode(text)
    assert isinstance(found, PropertyString)
    kind = found.values.get("mdev")
    mediated = str(kind) if kind is not None else None
    name = found.values.get("mapping")
    if name is None:
        return HostDevices(_addressed(key, str(found.values.get("host", "")), there), mediated)
    mapping = mappings.get(str(name))
    if mapping is None:
        raise RefusedError(f"{key}: mapping '{name}' does not exist on this node")
    if mediated is not None:
        return HostDevices(mapping.addresses, mediated)
    free = [one for one in mapping.addresses if one in there and one not in used]
    if not free:
        raise RefusedError(f"{key}: no device of mapping '{name}' is free")
    return HostDevices((free[0],))


def _addressed(key: str, host: str, there: Collection[str]) -> tuple[str, ...]:
    """An address without a function is all functions of the device."""
    found: list[str] = []
    for part in host.split(";"):
        address = part if part.count(":") > 1 else _DOMAIN + part
        known = [one for one in sorted(there) if one == address or one.startswith(f"{address}.")]
        if not known:
            raise RefusedError(f"{key}: there is no device {part} on this node")
        found += known
    return tuple(found)
