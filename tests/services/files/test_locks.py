"""Folders in priv/lock: cluster-wide locks for scripts."""

from __future__ import annotations

from appliance.model.store.changes import TakeLease
from appliance.services.files.attributes import Kind
from appliance.services.files.errors import errno_name
from tests.services.files.rig import mounts, refused

LOCK = "priv/lock/file-storage_cfg"


def test_who_makes_the_folder_has_the_lock() -> None:
    world, views = mounts()
    tasks = [mount.begin(mount.view.mkdir(*mount.place(LOCK))) for mount in views]
    world.run(2.0)
    lost = [task.error for task in tasks if task.error is not None]
    assert [errno_name(error) for error in lost] == ["EEXIST", "EEXIST"]
    holder = next(mount for mount, task in zip(views, tasks, strict=True) if task.error is None)
    others = [mount for mount in views if mount is not holder]
    refused("EEXIST", holder.mkdir, LOCK)  # another process of the same node has it
    for mount in others:
        assert mount.ls("priv/lock") == ["file-storage_cfg"]
        assert mount.stat(LOCK).kind is Kind.FOLDER
        assert mount.stat(LOCK).mode == 0o700
        refused("EACCES", mount.rmdir, LOCK)
        refused("EACCES", mount.touch, LOCK)
    holder.rmdir(LOCK)
    world.run(0.1)
    refused("ENOENT", others[0].rmdir, LOCK)
    others[0].mkdir(LOCK)
    assert abs(others[0].stat(LOCK).mtime_s - others[0].clock.wall()) < 2


def test_a_lock_ends_when_it_was_asked_for_after_its_life() -> None:
    world, (one, two, _) = mounts()
    one.mkdir(LOCK)
    for _ in range(3):
        world.run(50.0)
        one.touch(LOCK)  # still there
        refused("EACCES", two.touch, LOCK, 0)
    taken_s = two.stat(LOCK).mtime_s
    assert abs(taken_s - two.clock.wall()) < 5
    world.run(118.0)
    refused("EACCES", two.touch, LOCK, 0)
    world.run(5.0)
    refused("EEXIST", two.mkdir, LOCK)
    two.touch(LOCK, 0)
    two.mkdir(LOCK)
    refused("EACCES", one.touch, LOCK)
    refused("EACCES", one.rmdir, LOCK)


def test_a_lock_survives_its_daemon_and_can_then_be_dropped() -> None:
    world, (one, two, _) = mounts()
    one.mkdir(LOCK)
    world.power_off("n1")
    world.run(3.0)
    refused("EEXIST", two.mkdir, LOCK)
    world.run(122.0)
    two.rmdir(LOCK)
    two.mkdir(LOCK)


def test_the_locks_of_high_availability_are_only_shown() -> None:
    world, (one, *_) = mounts()
    one.do(world.store("n1").change(TakeLease("ha_manager_lock", 120.0)))
    path = "priv/lock/ha_manager_lock"
    assert one.ls("priv/lock") == ["ha_manager_lock"]
    refused("EACCES", one.rmdir, path)
    refused("EACCES", one.touch, path)
    refused("EACCES", one.touch, path, 0)
    refused("EACCES", one.mkdir, "priv/lock/ha_agent_n1_lock")


def test_beside_locks_there_is_nothing_there() -> None:
    _, (one, *_) = mounts()
    one.mkdir(LOCK)
    one.write("a", b"")
    refused("EPERM", one.create, "priv/lock/file")
    refused("EPERM", one.create, f"{LOCK}/file")
    refused("EPERM", one.rename, "a", "priv/lock/a")
    refused("EACCES", one.mkdir, f"{LOCK}/more")
    refused("EPERM", one.rename, LOCK, "priv/lock/other")
    refused("EACCES", one.rename, LOCK, "priv/other")
    refused("EISDIR", one.unlink, LOCK)
    refused("EBUSY", one.rmdir, "priv/lock")
