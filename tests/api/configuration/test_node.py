"""A node's own matters through the API, in a running world."""

from __future__ import annotations

from typing import Any

import pytest

from sim.faults import Fault
from tests.api.world_rig import WorldRig

NODE = "/nodes/pve1"


@pytest.fixture(scope="module")
def rig() -> WorldRig:
    return WorldRig(guests=1)


def ended(rig: WorldRig, upid: str) -> str:
    """How a task of pve1 ended."""
    rig.run(2)
    return str(rig.ask("GET", f"{NODE}/tasks/{upid}/status").data["exitstatus"])


def test_dns_is_what_was_set(rig: WorldRig) -> None:
    rig.ask("PUT", f"{NODE}/dns", {"search": "a.example", "dns1": "192.0.2.1", "dns3": "fd00::1"})
    assert rig.ask("GET", f"{NODE}/dns").data == {
        "search": "a.example",
        "dns1": "192.0.2.1",
        "dns2": "fd00::1",
    }
    wrong = rig.ask("PUT", f"{NODE}/dns", {"search": "a b", "dns1": "x"})
    assert list(wrong.errors) == ["dns1"]
    assert list(rig.ask("PUT", f"{NODE}/dns", {"search": "a b"}).errors) == ["search"]


def test_hosts_have_a_digest(rig: WorldRig) -> None:
    found = rig.ask("GET", f"{NODE}/hosts").data
    text = found["data"] + "192.0.2.9 extra # new\n"
    stale = rig.ask("POST", f"{NODE}/hosts", {"data": text, "digest": "0" * 40})
    assert stale.body["code"] == "stale"
    rig.ask("POST", f"{NODE}/hosts", {"data": text, "digest": found["digest"]})
    assert rig.ask("GET", f"{NODE}/hosts").data["data"] == text
    assert list(rig.ask("POST", f"{NODE}/hosts", {"data": "nonsense\n"}).errors) == ["data"]


def test_a_time_zone_moves_the_clock_on_the_wall(rig: WorldRig) -> None:
    rig.ask("PUT", f"{NODE}/time", {"timezone": "Asia/Tokyo"})
    found = rig.ask("GET", f"{NODE}/time").data
    assert found["timezone"] == "Asia/Tokyo"
    assert found["localtime"] - found["time"] == 9 * 3600
    for name in ("Asia/Nowhere", "../etc/passwd", "x"):
        assert list(rig.ask("PUT", f"{NODE}/time", {"timezone": name}).errors) == ["timezone"]


def test_services_are_controlled_by_tasks(rig: WorldRig) -> None:
    def state(name: str) -> str:
        return str(rig.ask("GET", f"{NODE}/services/{name}/state").data["state"])

    assert state("chrony") == "running"
    upid = rig.ask("POST", f"{NODE}/services/chrony/stop").data
    assert upid.split(":")[5:7] == ["srvstop", "chrony"]
    assert (ended(rig, upid), state("chrony")) == ("OK", "dead")
    assert "not running" in ended(rig, rig.ask("POST", f"{NODE}/services/chrony/reload").data)
    assert ended(rig, rig.ask("POST", f"{NODE}/services/chrony/restart").data) == "OK"
    assert state("chrony") == "running"
    assert "by a fault" in ended(rig, rig.ask("POST", f"{NODE}/services/corosync/stop").data)
    assert rig.ask("GET", f"{NODE}/services/spiceproxy/state").body["code"] == "missing"
    assert len(rig.ask("GET", f"{NODE}/services").data) > 5


def test_the_journal_tells_what_happened(rig: WorldRig) -> None:
    lines = rig.ask("GET", f"{NODE}/syslog", {"limit": 5}).data
    assert [line["n"] for line in lines] == [1, 2, 3, 4, 5]
    whole = rig.ask("GET", f"{NODE}/syslog").data
    assert any("pve1 crm:" in line["t"] or "pve1 lrm:" in line["t"] for line in whole)
    first, *shown, last = rig.ask("GET", f"{NODE}/journal", {"lastentries": 3}).data
    assert len(shown) == 3
    before = rig.ask("GET", f"{NODE}/journal", {"endcursor": first, "lastentries": 1}).data
    assert before[1] not in shown
    assert rig.ask("GET", f"{NODE}/journal", {"startcursor": last}).data[1:-1] == []


def test_software_and_subscription(rig: WorldRig) -> None:
    assert [one["Package"] for one in rig.ask("GET", f"{NODE}/apt/versions").data] == ["quorate"]
    assert rig.ask("GET", f"{NODE}/apt/update").data == []
    assert ended(rig, rig.ask("POST", f"{NODE}/apt/update").data) == "OK"
    path = f"{NODE}/subscription"
    assert rig.ask("GET", path).data["status"] == "notfound"
    rig.ask("PUT", path, {"key": "pve2c-0123456789"})
    assert rig.ask("GET", path).data["status"] == "new"
    assert rig.ask("POST", path).body["code"] == "refused"
    rig.ask("DELETE", path)
    assert rig.ask("GET", path).data["status"] == "notfound"
    assert list(rig.ask("PUT", path, {"key": "x"}).errors) == ["key"]


def test_a_report_is_one_text(rig: WorldRig) -> None:
    assert "==== services ====" in rig.ask("GET", f"{NODE}/report").data
    assert rig.ask("GET", f"{NODE}/version").data["release"]


def test_a_node_is_woken_by_the_one_that_is_asked(rig: WorldRig) -> None:
    assert rig.ask("POST", "/nodes/pve2/wakeonlan").body["code"] == "refused"
    rig.ask("PUT", "/nodes/pve2/config", {"wakeonlan": "BC:24:11:00:00:02"})
    assert rig.ask("POST", "/nodes/pve2/wakeonlan").data == "BC:24:11:00:00:02"
    assert rig.apis.systems.states["pve1"].woken == ["BC:24:11:00:00:02"]
    assert rig.ask("POST", f"{NODE}/wakeonlan").body["code"] == "refused"


# network


def network(rig: WorldRig) -> dict[str, Any]:
    return {row["iface"]: row for row in rig.ask("GET", f"{NODE}/network").data}


def test_changes_of_the_network_wait_until_they_are_applied(rig: WorldRig) -> None:
    assert network(rig)["vmbr0"]["active"] == 1
    given = {
        "iface": "vmbr1",
        "type": "bridge",
        "cidr": "192.0.2.5/24",
        "bridge_ports": "eno2",
        "bridge_vlan_aware": 1,
        "autostart": 1,
        "mtu": 1400,
        "comments": "for guests",
    }
    rig.ask("POST", f"{NODE}/network", given)
    found = network(rig)["vmbr1"]
    assert "active" not in found
    assert {key: found[key] for key in given} == {**given, "comments": "for guests\n"}
    assert (found["address"], found["netmask"], found["method"]) == ("192.0.2.5", "24", "static")
    assert rig.ask("POST", f"{NODE}/network", given).body["code"] == "exists"
    rig.ask("DELETE", f"{NODE}/network")
    assert "vmbr1" not in network(rig)

    rig.ask("POST", f"{NODE}/network", given)
    assert ended(rig, rig.ask("PUT", f"{NODE}/network").data) == "OK"
    assert network(rig)["vmbr1"]["active"] == 1
    rig.ask(
        "PUT", f"{NODE}/network/vmbr1", {"type": "bridge", "cidr": "192.0.2.6/24", "delete": "mtu"}
    )
    one = rig.ask("GET", f"{NODE}/network/vmbr1").data
    assert (one["cidr"], "mtu" in one, one["bridge_ports"]) == ("192.0.2.6/24", False, "eno2")
    bridges = rig.ask("GET", f"{NODE}/network", {"type": "any_bridge"}).data
    assert [row["iface"] for row in bridges] == ["vmbr0", "vmbr1"]
    rig.ask("DELETE", f"{NODE}/network/vmbr1")
    rig.ask("PUT", f"{NODE}/network")
    rig.run(2)
    assert "vmbr1" not in network(rig)
    assert rig.ask("GET", f"{NODE}/network/vmbr1").body["code"] == "missing"


def test_networks_that_cannot_be(rig: WorldRig) -> None:
    def wrong(**given: Any) -> list[str]:
        given = {"iface": "vmbr7", "type": "bridge", **given}
        return sorted(rig.ask("POST", f"{NODE}/network", given).errors)

    assert wrong(bridge_ports="nothing") == ["bridge_ports"]
    assert wrong(gateway="192.0.2.1") == ["gateway"]
    assert wrong(cidr="192.0.2.5/24", address="192.0.2.6", netmask="255.255.255.0") == ["address"]
    assert wrong(cidr="192.0.2.5") == ["cidr"]
    assert wrong(address="192.0.2.5") == ["address"]
    assert wrong(iface="x y") == ["iface"]
    assert wrong(ovs_options="a\npost-up rm") == ["ovs_options"]
    assert wrong(mtu=7) == ["mtu"]


def test_what_cannot_be_applied_changes_nothing_and_waits(rig: WorldRig) -> None:
    given = {"iface": "eth9", "type": "eth", "autostart": 1}
    rig.ask("POST", f"{NODE}/network", given)
    assert "no network card 'eth9'" in ended(rig, rig.ask("PUT", f"{NODE}/network").data)
    assert "eth9" in network(rig)
    rig.ask("DELETE", f"{NODE}/network")
    assert "eth9" not in network(rig)


def test_a_node_comes_back_with_its_configuration() -> None:
    rig = WorldRig(guests=1)
    rig.ask("PUT", f"{NODE}/dns", {"search": "kept.example"})
    rig.ask("POST", f"{NODE}/services/chrony/stop")
    rig.run(2)
    rig.world.inject(Fault("power", "pve1", heal_after_s=5))
    rig.run(120)
    assert rig.ask("GET", f"{NODE}/dns").data == {"search": "kept.example"}
    assert rig.ask("GET", f"{NODE}/services/chrony/state").data["state"] == "running"
