"""A served cluster as clients see it: TLS, logins, power, faults, time, streams."""

from __future__ import annotations

import contextlib
import http.client
import json
import time
from collections.abc import Iterator

import pytest

from appliance.model.errors import (
    ConfigError,
    MissingError,
    OutcomeUnknownError,
    UnauthenticatedError,
    UnreachableError,
)
from scenarios.served.background import Served
from scenarios.served.client import Remote
from scenarios.served.cluster import Wish
from tests.scenarios.served.rig import connect, login, raw


@pytest.fixture(scope="module")
def served() -> Iterator[Served]:
    with Served(Wish(port=0, guests=2)) as found:
        yield found


@pytest.fixture(autouse=True)
def _whole(served: Served) -> Iterator[None]:
    yield
    served.heal()
    served.pause()
    served.step(60)
    served.resume()


def test_each_node_answers_at_its_own_address_with_a_certificate_of_one_authority(
    served: Served,
) -> None:
    assert list(served.urls) == ["pve1", "pve2", "pve3"]
    for node in served.urls:
        assert served.call("GET", "/version", node=node)["release"]
        rows = served.call("GET", "/cluster/status", node=node)
        assert [row["name"] for row in rows if row.get("local")] == [node]


def test_a_ticket_of_one_node_is_good_on_another(served: Served) -> None:
    root = login(served, "pve1")
    status, _, found = raw(served, "pve3", "GET", "/version", root)
    assert (status, bool(found["data"])) == (200, True)
    assert raw(served, "pve3", "GET", "/version")[0] == 401


def test_the_reason_of_an_error_is_in_the_status_line(served: Served) -> None:
    root = login(served, "pve1")
    status, reason, _ = raw(served, "pve1", "GET", "/nodes/nobody/tasks", root)
    assert status == 500
    assert reason.startswith("hostname lookup 'nobody' failed")


def test_writes_are_answered_while_time_stands_still(served: Served) -> None:
    served.pause()
    before = served.status()["time"]
    served.call("POST", "/access/groups", groupid="people")
    found = served.call("GET", "/access/groups", node="pve2")
    assert [group["groupid"] for group in found] == ["people"]
    assert served.status()["time"] - before < 1


def test_a_node_without_power_refuses_connections_and_listens_again_when_it_is_back(
    served: Served,
) -> None:
    served.pause()
    number = served.inject("power", node="pve2")
    with pytest.raises(UnreachableError):
        _until_it_fails(served, "pve2")
    assert [node["state"] for node in served.status()["nodes"]] == ["on", "off", "on"]
    served.step(10)
    rows = served.call("GET", "/cluster/status")
    assert {row["name"]: row.get("online") for row in rows if row["type"] == "node"} == {
        "pve1": 1,
        "pve2": 0,
        "pve3": 1,
    }
    served.heal(number)
    served.step(60)
    for _ in range(100):
        try:
            assert served.call("GET", "/version", node="pve2")
            return
        except UnreachableError:
            time.sleep(0.02)
    pytest.fail("pve2 does not listen again")


def _until_it_fails(served: Served, node: str) -> None:
    for _ in range(500):
        with contextlib.suppress(OutcomeUnknownError):  # taken before it stopped listening
            served.call("GET", "/version", node=node)
        time.sleep(0.01)


def test_what_is_for_a_dead_node_is_595_at_another(served: Served) -> None:
    root = login(served, "pve1")
    served.speed(60)
    served.inject("power", node="pve3")
    status, reason, found = raw(served, "pve1", "GET", "/nodes/pve3/tasks", root)
    assert (status, reason, found["data"]) == (595, "No route to host", None)
    served.speed(1)


def test_all_nodes_may_be_off_and_are_still_healed(served: Served) -> None:
    for node in served.urls:
        served.inject("power", node=node)
    assert {node["state"] for node in served.status()["nodes"]} == {"off"}
    assert len(served.faults()) == 3
    served.heal()
    served.pause()
    served.step(60)
    assert {node["state"] for node in served.status()["nodes"]} == {"on"}
    served.resume()


def test_a_stream_of_events_ends_with_the_node_that_sends_it(served: Served) -> None:
    line = connect(served, "pve3")
    headers = {"authorization": f"PVEAPIToken={served.token}"}
    line.request("GET", "/api2/json/simulation/events?follow=1", headers=headers)
    answer = line.getresponse()
    first = json.loads(answer.readline())["data"]
    assert (first["n"], first["kind"]) == (1, "world")
    served.inject("power", node="pve3")
    with pytest.raises((http.client.HTTPException, OSError)):
        answer.read()
    line.close()


def test_faults_are_checked_before_they_happen(served: Served) -> None:
    with pytest.raises(ConfigError, match="kind"):
        served.inject("fire")
    with pytest.raises(ConfigError, match="node: there is no 'pve9', only pve1, pve2, pve3"):
        served.inject("power", node="pve9")
    with pytest.raises(ConfigError, match="node"):
        served.inject("power")
    with pytest.raises(ConfigError, match="is nothing to a fault 'power'"):
        served.inject("power", node="pve1", storage="ceph")
    with pytest.raises(MissingError, match="no fault 999"):
        served.heal(999)
    assert served.faults() == []


def test_time_and_faults_are_for_those_who_may(served: Served) -> None:
    session = served.session
    nobody = Remote(session.beside, session.remote().ca, "root@pam!stage=wrong")
    with pytest.raises(UnauthenticatedError):
        nobody.call("POST", "/simulation/pause")
    assert raw(served, "pve1", "POST", "/simulation/pause")[0] == 401


def test_speed_is_told_and_checked(served: Served) -> None:
    served.speed("max")
    assert served.status()["speed"] == "max"
    served.speed(1)
    with pytest.raises(ConfigError, match="speed"):
        served.speed(0)


def test_numbers_that_make_no_sense_are_refused_before_anything_begins() -> None:
    with pytest.raises(ConfigError, match="nodes: must be between 1 and 32"):
        Wish(nodes=0).checked()
    with pytest.raises(ConfigError, match="no such scenario"):
        Served(Wish(port=0, scenario="nothing/there")).start()


def test_a_scenario_is_served_with_its_steps() -> None:
    with Served(Wish(port=0, scenario="ha/power-loss", speed=1)) as found:
        assert len(found.urls) == 5
        found.pause()
        found.step(300)
        assert any(one["kind"] == "fault" for one in found.events())
        assert {node["node"]: node["state"] for node in found.status()["nodes"]}["node3"] == "off"
