"""What tells one guest from another on the network and inside: addresses, ids, names."""

from __future__ import annotations

from collections.abc import Callable

from appliance.model.guest.config import Settings, option_of
from appliance.model.guest.devices import nics
from appliance.model.guest.document import GuestKind
from appliance.model.property_string import PropertyString

PREFIX = "BC:24:11"


def mac_of(token: str, prefix: str = PREFIX) -> str:
    """A network address that begins so, its rest of the hexadecimal digits of the token."""
    have = [part for part in prefix.upper().split(":") if part]
    drawn = [token[2 * n : 2 * n + 2].upper() for n in range(6 - len(have))]
    return ":".join([*have, *drawn])


def uuid_of(token: str) -> str:
    """A random UUID of 32 hexadecimal digits."""
    variant = f"{8 + int(token[16], 16) % 4:x}{token[17:20]}"
    return f"{token[:8]}-{token[8:12]}-4{token[13:16]}-{variant}-{token[20:32]}"


def with_mac(kind: GuestKind, key: str, text: str, mac: str) -> str:
    """The text of a network card with another address."""
    name = "macaddr" if kind == "vm" else "hwaddr"
    return with_property(kind, key, text, name, mac)


def with_property(kind: GuestKind, key: str, text: str, name: str, value: object) -> str:
    """The text of an option of several keys with another value of one of them."""
    option = option_of(kind, key)
    assert option is not None
    found = option.decode(text)
    assert isinstance(found, PropertyString)
    return option.encode(PropertyString({**found.values, name: value}, found.unknown))


def with_own_macs(kind: GuestKind, settings: Settings, new_mac: Callable[[], str]) -> Settings:
    """Every network card with an address that nobody else has."""
    return settings.with_values(
        {
            nic.key: with_mac(kind, nic.key, settings.values[nic.key], new_mac())
            for nic in nics(kind, settings)
        }
    )


def with_own_ids(settings: Settings, new_uuid: Callable[[], str]) -> Settings:
    """A VM with a machine id and a generation id of its own, where it had some."""
    texts: dict[str, str] = {}
    smbios = settings.get("smbios1")
    if smbios is not None:
        texts["smbios1"] = with_property("vm", "smbios1", smbios, "uuid", new_uuid())
    if settings.get("vmgenid") not in (None, "0"):
        texts["vmgenid"] = new_uuid()
    return settings.with_values(texts)


def renamed(kind: GuestKind, settings: Settings, name: str) -> Settings:
    """With another name; the notes stay."""
    return settings.with_values({"name" if kind == "vm" else "hostname": name})
