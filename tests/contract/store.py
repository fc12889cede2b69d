"""What the replicated store promises to whoever reads and writes it, on every node."""

from __future__ import annotations

from appliance.model.store.changes import ABSENT, Delete, Expect, Put, Rename
from appliance.model.store.limits import MAX_FILE_BYTES
from tests.contract.store_worlds import Driver, Seen, StoreWorld

GUEST = "nodes/{}/qemu-server/100.conf"


class StoreContract:
    """Needs a fixture `store_world`, a `StoreWorld` of exactly three nodes."""

    def test_what_one_node_writes_all_can_read(self, store_world: StoreWorld) -> None:
        driver = Driver(store_world)
        n1, n2, n3 = store_world.names
        version = driver.change(n1, Put("storage.cfg", b"dir: local\n"))
        for node in (n1, n2, n3):
            assert driver.latest(node, "storage.cfg") == Seen(b"dir: local\n", version, n1)
        later = driver.change(n3, Put("storage.cfg", b""))
        assert later > version
        assert driver.latest(n2, "storage.cfg") == Seen(b"", later, n3)
        assert driver.read(n1, "nothing") == "missing"

    def test_versions_that_were_expected(self, store_world: StoreWorld) -> None:
        driver = Driver(store_world)
        n1, n2, n3 = store_world.names
        assert driver.refused(n1, Put("a", b"1", expect=7)) == "missing"
        first = driver.change(n1, Put("a", b"1", expect=ABSENT))
        assert driver.refused(n2, Put("a", b"2", expect=ABSENT)) == "exists"
        second = driver.change(n2, Put("a", b"2", expect=first))
        assert driver.refused(n3, Put("a", b"3", expect=first)) == "stale"
        assert driver.refused(n3, Delete("a", expect=first)) == "stale"
        driver.change(n3, Delete("a", expect=second))
        assert driver.latest(n1, "a") == "missing"
        assert driver.refused(n1, Delete("a")) == "missing"

    def test_all_steps_of_a_change_or_none(self, store_world: StoreWorld) -> None:
        driver = Driver(store_world)
        n1, n2, _ = store_world.names
        version = driver.change(n1, Put("a", b"1"), Put("b/c", b"2"))
        assert driver.latest(n2, "a") == Seen(b"1", version, n1)
        assert driver.latest(n2, "b/c") == Seen(b"2", version, n1)
        assert driver.refused(n2, Put("a", b"9"), Delete("gone")) == "missing"
        assert driver.refused(n2, Put("a", b"9"), Expect("b/c", version + 1)) == "stale"
        assert driver.refused(n2, Put("a", b"9"), Put("b", b"a folder")) == "exists"
        assert driver.latest(n1, "a") == Seen(b"1", version, n1)
        driver.change(n2, Rename("a", "d"), Delete("b/c"), Put("b", b"no folder any more"))
        assert driver.paths(n2) == ["b", "d"]

    def test_a_guest_is_on_one_node_and_moves_at_once(self, store_world: StoreWorld) -> None:
        driver = Driver(store_world)
        n1, n2, n3 = store_world.names
        driver.change(n1, Put(GUEST.format(n1), b"memory: 512\n"))
        assert driver.refused(n2, Put(GUEST.format(n2), b"")) == "exists"
        assert driver.refused(n2, Put(f"nodes/{n3}/lxc/100.conf", b"")) == "exists"
        version = driver.change(n2, Rename(GUEST.format(n1), GUEST.format(n2)))
        assert driver.latest(n3, GUEST.format(n2)) == Seen(b"memory: 512\n", version, n2)
        assert driver.latest(n3, GUEST.format(n1)) == "missing"

    def test_what_is_too_large_or_misnamed_is_refused(self, store_world: StoreWorld) -> None:
        driver = Driver(store_world)
        n1, n2, _ = store_world.names
        version = driver.change(n1, Put("large", bytes(MAX_FILE_BYTES)))
        assert driver.latest(n2, "large") == Seen(bytes(MAX_FILE_BYTES), version, n1)
        assert driver.refused(n1, Put("large", bytes(MAX_FILE_BYTES + 1))) == "too_large"
        for path in ("", "/a", "a//b", "a/../b", "a\n", "x" * 256):
            assert driver.refused(n2, Put(path, b"")) == "config"

    def test_private_files_are_for_the_privileged(self, store_world: StoreWorld) -> None:
        driver = Driver(store_world)
        n1, n2, _ = store_world.names
        driver.change(n1, Put("priv/token.cfg", b"secret"), Put("user.cfg", b""))
        driver.change(n2, Put(f"nodes/{n2}/priv/key", b"secret"))
        assert driver.latest(n2, "user.cfg") != "missing"
        assert driver.read(n2, "priv/token.cfg") == "forbidden"
        assert driver.read(n2, f"nodes/{n2}/priv/key") == "forbidden"
        assert isinstance(driver.read(n2, "priv/token.cfg", privileged=True), Seen)
        assert driver.paths(n2) == ["user.cfg"]
        assert driver.paths(n2, "priv/", privileged=True) == ["priv/token.cfg"]

    def test_changes_below_a_prefix_are_watched(self, store_world: StoreWorld) -> None:
        driver = Driver(store_world)
        n1, n2, _ = store_world.names
        watching = store_world.daemon(n2)
        watching.watch("nodes/")
        driver.latest(n2, "any")
        driver.change(n1, Put("elsewhere", b""))
        driver.change(n1, Put("nodes/x/config", b"1"), Put("nodes/y/config", b"1"))
        driver.change(n1, Delete("nodes/x/config"))
        store_world.until(
            lambda: (
                [path for paths in watching.changed for path in paths][-1:] == ["nodes/x/config"]
                and len([path for paths in watching.changed for path in paths]) >= 2
            ),
            "the changes to be told",
        )
        told = {path for paths in watching.changed for path in paths}
        assert told == {"nodes/x/config", "nodes/y/config"}

    def test_of_those_who_expect_the_same_one_wins(self, store_world: StoreWorld) -> None:
        driver = Driver(store_world)
        version = ABSENT
        for turn in range(20):
            calls = {
                node: store_world.daemon(node).change(Put("a", b"%d" % turn, expect=version))
                for node in store_world.names
            }
            ended = {node: driver.ended(call) for node, call in calls.items()}
            winners = [node for node, call in ended.items() if call.error is None]
            assert len(winners) == 1
            version = ended[winners[0]].value
            seen = driver.latest(store_world.names[turn % 3], "a")
            assert seen == Seen(b"%d" % turn, version, winners[0])

    def test_a_minority_reads_and_does_not_write(self, store_world: StoreWorld) -> None:
        driver = Driver(store_world)
        n1, n2, n3 = store_world.names
        before = driver.change(n1, Put("a", b"before"))
        driver.latest(n3, "a")
        driver.cut_off(n3)
        store_world.until(
            lambda: driver.refused(n3, Put("a", b"lost")) == "not_quorate", "quorum to be lost"
        )
        assert driver.read(n3, "a") == Seen(b"before", before, n1)
        assert driver.latest(n3, "a") == "not_quorate"
        after = driver.change(n2, Put("a", b"after"))
        store_world.heal()
        store_world.serve()
        assert driver.read(n3, "a") == Seen(b"after", after, n2)

    def test_who_was_away_gets_what_it_missed(self, store_world: StoreWorld) -> None:
        driver = Driver(store_world)
        n1, n2, n3 = store_world.names
        driver.change(n1, Put("kept", b"1"), Put("changed", b"1"), Put("gone", b"1"))
        store_world.power_off(n3)
        store_world.serve(n1, n2)
        driver.change(n2, Put("changed", b"2"), Delete("gone"), Put("new", bytes(MAX_FILE_BYTES)))
        store_world.power_on(n3)
        store_world.serve()
        assert driver.paths(n3) == ["changed", "kept", "new"]
        seen = driver.read(n3, "changed")
        assert isinstance(seen, Seen)
        assert seen.content == b"2"

    def test_a_daemon_that_dies_comes_back_with_everything(self, store_world: StoreWorld) -> None:
        driver = Driver(store_world)
        n1, n2, _ = store_world.names
        version = driver.change(n2, Put("a", b"1"))
        store_world.end_daemon(n2)
        driver.change(n1, Put("b", b"2"))
        store_world.start_daemon(n2)
        store_world.serve()
        assert driver.read(n2, "a") == Seen(b"1", version, n2)
        assert driver.paths(n2) == ["a", "b"]

    def test_after_a_power_cut_of_all_everything_is_there(self, store_world: StoreWorld) -> None:
        driver = Driver(store_world)
        n1, _, n3 = store_world.names
        versions = {f"{n}.cfg": driver.change(n1, Put(f"{n}.cfg", b"%d" % n)) for n in range(10)}
        for node in store_world.names:
            store_world.power_off(node)
        for node in store_world.names:
            store_world.power_on(node)
        store_world.serve()
        for path, version in versions.items():
            assert driver.read(n3, path) == Seen(path[0].encode(), version, n1)

    def test_a_paused_node_serves_nothing_old_as_new(self, store_world: StoreWorld) -> None:
        driver = Driver(store_world)
        n1, n2, n3 = store_world.names
        driver.change(n1, Put("a", b"old"))
        store_world.pause(n3)
        store_world.serve(n1, n2)
        version = driver.change(n2, Put("a", b"new"))
        store_world.resume(n3)
        store_world.until(
            lambda: driver.latest(n3, "a") == Seen(b"new", version, n2), "n3 to be back"
        )
        store_world.serve()
