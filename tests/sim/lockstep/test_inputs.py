"""Case folders: defaults, and errors that name the place."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from appliance.model.errors import ConfigError
from sim.lockstep.inputs import load_case, parse_case
from tests.sim.lockstep.rig import files

SERVICE = {"node": "node1", "state": "started"}


def test_defaults() -> None:
    case = parse_case({"cmdlist": "[]"})
    assert list(case.nodes) == ["node1", "node2", "node3"]
    assert {sid: s.node for sid, s in case.services.items()} == {
        "vm:101": "node1",
        "vm:102": "node2",
        "vm:103": "node3",
        "vm:104": "node1",
        "vm:105": "node2",
        "vm:106": "node3",
    }
    assert {s.state for s in case.services.values()} == {"disabled"}
    assert case.static_stats["vm:101"] == (4.0, 2.0**32)
    assert case.dynamic_stats["vm:101"] == (2.0, 2.0**31)
    assert case.nodes["node1"].version == "9.0.0~2"


def test_services() -> None:
    given: dict[str, Any] = {
        "vm:1": SERVICE | {"state": "enabled", "failback": "0", "max_restart": "3"},
        "ct:2": {"node": "node2", "lock": "backup", "group": "east"},
    }
    case = parse_case(files([], service_config=given))
    assert (case.services["vm:1"].state, case.services["vm:1"].failback) == ("started", False)
    assert case.services["vm:1"].max_restart == 3
    assert (case.services["ct:2"].state, case.services["ct:2"].group) == ("disabled", "east")
    assert case.locks == {"ct:2": "backup"}


def test_a_starting_status() -> None:
    given = {
        "master_node": "node2",
        "node_status": {"node1": "fence"},
        "node_request": {"node1": {"maintenance": 1}, "node2": {}},
        "service_status": {
            "vm:1": {
                "state": "started",
                "node": "node1",
                "uid": "u",
                "running": 1,
                "failed_nodes": ["node3"],
                "cmd": ["stop", "5"],
            }
        },
        "disarm": {"mode": "ignore", "state": "disarming"},
    }
    status = parse_case(files([], manager_status=given)).manager_status
    assert status.maintenance == {"node1"}
    assert status.services["vm:1"].command == ("stop", "5")
    assert status.disarm is not None


ODD: list[tuple[str, Any, str, str]] = [
    ("cmdlist", "{}", "cmdlist", ""),
    ("cmdlist", "[[], [1]]", "cmdlist", "step 2"),
    ("cmdlist", "[", "cmdlist", ""),
    ("hardware_status", [], "hardware_status", ""),
    ("hardware_status", {"node1": {"power": "dim"}}, "hardware_status", "node1.power"),
    ("hardware_status", {"node1": {"maxcpu": "many"}}, "hardware_status", "node1.maxcpu"),
    ("service_config", {"vm:x": SERVICE}, "service_config", "vm:x"),
    ("service_config", {"vm:1": {}}, "service_config", "vm:1.node"),
    ("service_config", {"vm:1": SERVICE | {"state": "odd"}}, "service_config", "vm:1.state"),
    ("service_config", {"vm:1": SERVICE | {"failback": 2}}, "service_config", "vm:1.failback"),
    ("service_config", {"vm:1": SERVICE | {"max_restart": "x"}}, "service_config", "max_restart"),
    ("manager_status", {"node_status": {"node1": "odd"}}, "manager_status", "node_status.node1"),
    ("manager_status", {"service_status": {"vm:1": {}}}, "manager_status", "vm:1.state"),
    (
        "manager_status",
        {"service_status": {"vm:1": {"state": "started", "cmd": ["stop"]}}},
        "manager_status",
        "vm:1.cmd",
    ),
    ("manager_status", {"disarm": {"mode": "freeze"}}, "manager_status", "disarm.state"),
    ("datacenter.cfg", {"ha": 1}, "datacenter.cfg", "ha"),
    (
        "datacenter.cfg",
        {"crs": {"ha-auto-rebalance-margin": "much"}},
        "datacenter.cfg",
        "ha-auto-rebalance-margin",
    ),
    ("static_service_stats", {"vm:1": 4}, "static_service_stats", "vm:1"),
]


@pytest.mark.parametrize(("name", "value", "file", "field"), ODD)
def test_what_cannot_be_read_names_file_and_field(
    name: str, value: Any, file: str, field: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_case(files([], **{name: value}))
    assert str(caught.value).startswith(file)
    assert field in str(caught.value)


def test_a_folder_that_is_no_case(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no cmdlist"):
        load_case(tmp_path)


def test_running_guests_are_read_by_node(tmp_path: Path) -> None:
    for name, text in files([]).items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    (tmp_path / "service_status_node2").write_text(json.dumps({"vm:100": 1}), encoding="utf-8")
    (tmp_path / "README").write_bytes(b"\xff")
    assert load_case(tmp_path).running["node2"] == {"vm:100": True}
    (tmp_path / "groups").write_bytes(b"\xff")
    with pytest.raises(ConfigError, match="groups"):
        load_case(tmp_path)
