"""Folders, renaming, and what two nodes do to them at once."""

from __future__ import annotations

import pytest

from appliance.model.errors import QuorateError
from appliance.services.files.errors import errno_name
from appliance.services.files.names import MARK
from sim.group.cluster import StoreCluster
from tests.services.files.rig import Mount, mounts, refused


def restarted(world: StoreCluster, node: str) -> Mount:
    """Its daemon was killed and started."""
    world.kill_daemon(node)
    world.run(1.0)
    world.start_daemon(node)
    world.run(3.0)
    mount = Mount(world, node)
    world.run(0.1)
    return mount


def test_an_empty_folder_is_seen_everywhere_and_survives() -> None:
    world, (one, two, _) = mounts()
    one.mkdir("mine")
    one.mkdir("mine/own")
    world.run(0.1)
    assert two.ls("mine") == ["own"]
    assert two.stat("mine/own").links == 2
    for node in ("n1", "n2", "n3"):
        one = restarted(world, node)
        assert one.ls("mine") == ["own"]
    refused("ENOTEMPTY", one.rmdir, "mine")
    one.rmdir("mine/own")
    one.rmdir("mine")
    assert not one.exists("mine")
    assert [path for path in world.store("n3").paths() if MARK in path] == []


def test_a_folder_stays_when_its_last_file_goes() -> None:
    world, (one, two, _) = mounts()
    one.mkdir("mine")
    one.write("mine/a", b"")
    one.unlink("mine/a")
    assert one.ls("mine") == []
    two.do(world.store("n2").change())
    two.write("ha/resources.cfg", b"")
    two.unlink("ha/resources.cfg")
    assert two.ls("ha") == []
    assert [path for path in world.store("n2").paths() if path.startswith("ha/")] == []


def test_a_folder_that_was_never_made_stays_too() -> None:
    """`quorate store put` makes none."""
    world, (one, *_) = mounts()
    for path in ("x/y/a", "x/y/b", "v/a"):
        one.write_elsewhere(path)
    one.rename("v/a", "x/c")
    one.unlink("x/y/a")
    one.unlink("x/y/b")
    one.rmdir("x/y")
    one.unlink("x/c")
    assert (one.ls("x"), one.ls("v")) == ([], [])
    one.rmdir("x")
    one.rmdir("v")
    assert world.store("n1").paths() == ()


def test_where_no_folder_is_nothing_is_made() -> None:
    _, (one, *_) = mounts()
    one.write("file", b"")
    for path, errno in {"none/a": "ENOENT", "file/a": "ENOTDIR"}.items():
        refused(errno, one.create, path)
        refused(errno, one.mkdir, path)
        refused(errno, one.rename, "file", path)
    refused("EEXIST", one.mkdir, "file")
    refused("EEXIST", one.mkdir, "nodes")
    refused("EBUSY", one.rmdir, "nodes/n1/lxc")
    refused("EBUSY", one.rmdir, "nodes/n1")
    refused("ENOTDIR", one.rmdir, "file")
    refused("EISDIR", one.unlink, "nodes")
    refused("EISDIR", one.open, "nodes")
    refused("EPERM", one.create, f"ha/{MARK}")
    refused("EPERM", one.mkdir, f"ha/{MARK}")
    refused("EPERM", one.rename, "file", MARK)
    refused("EPERM", one.mkdir, "nodes/n1/lxc/100.conf")
    refused("EEXIST", one.create, "file", exclusive=True)
    one.end(one.create("file"))


def test_files_are_renamed_over_files() -> None:
    world, (one, two, _) = mounts()
    one.write("a", b"new")
    one.write("b", b"old")
    refused("EEXIST", one.rename, "a", "b", replace=False)
    one.rename("a", "b")
    world.run(0.1)
    assert (two.read("b"), two.exists("a")) == (b"new", False)
    one.rename("b", "ha/c", replace=False)
    assert one.read("ha/c") == b"new"
    refused("EISDIR", one.rename, "ha/c", "nodes")
    refused("ENOENT", one.rename, "none", "a")


def test_only_empty_folders_are_renamed() -> None:
    _, (one, *_) = mounts()
    for path in ("a", "b", "full"):
        one.mkdir(path)
    one.write("full/file", b"")
    one.rename("a", "c")
    assert (one.exists("a"), one.ls("c")) == (False, [])
    one.rename("c", "b")
    assert (one.exists("c"), one.ls("b")) == (False, [])
    refused("ENOTEMPTY", one.rename, "full", "d")
    refused("ENOTEMPTY", one.rename, "b", "full")
    refused("ENOTDIR", one.rename, "b", "full/file")
    refused("EBUSY", one.rename, "nodes/n1/lxc", "d")
    refused("EBUSY", one.rename, "b", "nodes/n1/lxc")


@pytest.mark.parametrize("turn", range(6))
def test_a_folder_is_not_removed_under_a_new_file(turn: int) -> None:
    """Whichever is first, the other fails: a folder that is gone has nothing in it."""
    world, (one, two, three) = mounts()
    one.mkdir("mine")
    world.run(0.1)
    making = two.view.create(*two.place("mine/file"), write=True)
    removing = one.view.rmdir(*one.place("mine"))
    if turn % 2:
        tasks = [two.begin(making), one.begin(removing)]
    else:
        tasks = [one.begin(removing), two.begin(making)]
    world.run(0.0003 * turn)
    world.run(2.0)
    assert all(task.ended for task in tasks)
    failed = [errno_name(task.error) for task in tasks if task.error is not None]
    assert len(failed) == 1
    assert failed[0] in {"ENOENT", "ENOTEMPTY", "EEXIST"}
    assert three.exists("mine") is (failed[0] != "ENOENT")


def test_two_nodes_empty_a_folder_and_it_stays() -> None:
    world, (one, two, three) = mounts()
    for path in ("mine/a", "mine/b"):
        one.write_elsewhere(path)
    world.run(0.1)
    tasks = [
        mount.begin(mount.view.unlink(*mount.place(f"mine/{name}")))
        for mount, name in ((one, "a"), (two, "b"))
    ]
    world.run(2.0)
    assert [task.error for task in tasks] == [None, None]
    assert three.ls("mine") == []


def test_many_nodes_make_the_same_folder_and_one_does() -> None:
    world, views = mounts(5)
    tasks = [mount.begin(mount.view.mkdir(*mount.place("mine"))) for mount in views]
    world.run(2.0)
    errors: list[QuorateError] = [task.error for task in tasks if task.error is not None]
    assert [errno_name(error) for error in errors] == ["EEXIST"] * 4
