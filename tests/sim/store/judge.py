"""One seed: a cluster, clients, operators, faults, and everything that must hold."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from appliance.core.store import durable
from appliance.core.store.replica import Replica
from appliance.core.store.session import Session
from appliance.model.store.electorate import Electorate
from appliance.model.store.messages import Begin
from sim.entropy import Entropy
from sim.group.cluster import Daemon, StoreCluster
from sim.kernel import ORDER_COMMIT, to_us
from tests.histories.ledger import Ledger, committed_since
from tests.histories.linear import Op, linearizable
from tests.sim.store.clients import Clients
from tests.sim.store.faults import Moment, Troubles
from tests.sim.store.growth import Growth, layout_in
from tests.sim.store.mirror import Mirror
from tests.sim.store.moves import Moves
from tests.sim.store.shape import drawn

TROUBLE_S = 30.0
CALM_S = 26.0
LOOK_US = to_us(0.05)
FOLDS = (durable.CHECKPOINT_RECORDS, 100, 8)  # entries until a log is folded
LEASE = "manager"
LEASE_LIFE_S = 6.0


@dataclass
class Trial:
    """Runs one seed; `wrong` says what did not hold.

    parted: that nodes went on which share nobody with those before. Where a quorum device changed
    sides that can be, and what those before acknowledged is lost. forked: what follows from that.
    """

    seed: int
    nodes: int = 0
    faults: int = 0
    wrong: list[str] = field(default_factory=list)
    forked: list[str] = field(default_factory=list)
    held_s: float = 0.0
    parted: str = ""

    def run(self) -> list[str]:
        self._build()
        with pytest.MonkeyPatch.context() as patch:
            self._observe(patch)
            # So that a short life has what a long one has: logs that are folded, also in a crash.
            patch.setattr(durable, "CHECKPOINT_RECORDS", self.fold_after)
            try:
                self._play()
                self._end()
            except Exception as error:  # noqa: BLE001 - a mutant may do anything
                self._say(f"raised {error!r}")
                self.wrong += self.forked
        return self.wrong

    def _build(self) -> None:
        entropy = Entropy(self.seed, "trial")
        self.fold_after = FOLDS[int(entropy.unit("folds") * len(FOLDS))]
        self.shape = shape = drawn(entropy.child("shape"), self.nodes)
        self.faults = self.faults or 3 + int(entropy.unit("faults") * 10)
        self.cluster = StoreCluster(shape.layout(), self.seed, outside=shape.outside)
        self.clients = Clients(self.cluster, entropy.child("clients"))
        self.clients.pause_s = (0.4, 0.4, 3.0)[int(entropy.unit("pace") * 3)]
        self.clients.recorder.told = self._told
        self.troubles = Troubles(
            self.cluster, entropy.child("faults"), TROUBLE_S, self._burst, self.clients.hush, shape
        )
        self.growth = Growth(self.cluster)
        moves = entropy.child("moves")
        self.moves = Moves(self.cluster, self.growth, moves, shape, TROUBLE_S)
        self.ledger = Ledger()
        self.looked: dict[str, tuple[Replica, int]] = {}
        self.mirrors: dict[str, Mirror] = {}
        self.cluster.on_daemon = self._attend
        for name, machine in self.cluster.machines.items():
            if machine.daemon is not None:
                self._attend(name, machine.daemon)

    def _play(self) -> None:
        self.moves.plan()
        self.troubles.plan(self.faults)
        self._look()
        self.cluster.run(TROUBLE_S)
        self.troubles.heal()
        self.moves.finish()
        self.cluster.run(CALM_S)
        self.clients.stopped = True
        self.cluster.run(9.0)

    def _say(self, what: str) -> None:
        self._add(self.wrong, what)

    def _add(self, findings: list[str], what: str) -> None:
        if len(findings) < 10:
            findings.append(f"{self.cluster.kernel.now_s:.3f}: {what}")

    def _attend(self, node: str, daemon: Daemon) -> None:
        self.growth.attend(node, daemon)
        self.clients.attend(node, daemon)
        daemon.boot.spawn(self._hold(daemon), "holder")
        mirror = self.mirrors[node] = Mirror(daemon)
        daemon.boot.spawn(mirror.follow(), "mirror")

    async def _hold(self, daemon: Daemon) -> None:
        """Tries to have the lease, and keeps it for a while."""
        while not self.clients.stopped:
            await daemon.boot.sleep(to_us(1.7))
            if daemon.store.failure is None:
                await self._renew(daemon)

    async def _renew(self, daemon: Daemon) -> None:
        if daemon.boot.node and len(daemon.store.paths()) % 5 == 4:
            await daemon.leases.release(LEASE)
        else:
            await daemon.leases.renew(LEASE, LEASE_LIFE_S)

    def _burst(self, nodes: tuple[str, ...]) -> None:
        self.clients.burst(nodes)
        for node in nodes:
            daemon = self.cluster.machines[node].daemon
            if daemon is not None and daemon.store.running:
                daemon.boot.spawn(self._renew(daemon), "renew")

    # always

    def _observe(self, patch: pytest.MonkeyPatch) -> None:
        """Be there when members promise, ask and commit."""
        begin, ask, commit = Replica._on_begin, Replica.ask, Replica._commit
        troubles = self.troubles

        def on_begin(replica: Replica, sender: str, message: Begin, now_s: float) -> None:
            begin(replica, sender, message, now_s)
            troubles.reached(replica.node, Moment.PROMISE)

        def asking(replica: Replica, *, whole: bool = False) -> None:
            ask(replica, whole=whole)
            troubles.reached(replica.node, Moment.TRANSFER, whole=not replica.trusted)
            self.moves.behind()

        def committing(replica: Replica, version: int, now_s: float) -> None:
            session, before = replica.session, replica.log.committed
            commit(replica, version, now_s)
            for one in range(before + 1, replica.log.committed + 1):
                self._decided(session, one)
            self._look_at(replica)  # before a crash takes it, and a folded log does not have it

        patch.setattr(Replica, "_on_begin", on_begin)
        patch.setattr(Replica, "ask", asking)
        patch.setattr(Replica, "_commit", committing)

    def _decided(self, session: Session | None, version: int) -> None:
        assert session is not None, "only a session commits"
        self.ledger.decide(version, session.members)

    def _told(self, what: str, key: str, op: Op) -> None:
        """A client heard of an operation of his."""
        acks = self.clients.recorder.acks
        if what == "ended" and acks and acks[-1].number == op.number:
            version = acks[-1].version
            if version not in self.ledger.decided:
                self._say(f"{op.number} was acknowledged before it was committed anywhere")

    def replicas(self) -> list[Replica]:
        daemons = [machine.daemon for machine in self.cluster.machines.values()]
        return [
            daemon.store.replica
            for daemon in daemons
            if daemon is not None and daemon.store.running
        ]

    def _look(self) -> None:
        for replica in self.replicas():
            self._look_at(replica)
        held = [
            name
            for name, machine in self.cluster.machines.items()
            if machine.daemon is not None and machine.daemon.leases.held(LEASE)
        ]
        self.held_s += 0.05 * bool(held)
        if len(held) > 1:
            self._add(self.forked, f"{' and '.join(held)} hold one lease")
        self.cluster.kernel.call_in(LOOK_US, self._look, ORDER_COMMIT)

    def _look_at(self, replica: Replica) -> None:
        before, version = self.looked.get(replica.node, (None, 0))
        if before is not replica:
            version = 0
        self.looked[replica.node] = (replica, replica.log.committed)
        session = replica.session
        if session is not None and session.open:
            self.ledger.sessions[session.epoch] = session.members
        for wrong in self.ledger.note(replica.node, committed_since(replica, version)):
            self._add(self.forked, wrong)

    # at the end

    def _end(self) -> None:
        self.clients.recorder.finish()
        self.parted = next(self.ledger.partings(), "")
        if not self.parted or not self._lends():
            self.wrong += self.forked
            self._check_history()
        for who, error in self.cluster.failures:
            self._say(f"{who} failed: {error!r}")
        self._check_convergence()

    def _lends(self) -> bool:
        """Whether a quorum device ever gave votes."""
        entries = self.ledger.versions.values()
        return self.shape.device or any(
            entry.electorate and entry.electorate.device for entry in entries
        )

    def _check_history(self) -> None:
        if self.parted:
            self._say(self.parted)
        names = [f"n{number}" for number in range(1, self.shape.inside + 1)]
        votes = tuple((name, self.shape.votes.get(name, 1)) for name in names)
        first = Electorate(0, 0, votes, int(self.shape.device))
        for wrong in self.ledger.by_few(first):
            self._say(wrong)
        for wrong in self.ledger.lost(self.clients.recorder.acks):
            self._say(wrong)
        for key, history in self.clients.recorder.history.items():
            if not linearizable(history):
                self._say(f"{key}: not linearizable")

    def _nodes(self, replicas: list[Replica]) -> tuple[str, ...]:
        """Who has to be there in the end."""
        daemons = [self.cluster.machines[replica.node].daemon for replica in replicas]
        found = [layout_in(daemon.store) for daemon in daemons if daemon is not None]
        confs = [one[0] for one in found if one is not None]
        newest = max(confs, key=lambda conf: conf.version, default=None)
        if newest is not None:
            return tuple(node.name for node in newest.nodes())
        return tuple(f"n{number}" for number in range(1, self.shape.inside + 1))

    def _check_convergence(self) -> None:
        names = self._nodes(self.replicas())
        replicas = [replica for replica in self.replicas() if replica.node in names]
        if len(replicas) < len(names):
            self._say(f"only {len(replicas)} of {len(names)} run at the end")
        first = replicas[0]
        for replica in replicas:
            if not replica.serving or replica.log.committed != replica.log.last.version:
                self._say(f"{replica.node} does not serve, or has more than is committed")
            if replica.log.last != first.log.last:
                self._say(f"{replica.node} and {first.node} end differently")
            elif replica.tree.committed != first.tree.committed:
                self._say(f"{replica.node} and {first.node} have different files")
            if not replica.trusted:
                self._say(f"{replica.node} is still not trusted")
            mirror = self.mirrors[replica.node]
            for wrong in (*(() if self.parted else mirror.wrong), *mirror.missed()):
                self._say(f"watched on {replica.node}: {wrong}")
