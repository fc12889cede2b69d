"""Networks for the whole cluster: configured, looked at from both sides, applied, taken back."""

from __future__ import annotations

from typing import Any

import pytest

from sim.network.conf import conf_of
from tests.api.rig import Nodes
from tests.sim.network.lab import cluster

BASE = "/cluster/sdn"
ZONES, VNETS = f"{BASE}/zones", f"{BASE}/vnets"
SUBNETS = f"{VNETS}/blue/subnets"


@pytest.fixture
def nodes() -> Nodes:
    nodes = Nodes()
    nodes.put("corosync.conf", conf_of(cluster(3)).text())
    made = (
        (ZONES, {"zone": "lan", "type": "vlan", "bridge": "vmbr0", "nodes": "n1,n2"}),
        (VNETS, {"vnet": "blue", "zone": "lan", "tag": 7, "alias": "the blue one"}),
        (SUBNETS, {"subnet": "10.0.0.0/24", "type": "subnet", "gateway": "10.0.0.1"}),
    )
    for path, given in made:
        assert nodes.ask("POST", path, given).data is None
    return nodes


def applied(nodes: Nodes) -> None:
    upid = nodes.ask("PUT", BASE).data
    nodes.cluster.run(5)
    assert nodes.ask("GET", f"/nodes/n1/tasks/{upid}/status").data["exitstatus"] == "OK"


def views(nodes: Nodes, path: str, key: str) -> tuple[dict[str, Any], ...]:
    """The rows as configured, as they run, and both side by side, by name."""
    asked: tuple[dict[str, int], ...] = ({}, {"running": 1}, {"pending": 1})
    found = [nodes.ask("GET", path, given).data for given in asked]
    return tuple({row[key]: row for row in rows} for rows in found)


def test_what_is_configured_runs_when_it_is_applied(nodes: Nodes) -> None:
    configured, running, both = views(nodes, VNETS, "vnet")
    assert (configured["blue"]["tag"], running) == (7, {})
    assert both["blue"]["state"] == "new"
    assert both["blue"]["pending"] == {"zone": "lan", "tag": 7, "alias": "the blue one"}
    assert nodes.ask("GET", "/nodes/n1/sdn/zones").data == []
    applied(nodes)
    configured, running, both = views(nodes, VNETS, "vnet")
    assert running["blue"]["tag"] == 7
    assert "state" not in both["blue"]
    assert nodes.ask("GET", "/nodes/n1/sdn/zones").data == [{"zone": "lan", "status": "available"}]
    assert nodes.ask("GET", "/nodes/n3/sdn/zones", node="n3").data == []
    content = nodes.ask("GET", "/nodes/n1/sdn/zones/lan/content").data
    assert content == [{"vnet": "blue", "status": "available", "statusmsg": "the blue one"}]


def test_changes_wait_beside_what_runs(nodes: Nodes) -> None:
    applied(nodes)
    digest = nodes.ask("GET", f"{VNETS}/blue").data["digest"]
    change = {"tag": 8, "delete": "alias", "digest": digest}
    assert nodes.ask("PUT", f"{VNETS}/blue", change).data is None
    assert nodes.ask("PUT", f"{VNETS}/blue", change).body["code"] == "stale"
    _, running, both = views(nodes, VNETS, "vnet")
    assert (running["blue"]["tag"], both["blue"]["tag"]) == (7, 7)
    assert (both["blue"]["state"], both["blue"]["pending"]) == (
        "changed",
        {"tag": 8, "alias": "deleted"},
    )
    one = nodes.ask("GET", f"{VNETS}/blue", {"pending": 1}).data
    assert one == both["blue"]
    assert nodes.ask("GET", "/nodes/n1/sdn/zones/lan/content").data[0]["status"] == "pending"
    assert nodes.ask("POST", f"{BASE}/rollback").data is None
    assert nodes.ask("GET", f"{VNETS}/blue").data["tag"] == 7
    assert "state" not in views(nodes, VNETS, "vnet")[2]["blue"]


def test_what_is_removed_runs_until_it_is_applied(nodes: Nodes) -> None:
    applied(nodes)
    refused = nodes.ask("DELETE", f"{ZONES}/lan")
    assert (refused.status, refused.reason) == (500, "zone 'lan' is used by network 'blue'")
    for path in (f"{SUBNETS}/lan-10.0.0.0-24", f"{VNETS}/blue", f"{ZONES}/lan"):
        assert nodes.ask("DELETE", path).data is None
    configured, running, both = views(nodes, ZONES, "zone")
    assert (configured, list(running), both["lan"]["state"]) == ({}, ["lan"], "deleted")
    applied(nodes)
    assert views(nodes, ZONES, "zone") == ({}, {}, {})


def test_a_rollback_brings_back_what_was_removed(nodes: Nodes) -> None:
    applied(nodes)
    before = [nodes.ask("GET", path).data for path in (ZONES, VNETS, SUBNETS)]
    for path in (f"{SUBNETS}/lan-10.0.0.0-24", f"{VNETS}/blue", f"{ZONES}/lan"):
        nodes.ask("DELETE", path)
    nodes.ask("POST", ZONES, {"zone": "other", "type": "simple"})
    nodes.ask("POST", f"{BASE}/rollback")
    assert [nodes.ask("GET", path).data for path in (ZONES, VNETS, SUBNETS)] == before


def test_subnets_are_named_by_zone_and_network(nodes: Nodes) -> None:
    (row,) = nodes.ask("GET", SUBNETS).data
    assert {key: row[key] for key in ("subnet", "cidr", "mask", "network", "zone", "vnet")} == {
        "subnet": "lan-10.0.0.0-24",
        "cidr": "10.0.0.0/24",
        "mask": "24",
        "network": "10.0.0.0",
        "zone": "lan",
        "vnet": "blue",
    }
    one = f"{SUBNETS}/lan-10.0.0.0-24"
    ranges = ["start-address=10.0.0.9,end-address=10.0.0.20"]
    assert nodes.ask("PUT", one, {"dhcp-range": ranges}).data is None
    assert nodes.ask("GET", one).data["dhcp-range"] == ranges
    wrong = nodes.ask("POST", SUBNETS, {"subnet": "10.0.0.64/26", "type": "subnet"})
    assert wrong.errors == {"subnet": "overlaps with lan-10.0.0.0-24"}
    nodes.ask("POST", VNETS, {"vnet": "red", "zone": "lan", "tag": 9})
    elsewhere = nodes.ask("PUT", f"{VNETS}/red/subnets/lan-10.0.0.0-24", {"snat": 1})
    assert "does not exist in network 'red'" in elsewhere.reason


def test_whoever_has_the_lock_changes_it_alone(nodes: Nodes) -> None:
    refused = nodes.ask("POST", f"{BASE}/lock")
    assert "there are pending changes" in refused.reason
    applied(nodes)
    token = nodes.ask("POST", f"{BASE}/lock").data
    zone = {"zone": "z2", "type": "simple"}
    assert "is locked" in nodes.ask("POST", ZONES, zone).reason
    assert "is locked already" in nodes.ask("POST", f"{BASE}/lock").reason
    assert "is locked" in nodes.ask("PUT", BASE).reason
    assert nodes.ask("POST", ZONES, {**zone, "lock-token": token}).data is None
    assert "not the token" in nodes.ask("DELETE", f"{BASE}/lock", {"lock-token": "x"}).reason
    keeps = {"lock-token": token, "release-lock": 0}
    nodes.ask("PUT", BASE, keeps)
    nodes.cluster.run(5)
    assert "is locked" in nodes.ask("DELETE", f"{ZONES}/z2").reason
    assert nodes.ask("DELETE", f"{BASE}/lock", {"force": 1}).data is None
    assert nodes.ask("DELETE", f"{ZONES}/z2").data is None


def test_secrets_of_servers_are_in_no_list(nodes: Nodes) -> None:
    given = {"type": "powerdns", "url": "https://ns.example/api", "key": "s3cret"}
    nodes.ask("POST", f"{BASE}/dns", {"dns": "ns", **given})
    ipam = {"type": "phpipam", "url": "https://ipam.example", "token": "s3cret", "section": 1}
    nodes.ask("POST", f"{BASE}/ipams", {"ipam": "ip", **ipam})
    assert nodes.ask("GET", f"{BASE}/dns").data == [{"dns": "ns", "type": "powerdns"}]
    assert nodes.ask("GET", f"{BASE}/ipams").data == [{"ipam": "ip", "type": "phpipam"}]
    assert nodes.ask("GET", f"{BASE}/dns/ns").data["key"] == "s3cret"
    zone = {"zone": "named", "type": "simple", "dns": "ns", "dnszone": "lan.example"}
    nodes.ask("POST", ZONES, zone)
    assert "is used by zone 'named'" in nodes.ask("DELETE", f"{BASE}/dns/ns").reason


def test_options_belong_to_a_type(nodes: Nodes) -> None:
    wrong = nodes.ask("POST", ZONES, {"zone": "z2", "type": "simple", "bridge": "vmbr0"})
    assert wrong.errors == {"bridge": "is not known here, for simple"}
    assert nodes.ask("POST", ZONES, {"zone": "z2", "type": "vlan"}).errors == {
        "bridge": "is missing"
    }
    unknown = nodes.ask("POST", VNETS, {"vnet": "v2", "zone": "none"})
    assert unknown.errors == {"zone": "zone 'none' does not exist"}
    long = nodes.ask("POST", ZONES, {"zone": "ninechars", "type": "simple"})
    assert list(long.errors) == ["zone"]


def test_networks_have_a_firewall(nodes: Nodes) -> None:
    base = f"{VNETS}/blue/firewall"
    assert nodes.ask("PUT", f"{base}/options", {"enable": 1, "policy_forward": "DROP"}).data is None
    assert nodes.ask("GET", f"{base}/options").data["policy_forward"] == "DROP"
    rule = {"type": "forward", "action": "ACCEPT", "proto": "tcp", "dport": "80"}
    assert nodes.ask("POST", f"{base}/rules", rule).data is None
    (row,) = nodes.ask("GET", f"{base}/rules").data
    assert (row["pos"], row["dport"]) == (0, "80")
    assert "does not exist" in nodes.ask("GET", f"{VNETS}/none/firewall/options").reason
