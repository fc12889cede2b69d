"""Whoever stops waiting for a simulated disk does not stop the disk for others."""

from __future__ import annotations

from sim.entropy import Entropy
from sim.group.disk import Platter, SimDisk
from sim.kernel import Kernel
from sim.tasks import Boot


def test_a_sync_that_nobody_waits_for_any_more_holds_up_nobody() -> None:
    kernel = Kernel()
    platter = Platter(Entropy(1))
    boot = Boot(kernel, "n1", 1, lambda _who, _error: None)
    disk = SimDisk(boot, platter)
    disk.replace("a", b"one")
    first, second = boot.spawn(disk.sync(), "first"), boot.spawn(disk.sync(), "second")
    kernel.run(1)
    first.cancel()
    kernel.run(10_000_000)
    assert second.done()
    assert platter.files["a"] == b"one"
