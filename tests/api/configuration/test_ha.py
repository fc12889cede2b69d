"""High availability through the API: what is configured here is what the managers act on."""

from __future__ import annotations

from typing import Any

import pytest

from tests.api.world_rig import WorldRig


@pytest.fixture
def rig() -> WorldRig:
    return WorldRig()


def services(rig: WorldRig) -> dict[str, Any]:
    rows = rig.ask("GET", "/cluster/ha/status/current").data
    return {row["sid"]: row for row in rows if row["type"] == "service"}


def wait_for(rig: WorldRig, sid: str, **wanted: Any) -> None:
    for _ in range(60):
        row = services(rig).get(sid, {})
        if all(row.get(key) == value for key, value in wanted.items()):
            return
        rig.run(10)
    raise AssertionError((services(rig).get(sid), wanted))


def test_the_status_shows_quorum_manager_nodes_and_guests(rig: WorldRig) -> None:
    rows = rig.ask("GET", "/cluster/ha/status/current").data
    kinds = [row["type"] for row in rows]
    assert kinds == ["quorum", "fencing", "master", *["lrm"] * 3, *["service"] * 6]
    assert rows[0]["quorate"] == 1
    assert "active" in rows[2]["status"]
    assert services(rig)["vm:100"]["state"] == "started"
    told = rig.ask("GET", "/cluster/ha/status/manager_status").data
    assert sorted(told) == ["lrm_status", "manager_status", "quorum"]
    assert told["manager_status"]["service_status"]["vm:100"]["node"] == "pve1"


def test_a_guest_is_stopped_and_started_by_its_state(rig: WorldRig) -> None:
    rig.ask("PUT", "/cluster/ha/resources/vm:100", {"state": "stopped"})
    wait_for(rig, "vm:100", state="stopped")
    rig.ask("PUT", "/cluster/ha/resources/100", {"state": "started"})
    wait_for(rig, "vm:100", state="started")


def test_a_guest_is_moved_on_request(rig: WorldRig) -> None:
    answer = rig.ask("POST", "/cluster/ha/resources/100/migrate", {"node": "pve3"}).data
    assert answer == {"sid": "vm:100", "requested-node": "pve3"}
    wait_for(rig, "vm:100", node="pve3", state="started")
    rig.ask("POST", "/cluster/ha/resources/ct:102/relocate", {"node": "pve1"})
    wait_for(rig, "ct:102", node="pve1", state="started")
    for sid, node in (("vm:100", "pve9"), ("vm:999", "pve1")):
        refused = rig.ask("POST", f"/cluster/ha/resources/{sid}/migrate", {"node": node})
        assert (refused.status, refused.body["code"]) == (500, "missing")


def test_a_rule_moves_a_guest_and_what_is_in_the_way_is_told(rig: WorldRig) -> None:
    rule = {"rule": "apart", "type": "resource-affinity", "affinity": "negative"}
    rig.ask("POST", "/cluster/ha/rules", {**rule, "resources": "vm:100,vm:101"})
    home = {"rule": "home", "type": "node-affinity", "nodes": "pve3", "strict": 1}
    rig.ask("POST", "/cluster/ha/rules", {**home, "resources": "vm:100"})
    wait_for(rig, "vm:100", node="pve3", state="started")
    other = services(rig)["vm:101"]["node"]
    answer = rig.ask("POST", "/cluster/ha/resources/vm:100/migrate", {"node": other}).data
    assert answer["blocking-resources"] == [
        {"sid": "vm:101", "cause": "resource-affinity"},
        {"sid": "vm:100", "cause": "node-affinity"},
    ]
    rows = rig.ask("GET", "/cluster/ha/rules", {"resource": "vm:100"}).data
    assert [(row["rule"], row["order"], row["resources"]) for row in rows] == [
        ("apart", 1, "vm:100,vm:101"),
        ("home", 2, "vm:100"),
    ]


def test_rules_that_cannot_hold_together_are_refused(rig: WorldRig) -> None:
    rule = {"type": "resource-affinity", "resources": "vm:100,vm:101"}
    rig.ask("POST", "/cluster/ha/rules", {**rule, "rule": "aa", "affinity": "positive"})
    refused = rig.ask("POST", "/cluster/ha/rules", {**rule, "rule": "bb", "affinity": "negative"})
    assert "Rule 'bb' is invalid" in refused.errors["affinity"], refused.errors
    assert [row["rule"] for row in rig.ask("GET", "/cluster/ha/rules").data] == ["aa"]
    refused = rig.ask("PUT", "/cluster/ha/rules/aa", {**_typed(), "resources": "vm:100"})
    assert "two services" in refused.errors["affinity"]
    refused = rig.ask("PUT", "/cluster/ha/rules/aa", {"type": "node-affinity", "strict": 1})
    assert list(refused.errors) == ["type"]
    disabled = {**_typed(), "disable": 1, "resources": "vm:100"}
    rig.ask("PUT", "/cluster/ha/rules/aa", disabled)
    row = rig.ask("GET", "/cluster/ha/rules/aa").data
    assert (row["disable"], row["resources"]) == (1, "vm:100")
    rig.ask(
        "PUT",
        "/cluster/ha/rules/aa",
        {**_typed(), "delete": "disable", "resources": "vm:100,vm:103"},
    )
    assert "disable" not in rig.ask("GET", "/cluster/ha/rules/aa").data


def _typed() -> dict[str, str]:
    return {"type": "resource-affinity"}


def test_a_guest_that_is_removed_leaves_the_rules(rig: WorldRig) -> None:
    rule = {"type": "node-affinity", "nodes": "pve1"}
    rig.ask("POST", "/cluster/ha/rules", {**rule, "rule": "both", "resources": "vm:100,vm:101"})
    rig.ask("POST", "/cluster/ha/rules", {**rule, "rule": "one", "resources": "ct:102"})
    rig.ask("DELETE", "/cluster/ha/resources/100")
    rig.ask("DELETE", "/cluster/ha/resources/ct:102")
    rows = rig.ask("GET", "/cluster/ha/rules").data
    assert [(row["rule"], row["resources"]) for row in rows] == [("both", "vm:101")]
    rig.ask("DELETE", "/cluster/ha/resources/vm:101", {"purge": 0})
    assert len(rig.ask("GET", "/cluster/ha/rules").data) == 1
    rig.run(30)
    assert "vm:100" not in services(rig)
    assert rig.ask("GET", "/cluster/ha/resources/vm:100").status == 500


def test_a_guest_is_added_by_its_number_with_what_was_given_and_no_more(rig: WorldRig) -> None:
    rig.ask("DELETE", "/cluster/ha/resources/105")
    given = {"sid": "105", "max_restart": 3, "comment": "ä: important"}
    rig.ask("POST", "/cluster/ha/resources", given)
    row = rig.ask("GET", "/cluster/ha/resources/105").data
    row.pop("digest")
    assert row == {"sid": "ct:105", "type": "ct", "max_restart": 3, "comment": "ä: important"}
    for wrong, code in (({"sid": "105"}, "exists"), ({"sid": "vm:105"}, "missing")):
        assert rig.ask("POST", "/cluster/ha/resources", wrong).body["code"] == code
    assert rig.ask("POST", "/cluster/ha/resources", {"sid": "199"}).body["code"] == "missing"
    assert list(rig.ask("PUT", "/cluster/ha/resources/105", {"group": "none"}).errors) == ["group"]


def test_ha_is_disarmed_and_armed(rig: WorldRig) -> None:
    def armed() -> str:
        rows = rig.ask("GET", "/cluster/ha/status/current").data
        return str(next(row["armed-state"] for row in rows if row["type"] == "fencing"))

    assert armed() == "armed"
    assert rig.ask("POST", "/cluster/ha/status/arm-ha").body["code"] == "refused"
    rig.ask("POST", "/cluster/ha/status/disarm-ha", {"resource-mode": "freeze"})
    rig.run(90)
    assert armed() == "disarmed"
    rig.ask("POST", "/cluster/ha/status/arm-ha")
    rig.run(60)
    assert armed() == "armed"
