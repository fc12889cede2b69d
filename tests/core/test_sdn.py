"""Networks for the whole cluster: what may be configured, and what waits."""

from __future__ import annotations

from typing import Any

import pytest

from appliance.core.sdn.checks import (
    check_controller,
    check_subnet,
    check_unused,
    check_vnet,
    check_zone,
)
from appliance.core.sdn.pending import pending_rows, waits
from appliance.model.errors import ConfigError, RefusedError

NODES = ("n1", "n2")
PICTURE: dict[str, dict[str, dict[str, Any]]] = {
    "zones": {
        "flat": {"zone": "flat", "type": "simple"},
        "lan": {"zone": "lan", "type": "vlan", "bridge": "vmbr0"},
        "over": {"zone": "over", "type": "evpn", "controller": "c1", "vrf-vxlan": 100},
    },
    "vnets": {"blue": {"vnet": "blue", "type": "vnet", "zone": "lan", "tag": 7}},
    "subnets": {"flat-10.0.0.0-24": {"subnet": "flat-10.0.0.0-24", "vnet": "blue"}},
    "controllers": {"c1": {"controller": "c1", "type": "bgp", "node": "n1"}},
    "dns": {},
    "ipams": {},
}


@pytest.mark.parametrize(
    ("zone", "message"),
    [
        ({"type": "simple", "nodes": "n1,n9"}, "nodes: node 'n9' does not exist"),
        ({"type": "evpn", "controller": "c9"}, "controller: controller 'c9' does not exist"),
        ({"type": "evpn", "controller": "c1", "vrf-vxlan": 100}, "vrf-vxlan: is that of zone"),
        ({"type": "simple", "dns": "d"}, "dns: DNS server 'd' does not exist"),
        ({"type": "simple", "ipam": "i"}, "ipam: IPAM 'i' does not exist"),
        ({"type": "vxlan"}, "peers: either peers or fabric is needed"),
        (
            {"type": "evpn", "controller": "c1", "exitnodes": "n1", "exitnodes-primary": "n2"},
            "exitnodes-primary: 'n2' is none of the exit nodes",
        ),
    ],
)
def test_zones_that_cannot_be(zone: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        check_zone("new", zone, PICTURE, NODES)


def test_zones_that_can_be() -> None:
    check_zone("new", {"type": "simple", "ipam": "pve", "nodes": "n1, n2"}, PICTURE, NODES)
    check_zone("over", PICTURE["zones"]["over"], PICTURE, NODES)
    check_zone("new", {"type": "vxlan", "peers": "10.0.0.1"}, PICTURE, NODES)


@pytest.mark.parametrize(
    ("vnet", "message"),
    [
        ({"zone": "none"}, "zone: zone 'none' does not exist"),
        ({"zone": "lan"}, "tag: is needed in a zone of type vlan"),
        ({"zone": "lan", "tag": 7}, "tag: is that of network 'blue' already"),
        ({"zone": "lan", "tag": 4095}, "tag: at most 4094"),
        ({"zone": "flat", "tag": 7}, "tag: means nothing in a zone of type simple"),
        ({"zone": "over", "tag": 9, "vlanaware": 1}, "vlanaware: is not possible"),
    ],
)
def test_networks_that_cannot_be(vnet: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        check_vnet("new", vnet, PICTURE)


def test_a_tag_is_of_its_zone_alone() -> None:
    check_vnet("new", {"zone": "over", "tag": 7}, PICTURE)
    check_vnet("blue", PICTURE["vnets"]["blue"], PICTURE)


@pytest.mark.parametrize(
    ("name", "subnet", "message"),
    [
        ("flat-10.0.0.128-25", {}, "subnet: overlaps with flat-10.0.0.0-24"),
        ("flat-10.0.0.0-8", {}, "subnet: overlaps with flat-10.0.0.0-24"),
        ("lan-10.1.0.0-24", {"gateway": "10.2.0.1"}, "gateway: 10.2.0.1 is not in 10.1.0.0/24"),
        ("lan-10.1.0.0-24", {"snat": 1}, "gateway: is needed with snat"),
        ("lan-10.1.0.1-32", {}, "subnet: a subnet has more than one address"),
        (
            "lan-10.1.0.0-24",
            {"dhcp-range": ["start-address=10.1.0.9,end-address=10.1.0.3"]},
            "dhcp-range: 10.1.0.9 comes after 10.1.0.3",
        ),
        (
            "lan-fd00::-64",
            {"dhcp-range": ["start-address=fd00::1,end-address=fd01::1"]},
            "dhcp-range: fd01::1 is not in fd00::/64",
        ),
    ],
)
def test_subnets_that_cannot_be(name: str, subnet: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        check_subnet(name, {"vnet": "blue", **subnet}, PICTURE)


def test_a_zone_may_have_the_addresses_of_another() -> None:
    check_subnet("lan-10.0.0.0-24", {"vnet": "blue", "gateway": "10.0.0.1", "snat": 1}, PICTURE)
    check_subnet("flat-fd00::-64", {"vnet": "blue"}, PICTURE)


def test_controllers() -> None:
    with pytest.raises(ConfigError, match="node: n1 has controller 'c1' already"):
        check_controller("c2", {"type": "bgp", "node": "n1"}, PICTURE, NODES)
    check_controller("c1", PICTURE["controllers"]["c1"], PICTURE, NODES)
    check_controller("c2", {"type": "bgp", "node": "n2"}, PICTURE, NODES)


@pytest.mark.parametrize(
    ("kind", "name", "message"),
    [
        ("zones", "lan", "zone 'lan' is used by network 'blue'"),
        ("vnets", "blue", "network 'blue' is used by subnet 'flat-10.0.0.0-24'"),
        ("controllers", "c1", "controller 'c1' is used by zone 'over'"),
    ],
)
def test_what_is_needed_stays(kind: str, name: str, message: str) -> None:
    with pytest.raises(RefusedError, match=message):
        check_unused(kind, name, PICTURE)
    check_unused("zones", "flat", PICTURE)


def test_what_waits_stands_beside_what_runs() -> None:
    running: dict[str, dict[str, Any]] = {
        "a": {"zone": "a", "type": "simple", "mtu": 1500},
        "b": {"zone": "b", "mtu": 1},
    }
    wanted: dict[str, dict[str, Any]] = {
        "a": {"zone": "a", "type": "simple", "nodes": "n1"},
        "c": {"zone": "c", "type": "simple", "mtu": 9},
    }
    assert pending_rows(running, wanted, ("zone", "type")) == [
        {**running["a"], "state": "changed", "pending": {"nodes": "n1", "mtu": "deleted"}},
        {"zone": "b", "mtu": 1, "state": "deleted"},
        {"zone": "c", "type": "simple", "state": "new", "pending": {"mtu": 9}},
    ]
    assert pending_rows(running, running, ("zone", "type")) == [running["a"], running["b"]]
    assert waits({"zones": running}, {"zones": wanted})
    assert not waits({"zones": running, "vnets": {}}, {"zones": dict(running)})
