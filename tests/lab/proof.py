"""Clients write on every node while real faults strike, and all that they saw is judged.

Every fault ends with everything mended and all members serving the same files again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from appliance.model.store.changes import Delete, Put
from tests.histories.evidence import ENDED, Evidence
from tests.lab.namespaces import shell
from tests.lab.remote import wait_until
from tests.lab.store_world import StoreDaemon, StoreWorld

KEYS: Final = (*(f"proof/{number}.cfg" for number in range(24)), "nodes/n1/qemu-server/100.conf")
PAUSE_S: Final = 10.0
OUTAGE_S: Final = 3.0  # after the others have noticed
_PATIENCE_S: Final = 90.0


@dataclass
class Proof:
    """`per_node` clients on each node, each pausing so long between two operations."""

    world: StoreWorld
    per_node: int = 4
    pause_s: float = 0.015
    large: float = 0.0005
    done: list[tuple[str, int]] = field(default_factory=list)  # faults, operations until then

    def begin(self) -> None:
        self.world.serve()
        for node in self.world.names:
            self._attend(self.world.daemon(node))
        self.world.on_daemon = self._attend

    def _attend(self, daemon: StoreDaemon) -> None:
        fields = {"count": self.per_node, "pause_s": self.pause_s, "large": self.large}
        daemon.agent.call("clients", keys=KEYS, **fields)

    def strike(self, name: str, node: str) -> None:
        """One fault on that node, mended; then everybody must serve again."""
        before = self._writes()
        FAULTS[name](self.world, node)
        wait_until(self.served, f"all to serve after {name} of {node}", patience_s=_PATIENCE_S)
        self.done.append((name, self._writes() - before))

    def served(self) -> bool:
        """Whether all serve together, and have committed since they were asked first."""
        states = [self.world.daemon(node).state() for node in self.world.names]
        expected = sorted(self.world.names)
        return all(state["serving"] and sorted(state["members"]) == expected for state in states)

    def _writes(self) -> int:
        """Entries that the first node knows to be committed."""
        state = self.world.daemon(self.world.names[0]).state()
        return int(state.get("committed", 0))

    def answered(self) -> int:
        """How many operations of all lives came back so far, refusals for want of quorum aside."""
        files = [daemon.evidence.read_bytes() for daemon in self.world.daemons()]
        return sum(content.count(ENDED) for content in files)

    def finish(self, *, lent: int = 0, answered: int = 0) -> Evidence:
        """Let the clients end, wait until all are alike, and judge what everybody saw.

        answered: not before so many operations came back.
        """
        while self.answered() < answered:
            self.world.sleep(0.5)
        calls = [self.world.daemon(node).agent.call("stop") for node in self.world.names]
        self.world.until(lambda: all(call.done for call in calls), "clients to end")
        self.world.serve()
        evidence = Evidence(dict.fromkeys(self.world.names, 1), lent)
        for daemon in self.world.daemons():
            evidence.read(daemon.node, daemon.evidence)
        evidence.wrong = evidence.judge()
        return evidence


# faults


def _noticed(world: StoreWorld, sides: Sequence[Sequence[str]]) -> None:
    """Wait until every side has a view of its own, and a little longer."""

    def separate() -> bool:
        return all(
            sorted(world.daemon(node).state().get("members", ())) == sorted(side)
            for side in sides
            for node in side
        )

    world.until(separate, f"the sides {sides}")
    world.sleep(OUTAGE_S)


def _others(world: StoreWorld, node: str) -> tuple[str, ...]:
    return tuple(name for name in world.names if name != node)


def cut(world: StoreWorld, node: str) -> None:
    world.lab.cut(node)
    _noticed(world, ((node,), _others(world, node)))
    world.heal()


def drop(world: StoreWorld, node: str) -> None:
    world.lab.drop(node)
    _noticed(world, ((node,), _others(world, node)))
    world.heal()


def drop_incoming(world: StoreWorld, node: str) -> None:
    world.lab.drop(node, outgoing=False)
    _noticed(world, ((node,), _others(world, node)))
    world.heal()


def drop_outgoing(world: StoreWorld, node: str) -> None:
    world.lab.drop(node, incoming=False)
    _noticed(world, ((node,), _others(world, node)))
    world.heal()


def split(world: StoreWorld, node: str) -> None:
    """Two sides, the node with one more of the others or none on the smaller."""
    others = _others(world, node)
    small = (node, *others[: (len(world.names) - 1) // 2 - 1])
    large = tuple(name for name in world.names if name not in small)
    world.partition(small, large)
    _noticed(world, (small, large))
    world.heal()


def kill_daemon(world: StoreWorld, node: str) -> None:
    world.end_daemon(node)
    world.sleep(1.0)
    world.start_daemon(node)


def kill_corosync(world: StoreWorld, node: str) -> None:
    world.end_service(node)
    world.sleep(OUTAGE_S)
    world.start_service(node)


def kill_both(world: StoreWorld, node: str) -> None:
    world.power_off(node)
    world.sleep(OUTAGE_S)
    world.power_on(node)


def stop_daemon(world: StoreWorld, node: str) -> None:
    world.daemon(node).agent.signal("STOP")
    world.sleep(PAUSE_S)
    world.daemon(node).agent.signal("CONT")


def stop_corosync(world: StoreWorld, node: str) -> None:
    world.lab.signal(node, "STOP")
    world.sleep(PAUSE_S)
    world.lab.signal(node, "CONT")


def stop_both(world: StoreWorld, node: str) -> None:
    world.pause(node)
    world.sleep(PAUSE_S)
    world.resume(node)


def restart_all(world: StoreWorld, _node: str) -> None:
    """Every daemon and every corosync dies at once; all come back."""
    for node in world.names:
        world.power_off(node)
    for node in world.names:
        world.power_on(node)


def fill_disk(world: StoreWorld, node: str) -> None:
    """No room is left where the node's database is, and more is written until it has noticed."""
    space, home = world.lab.spaces[node], world.database(node).parent
    shell(space, [f"dd if=/dev/zero of={home}/filler bs=64k 2>/dev/null || true"])
    other = world.daemon(_others(world, node)[0])
    ballast = [f"ballast/{number}" for number in range(48)]
    for path in ballast:
        world.finished(other.change(Put(path, path.encode() * 100_000)), "a large write")
        if not world.daemon(node).state()["serving"]:
            break
    else:
        raise AssertionError(f"{node} wrote 48 MB to a disk without room")
    world.sleep(OUTAGE_S)
    shell(space, [f"rm {home}/filler"])
    written = ballast[: ballast.index(path) + 1]
    world.finished(other.change(*map(Delete, written)), "the large files to be removed")


FAULTS: Final[Mapping[str, Callable[[StoreWorld, str], None]]] = {
    fault.__name__: fault
    for fault in (
        *(cut, drop, drop_incoming, drop_outgoing, split),
        *(kill_daemon, kill_corosync, kill_both, restart_all),
        *(stop_daemon, stop_corosync, stop_both, fill_disk),
    )
}
