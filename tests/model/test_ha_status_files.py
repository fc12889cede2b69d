"""The status files of HA as they lie in the store: their words, and what cannot be read."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from appliance.model.errors import ConfigError
from appliance.model.ha.status import LrmStatus, ManagerStatus, OrderResult, ServiceStatus
from appliance.model.ha.status_files import (
    ManagerStatusForm,
    lrm_status_file,
    read_lrm_status,
    write_lrm_status,
)

STATUS = ManagerStatus(
    "node2",
    1000.5,
    7,
    {"node1": "fence", "node2": "online"},
    {
        "ct:101": ServiceStatus("stopped", "node2", "u1"),
        "vm:100": ServiceStatus("started", "node1", "u2", running=True, command=("stop", "5")),
    },
    frozenset({"node1"}),
)


def test_the_words_are_those_of_proxmox_ve() -> None:
    assert json.loads(ManagerStatusForm().write(STATUS)) == {
        "master_node": "node2",
        "timestamp": 1000.5,
        "round": 7,
        "node_status": {"node1": "fence", "node2": "online"},
        "node_request": {"node1": {"maintenance": 1}},
        "service_status": {
            "ct:101": {"state": "stopped", "node": "node2", "uid": "u1"},
            "vm:100": {
                "state": "started",
                "node": "node1",
                "uid": "u2",
                "running": 1,
                "cmd": ["stop", "5"],
            },
        },
    }
    lrm = LrmStatus("active", "active", 3.0, {"u2": OrderResult("vm:100", "started", 0)}, 7)
    assert json.loads(write_lrm_status(lrm)) == {
        "state": "active",
        "mode": "active",
        "timestamp": 3.0,
        "results": {"u2": {"sid": "vm:100", "state": "started", "exit_code": 0}},
        "checked_round": 7,
    }


def test_what_did_not_change_is_the_same_object() -> None:
    form = ManagerStatusForm()
    first = form.read(form.write(STATUS))
    later = form.read(form.write(replace(STATUS, round=8, timestamp_s=1010.5)))
    assert later.round == 8
    assert later.services is first.services
    other = {**STATUS.services, "ct:101": ServiceStatus("started", "node2", "u3")}
    changed = form.read(form.write(replace(STATUS, services=other)))
    assert changed.services == other
    assert changed.services["vm:100"] is first.services["vm:100"]


def test_a_file_that_somebody_else_wrote() -> None:
    form = ManagerStatusForm()
    form.read(form.write(STATUS))
    text = form.write(STATUS).decode()
    doubled = text[:-1] + ',"service_status":{}}'
    assert form.read(doubled.encode()).services == {}, "the last of repeated keys holds, as ever"
    spaced = json.dumps(json.loads(text), indent=1).encode()
    assert form.read(spaced) == STATUS
    assert form.read(b"") == ManagerStatus()


@pytest.mark.parametrize(
    ("value", "field"),
    [
        ({"service_status": {"vm:1": {"state": "odd"}}}, "service_status.vm:1.state"),
        ({"node_status": {"node1": "odd"}}, "node_status.node1"),
        ({"round": "many"}, "round"),
        ({"disarm": {"mode": "freeze"}}, "disarm.state"),
        ([], ""),
    ],
)
def test_what_is_wrong_is_named(value: Any, field: str) -> None:
    with pytest.raises(ConfigError) as caught:
        ManagerStatusForm().read(json.dumps(value).encode())
    assert (caught.value.file, caught.value.field or "") == ("ha/manager_status", field)


@pytest.mark.parametrize("content", [b"{}", b'{"state":1}', b"\xff", b"{", b'{"results":[]}'])
def test_no_lrm_status(content: bytes) -> None:
    file = lrm_status_file("node1")
    assert file == "nodes/node1/lrm_status"
    with pytest.raises(ConfigError, match="nodes/node1/lrm_status"):
        read_lrm_status(content, file)
