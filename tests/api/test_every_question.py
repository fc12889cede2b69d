"""Every GET of the table, asked in a cluster that has something of everything.

What is answered is held against the published contract by the rig. A test that asks for one
operation sees more of it; this one sees that none is forgotten.
"""

from __future__ import annotations

import json
import re
from typing import Any, Final
from urllib.parse import quote

import pytest

from appliance.api.operations import all_operations
from appliance.api.table import Operation
from tests.api.world_rig import WorldRig

NODE: Final = "pve1"
VM, CT = 100, 102
# Parameters by name, in the path or not, where one value does for all operations.
VALUES: Final[dict[str, Any]] = {
    "node": NODE,
    "storage": "local",
    "userid": "ann@pve",
    "groupid": "ops",
    "roleid": "PVEAdmin",
    "realm": "pve",
    "poolid": "dev",
    "tokenid": "tok",
    "sid": f"vm:{VM}",
    "rule": "near",
    "snapname": "before",
    "group": "sg",
    "pos": 0,
    "cidr": "10.0.0.0/8",
    "feature": "snapshot",
    "schedule": "daily",
    "path": "user.cfg",
    "target": "pve2",
    "timeframe": "hour",
    "server": "192.0.2.1",
    "portal": "192.0.2.1",
    "disk": "/dev/sda",
}
# By the beginning of a path, where it depends.
SPECIAL: Final[dict[str, dict[str, Any]]] = {
    "/access/tfa": {"id": "recovery"},
    "/nodes/{node}/lxc": {"node": "pve3", "vmid": CT, "name": "al"},
    "/nodes/{node}/qemu": {"vmid": VM, "name": "al"},
    "/cluster/firewall": {"name": "al"},
    "/nodes/{node}/firewall": {"name": "al"},
    "/cluster/replication": {"id": f"{VM}-0"},
    "/cluster/backup": {"id": "nightly"},
    "/cluster/jobs/realm-sync": {"id": "weekly"},
    "/cluster/metrics/server": {"id": "graph"},
    "/cluster/mapping": {"id": "mapped"},
}
MAPPED: Final = {
    "dir": "path=/srv",
    "pci": "path=0000:01:00.0,id=8086:1533",
    "usb": "id=1234:5678",
}
SETS: Final = re.compile(r"/ipset/\{name\}")
# What there is nothing to ask about here, or takes a guest that answers.
ELSEWHERE: Final = ("/store/watch", "/store/status", "/simulation")
ENOUGH: Final = 0.85


def prepared() -> WorldRig:
    rig = WorldRig()

    def make(verb: str, path: str, **given: Any) -> Any:
        return rig.call(NODE, verb, path, given)

    make("POST", "/access/users", userid="ann@pve")
    make("POST", "/access/users/ann@pve/token/tok")
    make("POST", "/access/tfa/ann@pve", type="recovery")
    make("POST", "/access/groups", groupid="ops")
    make("POST", "/pools", poolid="dev")
    make("PUT", "/pools", poolid="dev", vms=str(VM))
    make("POST", "/cluster/ha/rules", rule="near", type="node-affinity", nodes=NODE,
         resources=f"vm:{VM}")  # fmt: skip
    make("POST", "/cluster/firewall/groups", group="sg")
    places = ["/cluster", f"/nodes/{NODE}/qemu/{VM}", f"/nodes/pve3/lxc/{CT}"]
    for place in places:
        make("POST", f"{place}/firewall/rules", type="in", action="ACCEPT")
        make("POST", f"{place}/firewall/aliases", name="al", cidr="10.0.0.1")
        make("POST", f"{place}/firewall/ipset", name="set")
        make("POST", f"{place}/firewall/ipset/set", cidr="10.0.0.0/8")
    make("POST", "/cluster/firewall/groups/sg", type="in", action="ACCEPT")
    make("POST", f"/nodes/{NODE}/firewall/rules", type="in", action="ACCEPT")
    make("PUT", f"/nodes/{NODE}/qemu/{VM}/config", agent="1")
    make("POST", f"/nodes/{NODE}/qemu/{VM}/snapshot", snapname="before")
    rig.call("pve3", "POST", f"/nodes/pve3/lxc/{CT}/snapshot", {"snapname": "before"})
    make("POST", "/cluster/backup", id="nightly", schedule="daily", all=1, storage="local")
    make("POST", "/cluster/jobs/realm-sync/weekly", realm="pve", schedule="daily", scope="both")
    make("POST", "/cluster/replication", id=f"{VM}-0", type="local", target="pve2")
    make("POST", "/cluster/metrics/server/graph", type="graphite", server="192.0.2.9", port=2003)
    for kind, text in MAPPED.items():
        make("POST", f"/cluster/mapping/{kind}", id="mapped", map=f"node={NODE},{text}")
    rig.run(30)
    make("POST", f"/nodes/{NODE}/qemu/{VM}/status/reboot")
    rig.run(120)
    return rig


@pytest.fixture(scope="module")
def rig() -> WorldRig:
    return prepared()


def asked(operation: Operation, upid: str) -> tuple[str, dict[str, Any], str] | None:
    """Path, query and the node that is asked; None where a value is not known."""
    known = {**VALUES, "upid": upid}
    for start, values in SPECIAL.items():
        if operation.path.startswith(start):
            known |= values
    if SETS.search(operation.path):
        known["name"] = "set"
    path = operation.path
    names = re.findall(r"\{([^}]+)\}", path)
    needed = [o.name for o in operation.options if o.required and o.name not in names]
    if any(name not in known for name in (*names, *needed)):
        return None
    for name in names:
        path = path.replace(f"{{{name}}}", quote(str(known[name]), safe=""))
    return path, {name: known[name] for name in needed}, known["node"]


def questions() -> list[Operation]:
    return [
        operation
        for operation in all_operations()
        if operation.verb == "GET" and not operation.path.startswith(ELSEWHERE)
    ]


def test_every_answer_is_as_published(rig: WorldRig) -> None:
    """Most have one; what is wrong with an answer is told for all of them at once."""
    answered: list[str] = []
    silent: list[str] = []
    wrong: list[str] = []
    upid = rig.call(NODE, "GET", f"/nodes/{NODE}/tasks")[0]["upid"]
    for operation in questions():
        found = asked(operation, upid)
        if found is None:
            silent.append(operation.path)
            continue
        try:
            answer = rig.ask("GET", found[0], found[1], node=found[2])
        except AssertionError as error:
            wrong.append(str(error))
            continue
        told = answered if answer.status == 200 else silent
        told.append(operation.path)
        assert answer.status != 503, (operation.path, answer.body)
    assert wrong == []
    share = len(answered) / len(questions())
    assert share >= ENOUGH, json.dumps(silent, indent=1)
