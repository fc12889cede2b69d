"""Migrations of VMs against recorded cases: volumes on both sides, the file, what runs where."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import pytest

from appliance.core.guest.moving import MoveWish, storage_map
from appliance.model.errors import QuorateError
from appliance.model.guest.config import GuestConfig, Settings, parse_guest, write_guest
from appliance.model.guest.running import GuestState
from appliance.model.store.changes import Put
from appliance.services.guest_changes import moves
from appliance.services.guest_changes.files import guest_path
from appliance.services.guest_changes.machines import Machines
from appliance.services.guest_changes.moves import MoveOrder
from appliance.services.guest_changes.ports import ChangePorts
from tests.conformance.cases import Case, case_id, suite
from tests.services.guest_changes.instant import (
    Clock,
    Hosts,
    InstantStore,
    Moves,
    Pools,
    Shelf,
    Steps,
    Tokens,
    context,
    run,
)

# Replication copies volumes before the move; there is no engine for it yet.
REPLICATED = ("105_replicated", "105_running_replicated")
PLAIN = "105_replicated_to_non_replication_target"
CASES = [
    case
    for case in suite("guest", "migrate")
    if not str(case["id"]).rpartition("/")[2].startswith(REPLICATED) or case["id"].endswith(PLAIN)
]
# Which of our calls the injected failure is.
FAILURES = {
    "vdisk_alloc": "move vm:",
    "query-migrate": "move vm:",
    "qemu_drive_mirror": "move vm:",
    "vdisk_free": "free ",
}


@pytest.mark.parametrize("case", CASES, ids=case_id)
def test_migrate(case: Case) -> None:
    given, expect, world = case["input"], case["expect"], World(case)
    failed = False
    try:
        run(moves.migrate(world.ports, world.ports.files.find(world.vmid), world.order, world.task))
    except QuorateError:
        failed = True
    assert failed == expect["fails"]
    guest = world.ports.files.find(world.vmid)
    assert (guest.node != "pve0") == ("move_config_to_node" in expect["calls_made"])
    assert _volumes(world.shelf.ids("pve0"), world) == _expected(expect["source_volids"])
    assert _volumes(world.shelf.ids(given["target"]), world) == _expected(expect["target_volids"])
    assert _numberless(guest.config) == _numberless(_config(expect["vm_config"]))
    running = bool(expect["vm_status"]["running"])
    moved = guest.node != "pve0"
    assert (f"vm:{world.vmid}" in (world.there if moved else world.hosts.up)) == running


class World:
    """Two nodes as a case describes them."""

    def __init__(self, case: Case) -> None:
        given, self.vmid = case["input"], case["input"]["vmid"]
        options = given["options"]
        names = storage_map(options.get("targetstorage", ""))
        wish = MoveWish(
            given["target"],
            bool(options.get("online")),
            bool(options.get("with-local-disks")),
            names,
        )
        self.order = MoveOrder(wish)
        self.steps = Steps()
        self.store = InstantStore(self.steps)
        self.shelf = Shelf(self.steps, _storages(case["context"]["storage_config"]["ids"]))
        self.hosts, self.there = Hosts(self.steps), dict[str, GuestState]()
        pools = Pools(self.shelf, "pve0")
        self.ports = ChangePorts(
            "pve0",
            Clock(),
            Tokens(),
            self.store,
            pools,
            pools,
            pools,
            Machines(self.hosts, self.hosts),
            Moves(self.shelf, self.hosts, self.there, "pve0"),
        )
        self.task, self.log = context()
        self._fill(case)

    def _fill(self, case: Case) -> None:
        given = case["input"]
        known = {
            row["volid"]: row["size"]
            for rows in case["context"]["source_volumes"].values()
            for row in rows
        }
        for volid in given["source_volids"]:
            self.shelf.put(volid, known[volid], node="pve0")
        for volid in given["target_volids"]:
            self.shelf.put(volid, 1, node=given["target"])
        text = write_guest(_config(given["vm_config"])).encode()
        run(self.store.change(Put(guest_path("pve0", "vm", self.vmid), text)))
        if given["vm_status"]["running"]:
            self.hosts.run(f"vm:{self.vmid}")
        self.steps.taken.clear()
        for failure, what in given["injected_failures"].items():
            self.steps.fail_on = FAILURES[failure] + ("" if what == 1 else _tail(failure, what))


def _tail(failure: str, what: str) -> str:
    return what.partition(":")[2] if failure == "vdisk_free" else ""


def _storages(ids: Mapping[str, Mapping[str, Any]]) -> str:
    sections = []
    for name, values in ids.items():
        lines = [f"{values['type']}: {name}"]
        for key, value in values.items():
            if key in ("content", "nodes"):
                lines.append(f"\t{key} {','.join(value)}")
            elif key not in ("type", "fsid"):
                lines.append(f"\t{key} {value}")
        sections.append("\n".join(lines) + "\n")
    return "\n".join(sections)


def _config(content: Mapping[str, Any]) -> GuestConfig:
    def settings(values: Mapping[str, Any]) -> Settings:
        inner = ("snapshots", "pending", "special-sections")
        return Settings({key: str(text) for key, text in values.items() if key not in inner})

    snapshots = {n: settings(v) for n, v in content.get("snapshots", {}).items()}
    config = GuestConfig("vm", settings(content), settings(content.get("pending", {})), snapshots)
    return parse_guest(write_guest(config), "vm")


def _numberless(config: GuestConfig) -> str:
    """Volumes that are new on the target have numbers of their own there; a format that is the
    usual one is not written here, nor the size that firmware's variables are meant to have. Sizes
    that are the same are written alike.
    """
    text = write_guest(config)
    text = re.sub(r"-disk-\d+", "-disk-N", text)
    text = text.replace("size=4096M", "size=4G").replace(".raw,format=raw,size=128K", ".raw")
    return re.sub(r",format=(raw|qcow2)", "", text)


def _volumes(ids: list[str], world: World) -> list[str]:
    """Those of the guest, without the shared ones, which nobody counted."""
    local = [volid for volid in ids if not world.ports.volumes.shared(volid)]
    return sorted(re.sub(r"-disk-\d+", "-disk-N", volid) for volid in local)


def _expected(volids: Mapping[str, int]) -> list[str]:
    return sorted(re.sub(r"-disk-\d+", "-disk-N", volid) for volid in volids)
