"""Snapshots in a guest's file, step by step."""

from __future__ import annotations

import pytest

from appliance.core.guest import snapshots
from appliance.core.guest.locks import unlocked
from appliance.core.guest.places import disks
from appliance.model.errors import ConfigError, ExistsError, MissingError, RefusedError
from appliance.model.guest.config import GuestConfig, parse_guest, write_guest
from tests.core.guest.files import CT, VM, ct, vm


def taken(config: GuestConfig, name: str, now_s: int = 5) -> GuestConfig:
    return snapshots.commit(snapshots.prepare(config, name, now_s), name)


def deleted(config: GuestConfig, name: str) -> GuestConfig:
    config = snapshots.begin_delete(config, name)
    for place in disks(config.kind, config.snapshots[name]):
        config = snapshots.forgotten(config, name, place.key)
    return snapshots.finish_delete(config, name)


def rolled_back(config: GuestConfig, name: str, generation: str | None = None) -> GuestConfig:
    return snapshots.finish_rollback(snapshots.begin_rollback(config, name), name, generation)


@pytest.mark.parametrize("text", [VM, CT])
def test_take_and_delete_give_the_same_file(text: str) -> None:
    before = parse_guest(text, "vm" if text is VM else "ct")
    assert write_guest(deleted(taken(before, "one"), "one")) == text


def test_a_failed_one_leaves_no_trace() -> None:
    assert write_guest(snapshots.undone(snapshots.prepare(vm(), "one", 5), "one")) == VM


def test_what_a_snapshot_keeps() -> None:
    config = taken(vm(), "one")
    kept = config.snapshots["one"]
    assert kept.get("scsi0") == "tank:vm-100-disk-0,discard=on,size=8G"
    assert (kept.get("unused0"), kept.description, kept.get("snaptime")) == (None, "", "5")
    assert config.current.get("parent") == "one"
    assert taken(ct(), "one").snapshots["one"].raw == (("lxc.idmap", "u 0 100000 65536"),)


def test_the_tree() -> None:
    config = taken(taken(taken(vm(), "one", 1), "two", 2), "three", 3)
    back = rolled_back(config, "one")
    branch = taken(back, "side", 4)
    rows = [(row.name, row.parent, row.snaptime_s) for row in snapshots.snapshot_rows(branch)]
    assert rows == [
        ("one", None, 1),
        ("side", "one", 4),
        ("three", "two", 3),
        ("two", "one", 2),
        ("current", "side", None),
    ]
    without = deleted(branch, "one")
    parents = {row.name: row.parent for row in snapshots.snapshot_rows(without)}
    assert parents == {"side": None, "three": "two", "two": None, "current": "side"}


def test_a_rollback_keeps_disks_made_since_and_the_notes() -> None:
    config = taken(vm(), "one")
    newer = config.current.with_values({"scsi2": "tank:vm-100-disk-2,size=3G", "cores": "8"})
    config = GuestConfig("vm", newer, config.pending, config.snapshots, parts=config.parts)
    back = rolled_back(config, "one", "22222222-2222-2222-2222-222222222222")
    assert (back.current.get("cores"), back.current.get("scsi2")) == ("2", None)
    assert back.current.get("unused1") == "tank:vm-100-disk-2"
    assert back.current.get("vmgenid") == "22222222-2222-2222-2222-222222222222"
    assert back.current.description == " notes of the guest"
    again = rolled_back(back, "one", "22222222-2222-2222-2222-222222222222")
    assert write_guest(again) == write_guest(back)


def test_a_disk_that_came_back_is_not_unused_too() -> None:
    config = taken(vm(), "one")
    detached = config.current.without(["scsi1"]).with_values({"unused1": "tank:vm-100-disk-1"})
    config = GuestConfig("vm", detached, config.pending, config.snapshots, parts=config.parts)
    back = rolled_back(config, "one")
    assert back.current.get("scsi1")
    assert back.current.get("unused1") is None


def test_a_disk_that_only_the_snapshot_had_becomes_unused() -> None:
    config = taken(vm(), "one")
    gone = config.current.without(["scsi1"])
    config = GuestConfig("vm", gone, config.pending, config.snapshots, parts=config.parts)
    assert deleted(config, "one").current.get("unused1") == "tank:vm-100-disk-1"


def test_a_deletion_that_was_broken_off_goes_on() -> None:
    broken = snapshots.begin_delete(taken(vm(), "one"), "one")
    assert broken.current.get("lock") == "snapshot-delete"
    with pytest.raises(RefusedError, match=r"VM is locked \(snapshot-delete\)"):
        taken(broken, "two")
    with pytest.raises(RefusedError, match="locked"):  # it may be going on at this moment
        deleted(broken, "one")
    assert write_guest(deleted(unlocked(broken, "snapshot-delete"), "one")) == VM


@pytest.mark.parametrize("name", ["current", "pending", "1a", "a/b", "..", "a b", "", "x" * 41])
def test_names_that_are_none(name: str) -> None:
    with pytest.raises(ConfigError, match="snapname"):
        snapshots.prepare(vm(), name, 5)


def test_what_is_refused() -> None:
    config = taken(vm(), "one")
    with pytest.raises(ExistsError, match="'one' already used"):
        snapshots.prepare(config, "one", 6)
    with pytest.raises(MissingError, match="snapshot 'two' does not exist"):
        snapshots.begin_rollback(config, "two")
    with pytest.raises(RefusedError, match=r"CT is locked \(backup\)"):
        snapshots.prepare(ct(f"lock: backup\n{CT}"), "one", 5)
    with pytest.raises(RefusedError, match="template"):
        snapshots.prepare(vm(f"{VM}template: 1\n"), "one", 5)
    with pytest.raises(RefusedError, match="not finished"):
        snapshots.begin_rollback(
            GuestConfig("vm", vm().current, snapshots=snapshots.prepare(vm(), "a1", 1).snapshots),
            "a1",
        )
