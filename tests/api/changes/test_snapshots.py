"""Snapshots through the API, on guests that run."""

from __future__ import annotations

import pytest

from appliance.model.errors import QuorateError
from tests.api.changes.rig import Guests, served

VM = "/nodes/pve1/qemu/100"
CT = "/nodes/pve3/lxc/102"


@pytest.fixture(scope="module")
def rig() -> Guests:
    return served()


@pytest.mark.parametrize("path", [VM, CT])
def test_the_life_of_a_snapshot(rig: Guests, path: str) -> None:
    node = path.split("/")[2]
    given = {"snapname": "one", "description": "before"}
    assert rig.task("POST", f"{path}/snapshot", given) == "OK"
    rows = rig.call(node, "GET", f"{path}/snapshot")
    assert [row["name"] for row in rows] == ["one", "current"]
    assert (rows[0]["description"], rows[1]["parent"]) == ("before", "one")
    assert rows[0]["snaptime"] > 1_500_000_000
    assert rows[1]["running"] == 1
    one = f"{path}/snapshot/one"
    assert [row["cmd"] for row in rig.call(node, "GET", one)] == ["config", "rollback"]
    rig.call(node, "PUT", f"{one}/config", {"description": "other"})
    config = rig.call(node, "GET", f"{one}/config")
    assert (config["description"], type(config["memory"])) in (("other", str), ("other", int))
    assert rig.task("POST", f"{one}/rollback", {"start": 1}) == "OK"
    assert rig.call(node, "GET", f"{path}/snapshot")[-1]["running"] == 1
    assert rig.task("DELETE", one) == "OK"
    assert [row["name"] for row in rig.call(node, "GET", f"{path}/snapshot")] == ["current"]


def test_with_memory(rig: Guests) -> None:
    given = {"snapname": "ram", "vmstate": 1}
    assert rig.task("POST", f"{VM}/snapshot", given) == "OK"
    rows = rig.call("pve1", "GET", f"{VM}/snapshot")
    assert rows[0]["vmstate"] == 1
    assert rows[-1]["running"] == 1
    assert rig.task("POST", f"{VM}/snapshot/ram/rollback") == "OK"
    assert rig.call("pve1", "GET", f"{VM}/snapshot")[-1]["running"] == 1
    assert rig.task("DELETE", f"{VM}/snapshot/ram") == "OK"


def test_what_is_refused(rig: Guests) -> None:
    def refused(verb: str, path: str, **given: object) -> str:
        with pytest.raises(QuorateError) as error:
            rig.call("pve1", verb, path, given)
        return str(error.value)

    assert "does not exist" in refused("DELETE", f"{VM}/snapshot/none")
    assert "does not exist" in refused("GET", "/nodes/pve1/qemu/999/snapshot")
    assert "does not exist" in refused("GET", "/nodes/pve1/lxc/100/snapshot")
    assert "snapname" in refused("POST", f"{VM}/snapshot", snapname="current")
    assert "snapname" in refused("POST", f"{VM}/snapshot", snapname="../x")
