"""One seed: a cluster, clients, faults, and everything that must hold."""

from __future__ import annotations

from dataclasses import dataclass, field

from appliance.core.store.replica import Replica
from sim.entropy import Entropy
from sim.group.cluster import Daemon, StoreCluster
from sim.kernel import ORDER_COMMIT, to_us
from tests.histories.ledger import Ledger, committed_since
from tests.histories.linear import linearizable
from tests.sim.network.lab import cluster
from tests.sim.store.clients import Clients
from tests.sim.store.faults import Troubles

TROUBLE_S = 30.0
CALM_S = 26.0
LOOK_US = to_us(0.05)
LEASE = "manager"
LEASE_LIFE_S = 6.0


@dataclass
class Trial:
    """Runs one seed; `wrong` says what did not hold."""

    seed: int
    nodes: int = 0
    faults: int = 0
    wrong: list[str] = field(default_factory=list)
    held_s: float = 0.0

    def run(self) -> list[str]:
        entropy = Entropy(self.seed, "trial")
        self.nodes = self.nodes or (3, 3, 5, 4)[int(entropy.unit("nodes") * 4)]
        self.faults = self.faults or 3 + int(entropy.unit("faults") * 10)
        self.cluster = StoreCluster(
            cluster(self.nodes, token_s=1.0, token_coefficient_s=0.0), self.seed
        )
        self.clients = Clients(self.cluster, entropy.child("clients"))
        self.clients.pause_s = (0.4, 0.4, 3.0)[int(entropy.unit("pace") * 3)]
        faults = entropy.child("faults")
        self.troubles = Troubles(self.cluster, faults, TROUBLE_S, self._burst, self.clients.hush)
        self.ledger = Ledger()
        self.looked: dict[str, tuple[Replica, int]] = {}
        self.cluster.on_daemon = self._attend
        for name, machine in self.cluster.machines.items():
            assert machine.daemon is not None
            self._attend(name, machine.daemon)
        self.troubles.plan(self.faults)
        self._look()
        try:
            self.cluster.run(TROUBLE_S)
            self.troubles.heal()
            self.cluster.run(CALM_S)
            self.clients.stopped = True
            self.cluster.run(9.0)
            self._end()
        except Exception as error:  # noqa: BLE001 - a mutant may do anything
            self._say(f"raised {error!r}")
        return self.wrong

    def _say(self, what: str) -> None:
        if len(self.wrong) < 10:
            self.wrong.append(f"{self.cluster.kernel.now_s:.3f}: {what}")

    def _attend(self, node: str, daemon: Daemon) -> None:
        self.clients.attend(node, daemon)
        daemon.boot.spawn(self._hold(daemon), "holder")

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
            self._say(f"{' and '.join(held)} hold one lease")
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
            self._say(wrong)

    # at the end

    def _end(self) -> None:
        self.clients.recorder.finish()
        for who, error in self.cluster.failures:
            self._say(f"{who} failed: {error!r}")
        shares = dict.fromkeys(self.cluster.machines, 1)
        for wrong in self.ledger.judge(self.clients.recorder.acks, shares):
            self._say(wrong)
        self._check_convergence()
        for key, history in self.clients.recorder.history.items():
            if not linearizable(history):
                self._say(f"{key}: not linearizable")

    def _check_convergence(self) -> None:
        replicas = self.replicas()
        if len(replicas) < self.nodes:
            self._say(f"only {len(replicas)} of {self.nodes} run at the end")
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
