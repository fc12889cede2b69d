"""A served cluster that goes on where it was ended."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from appliance.model.errors import ConfigError
from scenarios.served.background import Served
from scenarios.served.cluster import Wish
from sim.stage.memory import FILE


def test_what_was_durable_is_there_again(tmp_path: Path) -> None:
    wish = Wish(nodes=2, guests=2, port=0, state=tmp_path)
    with Served(wish) as served:
        ca, before_s = Path(served.ca).read_bytes(), served.status()["time"]
        served.call("POST", "/access/groups", groupid="people")
        served.speed("max")
        taken = _done(served, "POST", "/nodes/pve1/qemu/100/snapshot", snapname="before")
        made = {"name": "tank", "device": "/dev/sdb", "add_storage": "1"}
        _done(served, "POST", "/nodes/pve1/disks/lvm", **made)
        size = served.call("GET", "/nodes/pve1/storage/tank/status")["total"]
        hosts = served.call("GET", "/nodes/pve2/hosts")["data"] + "192.0.2.1 printer\n"
        served.call("POST", "/nodes/pve2/hosts", node="pve2", data=hosts)
        served.step(60)
        at_s = served.status()["time"]
    assert oct((tmp_path / FILE).stat().st_mode & 0o777) == "0o600"
    with Served(Wish(port=0, state=tmp_path)) as served:
        assert list(served.urls) == ["pve1", "pve2"]
        assert Path(served.ca).read_bytes() == ca
        assert served.status()["time"] > at_s > before_s
        assert [one["groupid"] for one in served.call("GET", "/access/groups")] == ["people"]
        assert taken in [one["upid"] for one in served.call("GET", "/nodes/pve1/tasks")]
        assert served.call("GET", "/nodes/pve2/hosts")["data"] == hosts
        assert served.call("GET", "/nodes/pve1/storage/tank/status")["total"] == size
        served.pause()
        served.step(300)
        states = {
            one["id"]: one["state"]
            for one in served.call("GET", "/cluster/ha/status/current")
            if one["type"] == "service"
        }
        assert states == {"service:vm:100": "started", "service:vm:101": "started"}
        served.speed("max")
        served.resume()
        _done(served, "POST", "/nodes/pve1/qemu/100/snapshot/before/rollback")


def _done(served: Served, verb: str, path: str, **parameters: str) -> str:
    """The task of a call, when it has ended well."""
    upid = str(served.session.remote("pve1").call(verb, path, parameters))
    for _ in range(500):
        status = served.call("GET", f"/nodes/pve1/tasks/{upid}/status")
        if status["status"] == "stopped":
            assert status["exitstatus"] == "OK", status
            return upid
        time.sleep(0.02)
    raise AssertionError(f"{upid} does not end")


def test_what_was_not_written_by_us_is_refused(tmp_path: Path) -> None:
    (tmp_path / FILE).write_text("not json")
    with pytest.raises(ConfigError, match="is not what was written"):
        Served(Wish(port=0, state=tmp_path)).start()
    (tmp_path / FILE).write_text(json.dumps({"format": 99}))
    with pytest.raises(ConfigError, match="is not a cluster of format 2"):
        Served(Wish(port=0, state=tmp_path)).start()


def test_a_scenario_does_not_replace_a_cluster_that_is_kept(tmp_path: Path) -> None:
    with Served(Wish(nodes=1, guests=0, port=0, state=tmp_path)):
        pass
    with pytest.raises(ConfigError, match="there is a cluster"):
        Served(Wish(port=0, state=tmp_path, scenario="ha/power-loss")).start()
