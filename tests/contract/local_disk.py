"""What every local disk promises."""

from __future__ import annotations

import contextlib
from collections.abc import Coroutine
from typing import Any, Protocol, TypeVar

import pytest

from appliance.model.errors import DamagedError, DiskFullError, TooLargeError
from appliance.ports.local_disk import LocalDisk

T = TypeVar("T")


class DiskWorld(Protocol):
    """One disk and what can happen to it. After `crash` and `reopen` use the new `disk`."""

    @property
    def disk(self) -> LocalDisk: ...

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run this to its end in the world's own time."""
        ...

    def crash(self) -> None:
        """The node dies and comes back: a new `disk` on what is durable, or happened to be."""
        ...

    def fill(self) -> None:
        """Let there be no room for another 64 KiB."""
        ...

    def make_room(self) -> None: ...

    def damage(self, name: str) -> None:
        """Change some of that file's stored bytes behind the disk's back, and reopen."""
        ...


class LocalDiskContract:
    """Needs a fixture `world`."""

    def test_what_was_written_is_read(self, world: DiskWorld) -> None:
        disk = world.disk
        disk.replace("a", b"one")
        disk.append("b", b"first ")
        disk.append("b", b"second")
        disk.replace("c", b"")
        assert world.run(disk.read("a")) == b"one"
        assert world.run(disk.read("b")) == b"first second"
        assert world.run(disk.read("c")) == b""
        assert world.run(disk.read("d")) is None

    def test_replace_replaces_all_and_remove_removes(self, world: DiskWorld) -> None:
        disk = world.disk
        disk.append("a", b"old")
        disk.append("a", b"older")
        disk.replace("a", b"new")
        disk.append("a", b"er")
        disk.append("b", b"gone")
        disk.remove("b")
        disk.remove("never there")
        assert world.run(disk.read("a")) == b"newer"
        assert world.run(disk.list()) == ("a",)

    def test_names_are_listed_by_prefix_in_order(self, world: DiskWorld) -> None:
        names = ("b", "nodes/n1/x", "nodes/n1/y", "nodes/n10/x", "nodés/\U0010ffff", "a b", "a%_")
        for name in reversed(names):
            world.disk.replace(name, name.encode())
        assert world.run(world.disk.list()) == tuple(sorted(names))
        assert world.run(world.disk.list("nodes/n1/")) == ("nodes/n1/x", "nodes/n1/y")
        assert world.run(world.disk.list("a%")) == ("a%_",)
        assert world.run(world.disk.list("none")) == ()
        assert world.run(world.disk.list("nodés/\U0010ffff")) == ("nodés/\U0010ffff",)
        everything = world.run(world.disk.read_all("nodes/"))
        assert list(everything) == ["nodes/n1/x", "nodes/n1/y", "nodes/n10/x"]
        assert all(content == name.encode() for name, content in everything.items())

    def test_what_is_synced_survives_a_crash(self, world: DiskWorld) -> None:
        for number in range(20):
            world.disk.replace(f"f{number}", bytes([number]) * 5000)
            world.disk.append("log", b"%d\n" % number)
        world.disk.remove("f7")
        world.run(world.disk.sync())
        world.crash()
        expected = [f"f{number}" for number in range(20) if number != 7]
        assert world.run(world.disk.list("f")) == tuple(sorted(expected))
        assert world.run(world.disk.read("f19")) == bytes([19]) * 5000
        log = b"".join(b"%d\n" % number for number in range(20))
        assert world.run(world.disk.read("log")) == log
        assert world.run(world.disk.verify()) == ()

    def test_after_a_crash_a_prefix_of_the_operations_holds(self, world: DiskWorld) -> None:
        """And the last append of it may be torn."""
        for attempt in range(5):
            disk = world.disk
            disk.replace("base", b"%d" % attempt)
            disk.replace("log", b"")
            disk.replace("other", b"old")
            world.run(disk.sync())
            for number in range(10):
                disk.append("log", b"record %d;" % number)
            disk.replace("other", b"new")
            world.crash()
            disk = world.disk
            assert world.run(disk.read("base")) == b"%d" % attempt
            log = world.run(disk.read("log"))
            whole = b"".join(b"record %d;" % number for number in range(10))
            assert log is not None
            assert whole.startswith(log)
            other = world.run(disk.read("other"))
            assert other == b"old" or (other == b"new" and log == whole)

    def test_writing_goes_on_after_a_crash(self, world: DiskWorld) -> None:
        world.disk.append("log", b"one")
        world.run(world.disk.sync())
        world.crash()
        world.disk.append("log", b" two")
        world.run(world.disk.sync())
        world.crash()
        assert world.run(world.disk.read("log")) == b"one two"

    def test_a_sync_with_nothing_to_do_returns(self, world: DiskWorld) -> None:
        world.run(world.disk.sync())
        world.disk.replace("a", b"1")
        world.run(world.disk.sync())
        world.run(world.disk.sync())
        assert world.run(world.disk.read("a")) == b"1"

    def test_a_full_disk_undoes_what_was_not_synced_and_can_be_used_on(
        self, world: DiskWorld
    ) -> None:
        disk = world.disk
        disk.replace("kept", b"before")
        world.run(disk.sync())
        world.fill()
        disk.replace("kept", b"after")
        disk.replace("large", bytes(64 * 1024))
        with pytest.raises(DiskFullError):
            world.run(disk.sync())
        assert world.run(disk.read("kept")) == b"before"
        assert world.run(disk.read("large")) is None
        world.make_room()
        disk.replace("large", b"\1" * 64 * 1024)
        world.run(disk.sync())
        world.crash()
        assert world.run(world.disk.read("large")) == b"\1" * 64 * 1024
        assert world.run(world.disk.read("kept")) == b"before"

    def test_a_full_disk_met_while_reading_fails_the_next_sync(self, world: DiskWorld) -> None:
        """Whoever syncs is told, also when it was a reader who pushed the write out."""
        disk = world.disk
        world.fill()
        disk.replace("large", bytes(64 * 1024))
        with contextlib.suppress(DiskFullError):
            world.run(disk.read("large"))
        with pytest.raises(DiskFullError):
            world.run(disk.sync())
        world.make_room()
        world.run(disk.sync())
        assert world.run(disk.read("large")) is None

    def test_damage_is_found_and_mended_by_replacing(self, world: DiskWorld) -> None:
        for name in ("a", "b", "c"):
            world.disk.replace(name, name.encode() * 3000)
        world.run(world.disk.sync())
        world.damage("b")
        disk = world.disk
        assert world.run(disk.verify()) == ("b",)
        with pytest.raises(DamagedError, match="b"):
            world.run(disk.read("b"))
        with pytest.raises(DamagedError):
            world.run(disk.read_all())
        assert world.run(disk.read("a")) == b"a" * 3000
        assert world.run(disk.list()) == ("a", "b", "c")
        disk.replace("b", b"mended")
        world.run(disk.sync())
        assert world.run(disk.verify()) == ()
        assert world.run(disk.read("b")) == b"mended"

    @pytest.mark.parametrize("name", ["", "x" * 1025, "é" * 513])
    def test_names_have_a_limit(self, world: DiskWorld, name: str) -> None:
        for write in (world.disk.replace, world.disk.append):
            with pytest.raises(TooLargeError):
                write(name, b"content")
        with pytest.raises(TooLargeError):
            world.disk.remove(name)
