"""How fast three real corosyncs are from Python, and what a cut-off node believes.

    python -m tests.lab.measure speed
    python -m tests.lab.measure store
    python -m tests.lab.measure lonely [TRIALS]

`lonely` cuts a node off while all send, and counts the messages that this node got back in the
view of all three although nobody else ever got them.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Final

from tests.contract.group import Group, delivered
from tests.contract.histories import segments
from tests.contract.worlds import Call
from tests.lab.cluster import Lab
from tests.lab.loads import QUIET, loads
from tests.lab.remote import wait_until
from tests.lab.speed import NAMES, joining, syncs, writers
from tests.lab.world import make_world, why_not

LOADS: Final[Sequence[tuple[str, tuple[str, str, str]]]] = (
    ("1 writer, 1 KiB", ("write 3 2000 1024 1", "listen 3", "listen 3")),
    ("64 writers on one node, 1 KiB", ("write 3 32000 1024 64", "listen 3", "listen 3")),
    ("64 writers on each node, 1 KiB", ("write 3 9600 1024 64",) * 3),
    ("1 node floods, 1 KiB", ("flood 3 30000 1024", "listen 3", "listen 3")),
    ("3 nodes flood, 1 KiB", ("flood 3 10000 1024",) * 3),
    ("1 node floods, 16 KiB", ("flood 3 5000 16384", "listen 3", "listen 3")),
    ("1 node floods, 4 MiB", ("flood 3 20 4194304", "listen 3", "listen 3")),
)


def say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def speed(folder: Path) -> None:
    """Run all loads, one after another."""
    with Lab(folder, NAMES) as lab:
        lab.start()
        lab.wait_quorate()
        for what, parts in LOADS:
            say(what)
            with loads(lab) as running:
                started = [running.raw(*each) for each in zip(NAMES, parts, strict=True)]
                for load in started:
                    if not load.what.startswith(QUIET):
                        say(f"  {load.node} {load.measured()}")


def store(folder: Path) -> None:
    """The store beside the group channel alone."""
    with Lab(folder, NAMES) as lab:
        lab.start()
        lab.wait_quorate()
        for count, each in ((1, 2000), (64, 500)):
            compared = writers(lab, count, each)
            say(f"{count} writers of 1 KiB on one node")
            say(f"  group channel {compared.raw}")
            say(f"  store         {compared.store}")
        say(f"sync of one page on all three at once: {syncs(lab, 1000)} us")
        for what, measured in joining(lab, 10_000).items():
            say(f"{what} with 10,000 files of 4 kB: {measured}")


def _all_done(calls: Sequence[Call]) -> bool:
    return all(call.done for call in calls)


def lonely(folder: Path, trials: int) -> None:
    """Cut n1 off under load, again and again."""
    world = make_world(folder, NAMES)
    try:
        for trial in range(1, trials + 1):
            world.begin()
            group = Group(world)
            group.join()
            streams = [group.stream(node, 1.0, 100) for node in NAMES]
            world.sleep(0.5)
            world.lab.cut("n1")
            group.see(("n1",), ("n1",))
            group.see(NAMES[1:], NAMES[1:])
            wait_until(partial(_all_done, streams), "streams")
            others = {payload for node in NAMES[1:] for payload in delivered(world.daemon(node))}
            believed = [
                payload
                for segment in segments(world.daemon("n1").history)
                if segment.view.members == NAMES
                for _, payload in segment.messages
                if payload not in others
            ]
            say(f"cut {trial}: n1 got {len(believed)} messages of its own that nobody else got")
            world.end()
    finally:
        world.lab.end()


if __name__ == "__main__":
    reason = why_not()
    if reason:
        sys.exit(f"no lab on this machine: {reason}")
    with tempfile.TemporaryDirectory() as place:
        home = Path(place) / "lab"
        if sys.argv[1:2] == ["speed"]:
            speed(home)
        elif sys.argv[1:2] == ["store"]:
            store(home)
        elif sys.argv[1:2] == ["lonely"]:
            lonely(home, int(sys.argv[2]) if sys.argv[2:] else 10)
        else:
            sys.exit(__doc__)
