"""What one object needs of the others, before it is made, changed or removed."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping
from typing import Any, Final

from appliance.core.sdn.pending import Row, Rows
from appliance.model.errors import ConfigError, RefusedError
from appliance.model.formats.sdn import network_of, range_of

Picture = Mapping[str, Rows]  # rows by kind and id
TAGGED: Final = ("vlan", "qinq", "vxlan", "evpn")
NO_VLANS_INSIDE: Final = ("evpn", "vxlan")
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
MOST_VLAN: Final = 4094
DEFAULT_IPAM: Final = "pve"


def check_zone(name: str, zone: Row, picture: Picture, nodes: Iterable[str]) -> None:
    """ConfigError naming the field. nodes: those of the cluster."""
    _known_nodes(zone, ("nodes", "exitnodes", "exitnodes-primary"), nodes)
    _refers(zone, "controller", "controllers", picture)
    for controller in zone.get("secondary-controllers", ()):
        _there(controller, "secondary-controllers", "controllers", picture)
    for key in ("dns", "reversedns"):
        _refers(zone, key, "dns", picture)
    if zone.get("ipam") != DEFAULT_IPAM:
        _refers(zone, "ipam", "ipams", picture)
    if "dns" in zone and "dnszone" not in zone:
        raise ConfigError("is needed with dns", field="dnszone")
    primary = zone.get("exitnodes-primary")
    if primary is not None and primary not in listed(zone.get("exitnodes")):
        raise ConfigError(f"'{primary}' is none of the exit nodes", field="exitnodes-primary")
    if zone.get("type") == "vxlan" and ("peers" in zone) == ("fabric" in zone):
        raise ConfigError("either peers or fabric is needed", field="peers")
    if zone.get("type") == "evpn":
        _alone_on_vrf(name, zone, picture)


def _alone_on_vrf(name: str, zone: Row, picture: Picture) -> None:
    for other, row in picture["zones"].items():
        if other != name and row.get("vrf-vxlan") == zone.get("vrf-vxlan") is not None:
            raise ConfigError(f"is that of zone '{other}' already", field="vrf-vxlan")


def check_vnet(name: str, vnet: Row, picture: Picture) -> None:
    """Its zone is there, and the number fits that zone and is nobody else's there."""
    _refers(vnet, "zone", "zones", picture)
    zone = picture["zones"][vnet["zone"]]
    kind, tag = zone["type"], vnet.get("tag")
    if kind in TAGGED and tag is None:
        raise ConfigError(f"is needed in a zone of type {kind}", field="tag")
    if kind == "simple" and tag is not None:
        raise ConfigError("means nothing in a zone of type simple", field="tag")
    if kind in ("vlan", "qinq") and tag is not None and tag > MOST_VLAN:
        raise ConfigError(f"at most {MOST_VLAN} is allowed for a VLAN", field="tag")
    if kind in NO_VLANS_INSIDE and vnet.get("vlanaware"):
        raise ConfigError(f"is not possible in a zone of type {kind}", field="vlanaware")
    for other, row in picture["vnets"].items():
        if other != name and tag is not None and row.get("tag") == tag:
            where = picture["zones"].get(str(row.get("zone")), {})
            if row.get("zone") == vnet["zone"] or where.get("type") == kind in NO_VLANS_INSIDE:
                raise ConfigError(f"is that of network '{other}' already", field="tag")


def check_subnet(name: str, subnet: Row, picture: Picture) -> None:
    """It overlaps with nothing in its zone, and its addresses are in it."""
    _refers(subnet, "vnet", "vnets", picture)
    network = network_of(name)
    if network.prefixlen == network.max_prefixlen:
        raise ConfigError("a subnet has more than one address", field="subnet")
    zone = name.partition("-")[0]
    for other in picture["subnets"]:
        near = other != name and other.partition("-")[0] == zone
        if near and _overlap(network, network_of(other)):
            raise ConfigError(f"overlaps with {other}", field="subnet")
    gateway = subnet.get("gateway")
    if gateway is not None:
        _inside(gateway, network, "gateway")
    if subnet.get("snat") and gateway is None:
        raise ConfigError("is needed with snat", field="gateway")
    for one in subnet.get("dhcp-range", ()):
        first, last = range_of(one)
        for end in (first, last):
            _inside(end, network, "dhcp-range")
        if int(ipaddress.ip_address(first)) > int(ipaddress.ip_address(last)):
            raise ConfigError(f"{first} comes after {last}", field="dhcp-range")


def _overlap(one: Network, other: Network) -> bool:
    return one.version == other.version and (
        one.network_address in other or other.network_address in one
    )


def _inside(address: str, network: Network, field: str) -> None:
    if ipaddress.ip_address(address) not in network:
        raise ConfigError(f"{address} is not in {network}", field=field)


def check_controller(name: str, controller: Row, picture: Picture, nodes: Iterable[str]) -> None:
    """One of a kind on a node, one for EVPN in the cluster that others follow."""
    _known_nodes(controller, ("node", "nodes"), nodes)
    kind = controller["type"]
    for other, row in picture["controllers"].items():
        same = kind in ("bgp", "isis") and row.get("type") == kind
        if other != name and same and row.get("node") == controller.get("node"):
            where = controller.get("node")
            raise ConfigError(f"{where} has controller '{other}' already", field="node")
    if kind == "evpn" and ("peers" in controller) == ("fabric" in controller):
        raise ConfigError("either peers or fabric is needed", field="peers")


def check_unused(kind: str, name: str, picture: Picture) -> None:
    """RefusedError if another object needs this one."""
    for user_kind, keys in _USERS.get(kind, {}).items():
        for user, row in picture[user_kind].items():
            if any(name in listed(row.get(key)) for key in keys):
                raise RefusedError(
                    f"{_NOUNS[kind]} '{name}' is used by {_NOUNS[user_kind]} '{user}'"
                )


_USERS: Final[Mapping[str, Mapping[str, tuple[str, ...]]]] = {
    "zones": {"vnets": ("zone",)},
    "vnets": {"subnets": ("vnet",)},
    "controllers": {"zones": ("controller", "secondary-controllers")},
    "dns": {"zones": ("dns", "reversedns")},
    "ipams": {"zones": ("ipam",)},
}
_NOUNS: Final = {
    "zones": "zone",
    "vnets": "network",
    "subnets": "subnet",
    "controllers": "controller",
    "dns": "DNS server",
    "ipams": "IPAM",
}


def _refers(row: Row, key: str, kind: str, picture: Picture) -> None:
    name = row.get(key)
    if name is not None:
        _there(str(name), key, kind, picture)


def _there(name: str, key: str, kind: str, picture: Picture) -> None:
    if name not in picture[kind]:
        raise ConfigError(f"{_NOUNS[kind]} '{name}' does not exist", field=key)


def _known_nodes(row: Row, keys: Iterable[str], nodes: Iterable[str]) -> None:
    known = tuple(nodes)
    for key in keys:
        for node in listed(row.get(key)):
            if node not in known:
                raise ConfigError(f"node '{node}' does not exist", field=key)


def listed(value: Any) -> tuple[str, ...]:
    """A list, or a text with commas between names."""
    if isinstance(value, list | tuple):
        return tuple(str(one) for one in value)
    return tuple(str(value).replace(",", " ").split()) if value is not None else ()
