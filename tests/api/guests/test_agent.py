"""The agent inside a machine, as clients use it; and the network inside a container."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from tests.api.guests.rig import GuestRig

BASE = "/nodes/pve1/qemu/200/agent"


@pytest.fixture(scope="module")
def rig() -> GuestRig:
    rig = GuestRig()
    rig.make(200, agent=1, net0="virtio,bridge=vmbr0", ipconfig0="ip=192.0.2.9/24,gw=192.0.2.1")
    rig.make(201)
    for vmid in (200, 201):
        assert rig.do("POST", f"/nodes/pve1/qemu/{vmid}/status/start") == "OK"
    rig.run(60)
    return rig


def ask(rig: GuestRig, verb: str, name: str, **given: Any) -> Any:
    return rig.call("pve1", verb, f"{BASE}/{name}", given)


def test_without_an_agent_it_fails_with_the_reason(rig: GuestRig) -> None:
    there = "/nodes/pve1/qemu/201/agent"
    assert "agent" in rig.refused("POST", f"{there}/ping")
    rig.make(202, agent=1)
    assert "not running" in rig.refused("POST", "/nodes/pve1/qemu/202/agent/ping")
    rig.call("pve1", "POST", "/nodes/pve1/qemu/202/status/start")
    rig.run(4)
    reason = rig.refused("GET", "/nodes/pve1/qemu/202/agent/network-get-interfaces")
    assert reason == "QEMU guest agent is not running"


def test_it_tells_what_its_system_is(rig: GuestRig) -> None:
    assert ask(rig, "POST", "ping") == {"result": {}}
    assert ask(rig, "GET", "get-host-name") == {"result": {"host-name": "vm200"}}
    assert ask(rig, "GET", "get-osinfo")["result"]["id"] == "debian"
    found = {one["name"]: one for one in ask(rig, "GET", "network-get-interfaces")["result"]}
    card = found["eth0"]
    assert card["ip-addresses"][0] == {
        "ip-address": "192.0.2.9",
        "ip-address-type": "ipv4",
        "prefix": 24,
    }
    assert card["hardware-address"] == rig.config(200)["net0"][7:24].lower()
    for name in ("get-fsinfo", "get-time", "get-timezone", "get-users", "get-vcpus", "info"):
        assert "result" in ask(rig, "GET", name)
    answer = rig.call("pve1", "POST", BASE, command="fsfreeze-status")
    assert answer == {"result": "thawed"}


def test_programs_and_files(rig: GuestRig) -> None:
    pid = ask(rig, "POST", "exec", command=["echo", "a", "b"])["pid"]
    status = ask(rig, "GET", "exec-status", pid=pid)
    assert status == {"exited": 1, "exitcode": 0, "out-data": "a b\n"}
    assert (
        ask(rig, "GET", "exec-status", pid=ask(rig, "POST", "exec", command=["rm"])["pid"])[
            "exitcode"
        ]
        == 127
    )
    given = {"file": "/tmp/x", "content": "hällo"}
    assert ask(rig, "POST", "file-write", **given) is None
    assert ask(rig, "GET", "file-read", file="/tmp/x")["content"] == "hällo"
    encoded = base64.b64encode(b"\x00\xff").decode()
    ask(rig, "POST", "file-write", file="/tmp/y", content=encoded, encode=0)
    part = ask(rig, "GET", "file-read", file="/tmp/y", decode=0, count=1)
    assert part == {"content": "AA==", "bytes-read": 1, "truncated": 1}
    bad = rig.ask("POST", f"{BASE}/file-write", {"file": "/x", "content": "?", "encode": 0})
    assert "content" in bad.errors
    assert "No such file" in rig.refused("GET", f"{BASE}/file-read", {"file": "/nowhere"})
    secret = {"username": "root", "password": "correct horse"}
    assert ask(rig, "POST", "set-user-password", **secret) == {"result": {}}


def test_it_shuts_its_machine_down(rig: GuestRig) -> None:
    assert ask(rig, "POST", "shutdown") == {"result": {}}
    rig.run(30)
    assert rig.status(200) == "stopped"
