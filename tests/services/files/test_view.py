"""The tree as files: what programs on one node and on others see of it."""

from __future__ import annotations

import json

import pytest

from appliance.model.corosync_conf import Link, add_node, create
from appliance.model.events.files import FileOperation
from appliance.model.store.changes import Delete, Put
from appliance.model.store.limits import MAX_FILE_BYTES, MAX_TREE_BYTES
from appliance.services.files.attributes import Kind
from tests.services.files.rig import Mount, mounts, refused

VM, MOVED = "nodes/n1/qemu-server/100.conf", "nodes/n2/qemu-server/100.conf"


def modes(mount: Mount, *paths: str) -> list[str]:
    return [f"{mount.stat(path).mode:04o}" for path in paths]


def test_an_empty_cluster_has_its_folders() -> None:
    _, (one, *_) = mounts()
    assert one.ls() == [
        *(".debug", ".members", ".version", ".vmlist", "firewall", "ha", "local", "lxc"),
        *("mapping", "nodes", "openvz", "priv", "qemu-server", "sdn", "virtual-guest"),
    ]
    assert one.ls("nodes") == ["n1", "n2", "n3"]
    assert one.ls("nodes/n2") == ["lxc", "openvz", "priv", "qemu-server"]
    assert one.ls("priv") == ["lock"]
    assert one.ls("priv/lock") == []
    assert one.stat("").number == 1
    assert one.stat("nodes").kind is Kind.FOLDER
    assert one.view.link_target(one.number("qemu-server")) == "nodes/n1/qemu-server"
    assert one.stat("local").size_bytes == len("nodes/n1")


def test_what_one_node_writes_another_reads() -> None:
    world, (one, two, _) = mounts()
    one.write(VM, b"memory: 512\n")
    world.run(0.1)
    assert two.read(VM) == b"memory: 512\n"
    assert two.ls("nodes/n1/qemu-server") == ["100.conf"]
    there = two.stat(VM)
    assert there.size_bytes == 12
    assert there.mtime_s == int(one.clock.wall()) or there.mtime_s == int(one.clock.wall()) - 1
    assert there.number == one.stat(VM).number
    two.unlink(VM)
    world.run(0.1)
    assert not one.exists(VM)


def test_modes_follow_from_the_path_and_from_quorum() -> None:
    world, (one, *_) = mounts()
    one.write("storage.cfg", b"")
    one.write("priv/shadow.cfg", b"")
    one.write("nodes/n2/priv/key", b"")
    shown = ("storage.cfg", "priv/shadow.cfg", "nodes/n2/priv/key", "nodes", "priv", "local")
    assert modes(one, *shown) == ["0640", "0600", "0600", "0755", "0700", "0755"]
    assert modes(one, ".version", ".debug") == ["0440", "0640"]
    world.power_off("n2")
    world.power_off("n3")
    world.run(4.0)
    assert modes(one, *shown) == ["0440", "0400", "0400", "0555", "0500", "0555"]


def test_modes_and_owners_cannot_be_changed_but_to_what_they_are() -> None:
    _, (one, *_) = mounts()
    one.write("a", b"")
    number = one.number("a")
    one.view.check_same(number, mode=0o640, uid=0, gid=33)
    refused("EPERM", one.view.check_same, number, mode=0o600)
    refused("EPERM", one.view.check_same, number, uid=1)
    refused("EPERM", one.view.check_same, number, gid=0)


def test_without_quorum_nothing_is_written_and_everything_read() -> None:
    world, (one, *_) = mounts()
    one.write("a", b"text")
    world.power_off("n2")
    world.power_off("n3")
    world.run(4.0)
    assert one.read("a") == b"text"
    refused("EACCES", one.open, "a", write=True)
    refused("EACCES", one.open, "a", write=True, truncate=True)
    refused("EACCES", one.unlink, "a")
    refused("EACCES", one.mkdir, "f")
    refused("EACCES", one.create, "b")
    refused("EACCES", one.rename, "a", "b")
    refused("EACCES", one.truncate, "a", 0)
    refused("EACCES", one.mkdir, "priv/lock/one")
    assert one.read("a") == b"text"


def test_a_write_that_meets_the_loss_of_quorum_fails() -> None:
    world, (one, *_) = mounts()
    one.write("a", b"text")
    handle = one.open("a", write=True, truncate=True)
    assert one.read("a") == b""
    world.power_off("n2")
    world.power_off("n3")
    world.run(4.0)
    refused("EACCES", one.put, handle, b"new")
    refused("EACCES", one.end, handle)
    assert one.read("a") == b"text"


def test_a_guest_is_configured_once_and_moves_by_renaming() -> None:
    world, (one, two, _) = mounts()
    one.write(VM, b"memory: 512")
    world.run(0.1)
    assert "guest 100" in refused("EEXIST", two.create, MOVED)
    two.write("nodes/n2/qemu-server/100.conf.tmp", b"other")
    refused("EEXIST", two.rename, "nodes/n2/qemu-server/100.conf.tmp", MOVED)
    refused("EEXIST", two.create, "nodes/n2/lxc/100.conf")
    two.rename(VM, MOVED)
    world.run(0.1)
    assert one.read(MOVED) == b"memory: 512"
    assert not one.exists(VM)
    listed = json.loads(one.read(".vmlist"))["ids"]
    assert listed["100"]["node"] == "n2"
    assert listed["100"]["type"] == "qemu"
    two.rename("nodes/n2/qemu-server/100.conf.tmp", MOVED)
    assert two.read(MOVED) == b"other"


def test_a_file_is_never_seen_empty_while_it_is_written_anew() -> None:
    world, (one, two, _) = mounts()
    one.write("a", b"old")
    world.run(0.1)
    seen = [two.read("a")]
    handle = one.open("a", write=True, truncate=True)
    world.run(0.5)
    seen.append(two.read("a"))
    one.put(handle, b"new")
    world.run(0.1)
    seen.append(two.read("a"))
    one.end(handle)
    assert seen == [b"old", b"old", b"new"]
    one.end(one.open("a", write=True, truncate=True))
    world.run(0.1)
    assert two.read("a") == b""


def test_a_truncation_is_undone_when_its_program_is_told_that_it_failed() -> None:
    world, (one, *_) = mounts()
    one.write("a", b"text")
    handle, reader = one.open("a", write=True, truncate=True), one.open("a")
    world.power_off("n2")
    world.power_off("n3")
    world.run(4.0)
    refused("EACCES", one.end, handle)
    assert one.view.read(reader, 0, 10) == b"text"


def test_writes_at_places_appends_and_truncations() -> None:
    _, (one, *_) = mounts()
    one.write("a", b"0123456789")
    handle = one.open("a", write=True)
    one.put(handle, b"ab", 4)
    one.put(handle, b"!", 12)
    assert one.view.read(handle, 0, 100) == b"0123ab6789\0\0!"
    one.end(handle)
    one.append("a", b"end")
    one.truncate("a", 18)
    assert one.read("a") == b"0123ab6789\0\0!end\0\0"
    one.truncate("a", 2)
    one.append("a", b"x")
    assert one.read("a") == b"01x"
    one.truncate("a", 0)
    assert one.read("a") == b""
    assert one.stat("a").size_bytes == 0


def test_two_nodes_append_and_nothing_is_lost() -> None:
    world, (one, two, three) = mounts()
    one.write("log", b"")
    world.run(0.1)
    nodes = [(mount, mount.open("log", write=True, append=True)) for mount in (one, two, three)]
    tasks = [
        mount.begin(mount.view.write(handle, 0, b"%s %d\n" % (mount.node.encode(), turn)))
        for mount, handle in nodes
        for turn in range(8)
    ]
    world.run(5.0)
    assert [task.error for task in tasks] == [None] * 24
    lines = three.read("log").decode().splitlines()
    assert sorted(lines) == sorted(f"n{node} {turn}" for node in (1, 2, 3) for turn in range(8))


def test_a_program_that_reads_on_sees_one_version() -> None:
    world, (one, two, _) = mounts()
    one.write("a", b"aaaaaaaa")
    world.run(0.1)
    reader = two.open("a")
    assert two.view.read(reader, 0, 4) == b"aaaa"
    one.write("a", b"bbbbbbbbbb")
    world.run(0.1)
    assert two.view.read(reader, 4, 4) == b"aaaa"
    assert two.view.read(reader, 8, 4) == b"bb"  # what was added, as `tail -f` does
    assert two.view.read(reader, 0, 4) == b"bbbb"
    assert two.view.read(reader, 2, 2) == b"bb"


def test_an_open_file_outlives_its_name_on_its_own_node() -> None:
    world, (one, two, _) = mounts()
    one.write("a", b"text")
    world.run(0.1)
    own, other = one.open("a", write=True), two.open("a")
    one.unlink("a")
    world.run(0.1)
    one.put(own, b"T")
    assert one.view.read(own, 0, 10) == b"Text"
    assert one.view.attributes(own.inode.number).links == 0
    refused("ESTALE", two.view.read, other, 0, 10)
    assert one.ls() == two.ls()
    one.write("a", b"new")
    one.write("b", b"replaced")
    held = one.open("b")
    one.rename("a", "b")
    assert one.view.read(held, 0, 10) == b"replaced"
    assert one.read("b") == b"new"
    one.end(own)


def test_an_open_file_follows_its_new_name() -> None:
    _, (one, *_) = mounts()
    one.write("a", b"1")
    handle = one.open("a", write=True, truncate=True)
    one.rename("a", "b")
    one.put(handle, b"2")
    one.end(handle)
    assert one.read("b") == b"2"
    one.write("a", b"3")
    assert one.stat("a").number != one.stat("b").number
    assert one.read("b") == b"2"


def test_limits_have_their_errors() -> None:
    _, (one, *_) = mounts()
    handle = one.create("a")
    refused("EFBIG", one.put, handle, b"x", MAX_FILE_BYTES)
    one.put(handle, b"x", MAX_FILE_BYTES - 1)
    refused("EFBIG", one.truncate, "a", MAX_FILE_BYTES + 1)
    one.view._tree.index.size_bytes = MAX_TREE_BYTES - 10  # the store's own answer: see below
    refused("ENOSPC", one.put, one.create("b"), b"x" * 11)
    assert one.view.usage().free_bytes == 10
    for name, errno in {
        b"\xff": "EILSEQ",
        b"a\n": "EINVAL",
        b"x" * 256: "ENAMETOOLONG",
        b"..": "EINVAL",
    }.items():
        assert refused(errno, one.view.lookup, 1, name)
    deep = "d" * 200
    one.mkdir(deep)
    one.mkdir(f"{deep}/{deep}")
    one.mkdir(f"{deep}/{deep}/{deep}")
    one.mkdir(f"{deep}/{deep}/{deep}/{deep}")
    refused("ENAMETOOLONG", one.mkdir, f"{deep}/{deep}/{deep}/{deep}/{deep}")


def test_virtual_files_say_how_things_are() -> None:
    world, (one, two, _) = mounts()
    conf = create("lab", "n1", {0: Link("10.0.0.1")})
    for number in (2, 3):
        conf = add_node(conf, f"n{number}", {0: f"10.0.0.{number}"})
    one.write("corosync.conf.new", conf.text().encode())
    one.rename("corosync.conf.new", "corosync.conf")
    conf = conf.bumped()
    one.write("corosync.conf.new", conf.text().encode())
    one.rename("corosync.conf.new", "corosync.conf")
    refused("EACCES", one.unlink, "corosync.conf")
    before = json.loads(one.read(".version"))
    one.write(VM, b"")
    world.power_off("n3")
    world.run(3.0)
    after, members = json.loads(one.read(".version")), json.loads(one.read(".members"))
    assert after["clinfo"] > before["clinfo"]
    assert after["vmlist"] > before["vmlist"]
    assert after["corosync.conf"] == before["corosync.conf"] > 0
    assert after["storage.cfg"] == 0
    assert members["nodename"] == "n1"
    assert members["cluster"] == {
        "name": "lab",
        "version": conf.version,
        "nodes": 3,
        "quorate": 1,
    }
    assert members["nodelist"]["n2"] == {"id": 2, "online": 1, "ip": "10.0.0.2"}
    assert members["nodelist"]["n3"] == {"id": 3, "online": 0, "ip": "10.0.0.3"}
    for path in (".members", ".version", ".vmlist", "local"):
        refused("EACCES", one.unlink, path)
        refused("EACCES", one.rename, path, "x")
    refused("EACCES", one.open, ".members", write=True)
    refused("EACCES", one.rename, "corosync.conf", ".members")
    refused("EEXIST", one.mkdir, "local")
    assert one.stat(".members").size_bytes == len(one.read(".members"))
    assert json.loads(two.read(".members"))["nodename"] == "n2"


def test_a_node_that_is_in_no_cluster_says_so() -> None:
    _, (one,) = mounts(1)
    assert json.loads(one.read(".members")) == {"nodename": "n1", "version": 0}


def test_debug_tells_operations_to_the_journal() -> None:
    _, (one, *_) = mounts()
    one.view.tell("open", "a", "ok")
    assert one.journal.events == []
    assert one.read(".debug") == b"0\n"
    one.write(".debug", b"1\n")
    one.view.tell("open", one.view.path_of(one.number("nodes"), b"x"), "ENOENT")
    assert one.journal.events == [FileOperation("open", "nodes/x", "ENOENT")]
    refused("EINVAL", one.write, ".debug", b"yes")
    one.write(".debug", b"0")
    assert not one.view.debug


def test_what_is_changed_by_other_means_is_seen() -> None:
    world, (one, two, _) = mounts()
    store = world.store("n2")
    two.do(store.change(Put("deep/er/file", b"x"), Put("nodes/gone/lxc/7.conf", b"")))
    world.run(0.1)
    assert one.ls("deep") == ["er"]
    assert one.ls("nodes") == ["gone", "n1", "n2", "n3"]
    two.do(store.change(Delete("deep/er/file")))
    world.run(0.1)
    assert not one.exists("deep")


def test_a_view_of_a_closed_store_says_so() -> None:
    _, (one, *_) = mounts()
    one.do(one.world.store("n1").close())
    refused("ENOTCONN", one.stat, "storage.cfg")
    refused("ENOTCONN", one.ls, "nodes")
    one.view.stop()


@pytest.mark.parametrize("mtime_s", [None, 1_000_000_000.0])
def test_the_time_of_a_file_is_that_of_its_last_change(mtime_s: float | None) -> None:
    world, (one, *_) = mounts()
    one.write("a", b"text")
    before = one.stat("a").mtime_s
    world.run(5.0)
    one.touch("a", mtime_s)
    assert (one.stat("a").mtime_s > before) is (mtime_s is None)
    assert one.read("a") == b"text"
    one.touch("nodes", mtime_s)
