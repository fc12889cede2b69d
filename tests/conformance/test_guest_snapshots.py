"""Snapshots of guests against recorded cases: the file before and after each operation."""

from __future__ import annotations

from typing import Any

import pytest

from appliance.core.guest import snapshots
from appliance.model.errors import QuorateError, RefusedError, UnavailableError
from appliance.model.guest.config import GuestConfig, canonical, parse_guest, write_guest
from appliance.model.guest.document import GuestKind
from appliance.model.guest.running import GuestState
from appliance.model.storage.pool import Volume, VolumeSnapshot
from appliance.model.storage.volumes import VolumeName
from appliance.model.store.changes import Put
from appliance.services.guest_changes import snapshots as service
from appliance.services.guest_changes.files import GuestFile, guest_path
from appliance.services.guest_changes.machines import Machines
from appliance.services.guest_changes.ports import ChangePorts
from appliance.services.guest_changes.volumes import Volumes
from appliance.services.tasks.context import TaskContext
from tests.conformance.cases import Case, case_id, suite
from tests.services.guest_changes.instant import (
    Clock,
    Hosts,
    InstantStore,
    Moves,
    Pool,
    Pools,
    Shelf,
    Steps,
    Tokens,
    context,
    run,
)

KINDS: dict[str, GuestKind] = {"guest/snapshot_vm": "vm", "guest/snapshot_ct": "ct"}
CASES = [*suite("guest", "snapshot_vm"), *suite("guest", "snapshot_ct")]
STATE = snapshots.SavedState("somestorage:state-volume", {"runningmachine": "q35"})


def _of(*operations: str) -> list[Case]:
    return [case for case in CASES if case["input"]["operation"] in operations]


@pytest.mark.parametrize("case", _of("prepare", "commit"), ids=case_id)
def test_files(case: Case) -> None:
    """What the decision alone says. That a storage refuses is the service's to find out."""
    given, environment = case["input"], case["input"]["environment"]
    kind = KINDS[case["suite"]]
    config = parse_guest(given["config"], kind)
    refused = not environment["snapshot_feature_available"]
    refused |= bool(given.get("save_vmstate")) and not environment.get("save_vmstate_works", True)
    try:
        if refused:
            raise RefusedError("by the storage")
        after = _step(config, case)
    except QuorateError:
        assert case["expect"]["error"]
        return
    assert not case["expect"]["error"]
    assert write_guest(canonical(after)) == _spaced(case["expect"]["config"])


def _step(config: GuestConfig, case: Case) -> GuestConfig:
    given = case["input"]
    if given["operation"] == "commit":
        return snapshots.commit(config, given["snapshot"])
    state = STATE if given["save_vmstate"] else None
    return snapshots.prepare(config, given["snapshot"], 1234567890, given["comment"], state)


def _spaced(text: str) -> str:
    """Recorded files end with a blank line where they were read from one that does."""
    return text.rstrip("\n") + "\n"


class RecordedHosts(Hosts):
    """Guests as a case says: whether they can be stopped and stand still."""

    def __init__(self, steps: Steps, environment: dict[str, Any]) -> None:
        super().__init__(steps)
        self._environment = environment

    async def stop(self, sid: str) -> None:
        if not self._environment["stop_works"]:
            raise RefusedError("it does not stop")
        await super().stop(sid)

    async def pause(self, sid: str) -> None:
        if not self._environment["freeze_works"]:
            raise RefusedError("it does not freeze")
        await super().pause(sid)


class RecordedPool(Pool):
    """A storage of which some volumes work."""

    def _check(self, works: str, name: str) -> None:
        volid = f"{self.storage.id}:{name}"
        if volid not in self.environment[f"volumes_where_{works}"]:
            raise RefusedError(f"{works} on {volid}")

    def __init__(self, shelf: Shelf, storage: str, environment: dict[str, Any]) -> None:
        super().__init__(shelf, storage, "n1")
        self.environment = environment
        self.done: dict[str, dict[str, str]] = {}

    def parse(self, name: str) -> VolumeName:
        return VolumeName(name, "images", name, "raw")

    async def volume(self, name: str) -> Volume:
        if not self.environment["storage_activation_works"]:
            raise UnavailableError("the storage does not answer")
        return Volume(f"{self.storage.id}:{name}", self.parse(name), 1)

    async def list(self, *given: Any, **_more: Any) -> tuple[Any, ...]:
        possible = self.environment["volumes_where_rollback_is_possible"]
        await self.volume(given[0])
        known = [case["input"]["snapshot"] for case in CASES]
        there = f"{self.storage.id}:{given[0]}" in possible
        return tuple(VolumeSnapshot(name, 0) for name in known if there)

    async def take(self, name: str, snapshot: str) -> None:
        self._check("snapshot_works", name)
        self._note("taken", name, snapshot)

    async def remove(self, name: str, snapshot: str) -> None:
        # The recorded test double deletes what it just took whatever is said of deletion.
        volid = f"{self.storage.id}:{name}"
        if volid not in self.done.get("taken", {}):
            self._check("delete_works", name)
        self._note("deleted", name, snapshot)

    async def roll_back(self, name: str, snapshot: str) -> None:
        self._check("rollback_works", name)
        self._note("rolled_back", name, snapshot)

    async def allocate(
        self, vmid: int, size_bytes: int, form: str | None = None, name: str | None = None
    ) -> str:
        del vmid, size_bytes, form, name
        return "state-volume"

    async def free(self, name: str) -> None:
        assert name == "state-volume"

    def _note(self, what: str, name: str, snapshot: str) -> None:
        self.done.setdefault(what, {})[f"{self.storage.id}:{name}"] = snapshot


class RecordedPools(Pools):
    """The two storages that the cases name."""

    def __init__(self, shelf: Shelf, environment: dict[str, Any]) -> None:
        super().__init__(shelf)
        self.local = RecordedPool(shelf, "local", environment)
        self.somestorage = RecordedPool(shelf, "somestorage", environment)

    def pool(self, storage: str) -> Pool:
        found: Pool = getattr(self, storage)
        return found


class RecordedVolumes(Volumes):
    """The names of the cases' volumes are none of any type; all storages can do snapshots."""

    def can(self, what: str, volume: str, snapshot: str | None = None) -> bool:
        del snapshot
        return what == "snapshot" and bool(volume)


class RecordedPorts(ChangePorts):
    """The same with these volumes."""

    @property
    def volumes(self) -> Volumes:
        return RecordedVolumes(self.pools)


STORES = "dir: local\n\tpath /a\n\nlvmthin: somestorage\n\tvgname a\n\tthinpool b\n"
# Refused before a disk was touched, since nobody can start a container from memory; the reference
# finds that out when its disks have gone back.
EARLIER = "guest/snapshot_ct/rollback/205"


@pytest.mark.parametrize("case", _of("create", "delete", "rollback"), ids=case_id)
def test_operations(case: Case) -> None:
    given, environment, expect = case["input"], case["input"]["environment"], case["expect"]
    kind, vmid, steps = KINDS[case["suite"]], given["vmid"], Steps()
    store, shelf = InstantStore(steps), Shelf(steps, STORES)
    pools, hosts = RecordedPools(shelf, environment), RecordedHosts(steps, environment)
    ports = RecordedPorts(
        "n1",
        Clock(),
        Tokens(),
        store,
        pools,
        pools,
        pools,
        Machines(hosts, hosts),
        Moves(shelf, hosts, {}),
    )
    path = guest_path("n1", kind, vmid)
    run(store.change(Put(path, given["config"].encode())))
    if environment["guest_running"]:
        hosts.up[f"{kind}:{vmid}"] = GuestState(1, machine="q35")
    task, _lines = context()
    failed = False
    try:
        run(_operation(ports, ports.files.find(vmid), case, task))
    except QuorateError:
        failed = True
    assert failed == expect["error"]
    if case["id"] == EARLIER:
        assert store.text(path) == given["config"]
        assert not pools.local.done
        return
    after = write_guest(canonical(parse_guest(store.text(path), kind)))
    # Where memory is saved was given to the recorded code; here it is chosen.
    assert after.replace("local:state-volume", "somestorage:state-volume") == _spaced(
        expect["config"]
    )
    for what, key in DONE.items():
        if key in expect:
            assert pools.local.done.get(what, {}) == expect[key]


DONE = {
    "taken": "volume_snapshots_taken",
    "deleted": "volume_snapshots_deleted",
    "rolled_back": "volumes_rolled_back",
}


async def _operation(ports: ChangePorts, guest: GuestFile, case: Case, task: TaskContext) -> None:
    given = case["input"]
    name = given["snapshot"]
    if given["operation"] == "create":
        memory = bool(given["save_vmstate"])
        await service.take(ports, guest, name, given["comment"], task, memory=memory)
    elif given["operation"] == "delete":
        await service.delete(ports, guest, name, task, force=bool(given["force"]))
    else:
        await service.roll_back(ports, guest, name, task)
