"""Pools through the API."""

from __future__ import annotations

from typing import Any

import pytest

from tests.api.access.rig import Caller, logged_in, refused, root, with_users
from tests.api.rig import Nodes
from tests.api.world_rig import WorldRig


@pytest.fixture
def nodes() -> Nodes:
    nodes = Nodes()
    with_users(nodes, "ann")
    nodes.put("nodes/n1/qemu-server/100.conf", "name: web\n")
    nodes.put("nodes/n2/lxc/200.conf", "hostname: dns\n")
    return nodes


def members(caller: Caller, name: str) -> list[Any]:
    return [row["id"] for row in caller.get(f"/pools/{name}")["members"]]


def test_a_pool_and_what_is_in_it(nodes: Nodes) -> None:
    admin = root(nodes)
    admin.post("/pools", poolid="dev", comment="try out")
    assert admin.get("/pools") == [{"poolid": "dev", "comment": "try out"}]
    admin.put("/pools/dev", vms="100,200", storage="local")
    whole = {
        "comment": "try out",
        "members": [
            {"id": "qemu/100", "type": "qemu", "node": "n1", "vmid": 100},
            {"id": "lxc/200", "type": "lxc", "node": "n2", "vmid": 200},
            {"id": "storage/n1/local", "type": "storage", "node": "n1", "storage": "local"},
        ],
    }
    assert admin.get("/pools/dev") == whole
    assert admin.get("/pools", poolid="dev") == [{"poolid": "dev", **whole}]
    (found,) = admin.get("/pools", poolid="dev", type="lxc")
    assert [row["vmid"] for row in found["members"]] == [200]
    refused(admin.ask("DELETE", "/pools/dev"), 500, "is not empty (contains guest 100)")
    admin.put("/pools", poolid="dev", vms="100", storage="local", delete=1, comment="")
    assert members(admin, "dev") == ["lxc/200"]
    assert "comment" not in admin.get("/pools/dev")
    admin.put("/pools/dev", vms="200", delete=1)
    admin.delete("/pools", poolid="dev")
    assert admin.get("/pools") == []


def test_pools_inside_pools(nodes: Nodes) -> None:
    admin = root(nodes)
    refused(admin.ask("POST", "/pools", poolid="dev/web"), 500, "'dev' does not exist")
    for name in ("dev", "dev/web", "dev/web/one"):
        admin.post("/pools", poolid=name)
    admin.put("/pools", poolid="dev/web", vms="100")
    assert members(admin, "dev/web") == members(admin, "dev%2Fweb") == ["qemu/100"]
    refused(admin.ask("DELETE", "/pools/dev"), 500, "contains pool dev/web")
    refused(admin.ask("POST", "/pools", poolid="a/b/c/d"), 400, "poolid")
    admin.put("/access/acl", path="/pool/dev", roles="PVEVMUser", users="ann@pve")
    seen = logged_in(nodes, "ann@pve").get("/access/permissions")
    assert "VM.Console" in seen["/vms/100"], "what holds for a pool holds for those inside it"
    admin.delete("/pools", poolid="dev/web/one")


@pytest.mark.parametrize(
    ("given", "status", "words"),
    [
        ({"vms": "300"}, 500, "VM 300 does not exist"),
        ({"vms": "100"}, 500, "a member of pool 'dev' already"),
        ({"vms": "200", "delete": 1}, 500, "is not a member of pool 'dev'"),
        ({"storage": "other", "delete": 1}, 500, "is not a member"),
        ({"storage": "local"}, 500, "already"),
        ({"vms": "10"}, 400, "vms"),
        ({"storage": "../x"}, 400, "storage"),
    ],
)
def test_what_is_refused(nodes: Nodes, given: Any, status: int, words: str) -> None:
    admin = root(nodes)
    admin.post("/pools", poolid="dev")
    admin.put("/pools/dev", vms="100", storage="local")
    before = admin.get("/pools/dev")
    refused(admin.ask("PUT", "/pools/dev", **given), status, words)
    assert admin.get("/pools/dev") == before


def test_a_guest_moves_from_pool_to_pool_only_if_told_so(nodes: Nodes) -> None:
    admin = root(nodes)
    for name in ("one", "two"):
        admin.post("/pools", poolid=name)
    admin.put("/pools/one", vms="100")
    refused(admin.ask("PUT", "/pools/two", vms="100"), 500, "a member of pool 'one'")
    admin.put("/pools/two", vms="100", **{"allow-move": 1})
    assert (members(admin, "one"), members(admin, "two")) == ([], ["qemu/100"])


def test_nobody_gives_away_what_is_not_theirs(nodes: Nodes) -> None:
    admin, ann = root(nodes), logged_in(nodes, "ann@pve")
    admin.post("/pools", poolid="mine")
    admin.post("/pools", poolid="theirs")
    assert ann.get("/pools") == []
    refused(ann.ask("GET", "/pools", poolid="mine"), 403, "Pool.Audit")
    refused(ann.ask("GET", "/pools/mine"), 403)
    admin.put("/access/acl", path="/pool/mine", roles="PVEPoolAdmin", users="ann@pve")
    assert [row["poolid"] for row in ann.get("/pools")] == ["mine"]
    refused(ann.ask("PUT", "/pools/mine", vms="100"), 403, "/vms/100")
    refused(ann.ask("PUT", "/pools/mine", storage="local"), 403, "/storage/local")
    admin.put("/access/acl", path="/vms/100", roles="PVEVMAdmin", users="ann@pve")
    admin.put("/pools/theirs", vms="100")
    refused(ann.ask("PUT", "/pools/mine", vms="100", **{"allow-move": 1}), 403, "/pool/theirs")
    refused(ann.ask("DELETE", "/pools/theirs"), 403)


def test_a_guest_that_is_gone_is_not_shown(nodes: Nodes) -> None:
    admin = root(nodes)
    admin.post("/pools", poolid="dev")
    admin.put("/pools/dev", vms="100")
    nodes.ask("DELETE", "/store/files/nodes/n1/qemu-server/100.conf")
    assert members(admin, "dev") == []


def test_of_nothing(nodes: Nodes) -> None:
    admin = root(nodes)
    for verb in ("GET", "PUT", "DELETE"):
        refused(admin.ask(verb, "/pools/none"), 500, "pool 'none' does not exist")
    refused(admin.ask("GET", "/pools", poolid="none"), 500, "does not exist")
    refused(admin.ask("GET", "/pools", type="lxc"), 400, "type")
    refused(admin.ask("POST", "/pools", poolid="a b"), 400, "poolid")


def test_members_are_shown_as_they_are() -> None:
    rig = WorldRig()
    rig.call("pve1", "POST", "/pools", poolid="dev")
    rig.call("pve1", "PUT", "/pools", poolid="dev", vms="100,102", storage="ceph")
    rig.run(15)
    vm, ct, storage = rig.call("pve1", "GET", "/pools/dev")["members"]
    assert (vm["id"], vm["status"], ct["id"]) == ("qemu/100", "running", "lxc/102")
    assert vm["maxmem"] > 0
    assert (storage["storage"], storage["status"]) == ("ceph", "available")
