"""The firewall through the API: the same at every level."""

from __future__ import annotations

from typing import Any

import pytest

from tests.api.rig import Nodes

LEVELS = (
    "/cluster/firewall",
    "/nodes/n1/firewall",
    "/nodes/n1/qemu/100/firewall",
    "/nodes/n1/lxc/101/firewall",
)
NAMING = tuple(level for level in LEVELS if level != "/nodes/n1/firewall")


@pytest.fixture
def nodes() -> Nodes:
    nodes = Nodes()
    nodes.put("nodes/n1/qemu-server/100.conf", "memory: 512\n")
    nodes.put("nodes/n2/lxc/101.conf", "memory: 512\n")
    return nodes


def rules(nodes: Nodes, path: str) -> list[Any]:
    return [row.get("comment") for row in nodes.ask("GET", f"{path}/rules").data]


@pytest.mark.parametrize("level", LEVELS)
def test_a_new_rule_stands_above_the_others_and_is_not_in_force(nodes: Nodes, level: str) -> None:
    for name in ("c", "b", "a"):
        given = {"type": "in", "action": "accept", "comment": name, "proto": "tcp", "dport": "22"}
        assert nodes.ask("POST", f"{level}/rules", given).data is None
    assert rules(nodes, level) == ["a", "b", "c"]
    row = nodes.ask("GET", f"{level}/rules/0").data
    digest = row.pop("digest")
    assert row == {
        "type": "in",
        "action": "ACCEPT",
        "proto": "tcp",
        "dport": "22",
        "enable": 0,
        "comment": "a",
        "pos": "0",
    }
    assert [one["pos"] for one in nodes.ask("GET", f"{level}/rules").data] == [0, 1, 2]

    stale = nodes.ask("PUT", f"{level}/rules/0", {"enable": 1, "digest": "0" * 40})
    assert stale.body["code"] == "stale"
    nodes.ask("PUT", f"{level}/rules/0", {"enable": 1, "delete": "dport", "digest": digest})
    row = nodes.ask("GET", f"{level}/rules/0").data
    assert (row["enable"], "dport" in row) == (1, False)
    for moves, order in (((0, 2), "bac"), ((0, 3), "acb"), ((2, 0), "bac")):
        nodes.ask("PUT", f"{level}/rules/{moves[0]}", {"moveto": moves[1]})
        assert "".join(rules(nodes, level)) == order
    nodes.ask("DELETE", f"{level}/rules/1")
    assert rules(nodes, level) == ["b", "c"]
    missing = nodes.ask("GET", f"{level}/rules/2")
    assert (missing.status, missing.body["code"]) == (500, "missing")


@pytest.mark.parametrize("level", LEVELS)
def test_bad_rules_are_told_by_field(nodes: Nodes, level: str) -> None:
    def wrong(**given: Any) -> list[str]:
        return sorted(nodes.ask("POST", f"{level}/rules", {"type": "in", **given}).errors)

    assert wrong(action="ACCEPT", dport=80) == ["dport", "proto"]
    assert wrong(action="MAYBE") == ["action"]
    assert wrong(action="DROP", source="10.0.0.1,fd00::1") == ["source"]
    assert wrong(action="DROP", source="nobody", dest="+nothing") == ["dest", "source"]
    assert wrong(action="DROP", macro="Nothing") == ["macro"]
    assert wrong(action="none", type="group") == ["action"]
    assert wrong(action="DROP", comment="a\nIN ACCEPT") == ["comment"]
    assert wrong(action="DROP", proto="tcp", dport="99999") == ["dport"]
    assert nodes.ask("GET", f"{level}/rules").data == []


@pytest.mark.parametrize("level", LEVELS)
def test_options_are_what_was_set(nodes: Nodes, level: str) -> None:
    path = f"{level}/options"
    assert list(nodes.ask("GET", path).data) == ["digest"]
    nodes.ask("PUT", path, {"enable": 1})
    found = nodes.ask("GET", path).data
    assert found["enable"] == 1
    nodes.ask("PUT", path, {"delete": "enable", "digest": found["digest"]})
    assert list(nodes.ask("GET", path).data) == ["digest"]
    assert list(nodes.ask("PUT", path, {"delete": "nothing"}).errors) == ["delete"]


@pytest.mark.parametrize("level", NAMING)
def test_aliases(nodes: Nodes, level: str) -> None:
    path = f"{level}/aliases"
    nodes.ask("POST", path, {"name": "office", "cidr": "10.1.0.0/16", "comment": "the house"})
    row = nodes.ask("GET", f"{path}/office").data
    assert (row["cidr"], row["comment"]) == ("10.1.0.0/16", "the house")
    again = nodes.ask("POST", path, {"name": "Office", "cidr": "10.1.0.0/16"})
    assert again.body["code"] == "exists"
    nodes.ask("PUT", f"{path}/office", {"cidr": "10.2.0.0/16", "rename": "home"})
    (row,) = nodes.ask("GET", path).data
    assert (row["name"], row["cidr"], row["comment"]) == ("home", "10.2.0.0/16", "the house")
    nodes.ask("POST", f"{level}/rules", {"type": "in", "action": "DROP", "source": "home"})
    nodes.ask("DELETE", f"{path}/home")
    assert "does not exist" in nodes.ask("GET", f"{path}/home").reason


@pytest.mark.parametrize("level", NAMING)
def test_ip_sets(nodes: Nodes, level: str) -> None:
    path = f"{level}/ipset"
    nodes.ask("POST", path, {"name": "bad", "comment": "keep out"})
    for cidr in ("10.0.0.0/8", "192.0.2.1/32", "fd00::/64"):
        nodes.ask("POST", f"{path}/bad", {"cidr": cidr, "comment": "x"})
    nodes.ask("POST", f"{path}/bad", {"cidr": "10.9.0.0/16", "nomatch": 1})
    rows = nodes.ask("GET", f"{path}/bad").data
    assert [row["cidr"] for row in rows] == ["10.0.0.0/8", "192.0.2.1", "fd00::/64", "10.9.0.0/16"]
    assert rows[3]["nomatch"] == 1
    assert nodes.ask("POST", f"{path}/bad", {"cidr": "10.0.0.0/8"}).body["code"] == "exists"
    assert list(nodes.ask("POST", f"{path}/bad", {"cidr": "nobody"}).errors) == ["cidr"]
    nodes.ask("PUT", f"{path}/bad/10.0.0.0/8", {"comment": "all of it"})
    assert nodes.ask("GET", f"{path}/bad/10.0.0.0%2F8").data["comment"] == "all of it"
    assert nodes.ask("DELETE", f"{path}/bad").body["code"] == "refused"
    nodes.ask("DELETE", f"{path}/bad/10.0.0.0/8")
    assert len(nodes.ask("GET", f"{path}/bad").data) == 3
    nodes.ask("POST", path, {"name": "worse", "rename": "bad", "comment": "y"})
    (row,) = nodes.ask("GET", path).data
    assert (row["name"], row["comment"]) == ("worse", "y")
    nodes.ask("DELETE", f"{path}/worse", {"force": 1})
    assert nodes.ask("GET", path).data == []


def test_security_groups(nodes: Nodes) -> None:
    path = "/cluster/firewall/groups"
    nodes.ask("POST", path, {"group": "web", "comment": "servers"})
    nodes.ask(
        "POST", f"{path}/web", {"type": "in", "action": "ACCEPT", "macro": "HTTPS", "enable": 1}
    )
    nodes.ask("POST", f"{path}/web", {"type": "in", "action": "DROP"})
    assert [row["action"] for row in nodes.ask("GET", f"{path}/web").data] == ["DROP", "ACCEPT"]
    assert nodes.ask("GET", f"{path}/web/1").data["macro"] == "HTTPS"
    used = {"type": "group", "action": "web", "iface": "net0", "enable": 1}
    nodes.ask("POST", "/nodes/n1/qemu/100/firewall/rules", used)
    text = nodes.ask("GET", "/store/files/firewall/100.fw").data["content"]
    assert text == "[RULES]\n\nGROUP web -i net0\n\n"
    assert nodes.ask("DELETE", f"{path}/web").body["code"] == "refused"
    nodes.ask("DELETE", f"{path}/web/0")
    nodes.ask("DELETE", f"{path}/web/0")
    nodes.ask("POST", path, {"group": "www", "rename": "web"})
    assert [(r["group"], r["comment"]) for r in nodes.ask("GET", path).data] == [("www", "servers")]
    nodes.ask("DELETE", f"{path}/www")
    assert nodes.ask("GET", path).data == []


def test_references_of_a_guest_are_its_own_and_the_clusters(nodes: Nodes) -> None:
    nodes.ask("POST", "/cluster/firewall/ipset", {"name": "all-of-us"})
    guest = "/nodes/n1/qemu/100/firewall"
    nodes.ask("POST", f"{guest}/aliases", {"name": "me", "cidr": "192.0.2.9"})
    rows = nodes.ask("GET", f"{guest}/refs").data
    assert [(row["ref"], row["scope"]) for row in rows] == [
        ("+dc/all-of-us", "dc"),
        ("guest/me", "guest"),
    ]
    assert len(nodes.ask("GET", f"{guest}/refs", {"type": "alias"}).data) == 1
    rule = {"type": "out", "action": "DROP", "source": "guest/me", "dest": "+dc/all-of-us"}
    nodes.ask("POST", f"{guest}/rules", rule)
    assert nodes.ask("GET", f"{guest}/rules").data[0]["dest"] == "+dc/all-of-us"


def test_macros_say_what_they_stand_for(nodes: Nodes) -> None:
    rows = {row["macro"]: row["descr"] for row in nodes.ask("GET", "/cluster/firewall/macros").data}
    assert rows["SSH"] == "tcp 22"
    assert len(rows) == 86


def test_what_nobody_understands_stays(nodes: Nodes) -> None:
    known = "# top\n[OPTIONS]\n\nenable: 1\nfuture: 7\n\n[RULES]\n\n# why\nIN DROP -p tcp\n"
    text = f"{known}?? odd\n\n[new]\nx\n"
    nodes.put("firewall/cluster.fw", text)
    nodes.ask("PUT", "/cluster/firewall/options", {"policy_in": "DROP"})
    nodes.ask("POST", "/cluster/firewall/rules", {"type": "in", "action": "ACCEPT", "enable": 1})
    content = nodes.ask("GET", "/store/files/firewall/cluster.fw").data["content"]
    assert content == text.replace("future: 7\n", "future: 7\npolicy_in: DROP\n").replace(
        "# why", "IN ACCEPT\n# why"
    )


def test_a_guest_that_is_not_there_has_no_firewall(nodes: Nodes) -> None:
    for path in ("/nodes/n1/qemu/101", "/nodes/n1/lxc/100", "/nodes/n1/qemu/999"):
        assert nodes.ask("GET", f"{path}/firewall/rules").body["code"] == "missing"
