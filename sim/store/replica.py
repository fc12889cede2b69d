"""One copy of the cluster's state: shared by the nodes of a view, split and merged with them."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from appliance.model.errors import StaleError
from appliance.model.ha.status import LrmStatus, ManagerStatus
from appliance.ports.ha_store import DatacenterOptions, HaConfig
from sim.pace import Effect
from sim.pulse import Renewal

ROUNDS_KEPT = 64


@dataclass(slots=True)
class Lease:
    """A cluster lock. `effect` is its last real renewal; a coasting holder goes on from it.

    watched: a timer will notice when it runs out.
    """

    owner: str
    effect: Effect
    life_us: int
    taken_us: int
    renewal: Renewal | None = None
    watched: bool = False

    def renewed_us(self, now_us: int) -> int:
        if self.renewal is None:
            return self.effect.done_us
        return self.renewal.last_us(now_us) if self.renewal.count(now_us) else self.effect.done_us

    def free_in_us(self, now_us: int) -> int:
        """How long it lives if nobody renews it any more; negative when it ran out."""
        return self.renewed_us(now_us) + self.life_us - now_us

    def held(self, now_us: int) -> bool:
        return self.free_in_us(now_us) >= 0

    @property
    def beating(self) -> bool:
        """Whether its holder keeps renewing it without being asked."""
        return self.renewal is not None and self.renewal.pulse.beating


@dataclass(slots=True)
class ManagerCell:
    """The manager status as last written, and the rounds that a coasting master adds to it."""

    status: ManagerStatus = field(default_factory=ManagerStatus)
    effect: Effect = field(default_factory=lambda: Effect(0, 0))
    renewal: Renewal | None = None

    def rounds_added(self, now_us: int) -> int:
        return self.renewal.count(now_us) if self.renewal is not None else 0


@dataclass(slots=True)
class LrmCell:
    """A node's LRM status as last written, and the ticks that a coasting LRM adds to it."""

    status: LrmStatus
    effect: Effect
    renewal: Renewal | None = None


@dataclass(slots=True)
class Replica:
    """The state, and the nodes that share it.

    The newest of two replicas is the one with the higher (epoch, commits): an epoch begins with
    every quorate view, so a minority's copy never wins over the majority's.
    """

    members: tuple[str, ...]
    config: HaConfig = field(default_factory=HaConfig)
    options: DatacenterOptions = field(default_factory=DatacenterOptions)
    epoch: int = 0
    commits: int = 0
    manager: list[ManagerCell] = field(default_factory=lambda: [ManagerCell()])  # newest last
    lrm: dict[str, LrmCell] = field(default_factory=dict)
    commands: tuple[str, ...] = ()
    leases: dict[str, Lease] = field(default_factory=dict)
    guest_nodes: dict[str, str] = field(default_factory=dict)  # sid -> where its configuration is
    guest_locks: dict[str, str] = field(default_factory=dict)
    guests_version: int = 0  # of the two above; no two contents in the world share a number
    written: dict[str, int] = field(default_factory=dict)  # node -> how many writes it made

    def copy(self, members: tuple[str, ...]) -> Replica:
        """For nodes that go their own way from here."""
        return replace(
            self,
            members=members,
            manager=[replace(cell) for cell in self.manager],
            lrm={node: replace(cell) for node, cell in self.lrm.items()},
            leases={name: replace(lease, watched=False) for name, lease in self.leases.items()},
            guest_nodes=dict(self.guest_nodes),
            guest_locks=dict(self.guest_locks),
            written=dict(self.written),
        )

    # manager status

    def manager_status(self, now_us: int) -> ManagerStatus:
        cell = self.manager[-1]
        added = cell.rounds_added(now_us)
        if added == 0:
            return cell.status
        return replace(cell.status, round=cell.status.round + added)

    def put_manager_status(self, status: ManagerStatus, effect: Effect) -> None:
        self.manager.append(ManagerCell(status, effect))
        del self.manager[:-ROUNDS_KEPT]

    def round_at(self, at_us: int) -> int | None:
        """The round of the manager status as it was then; None if that is forgotten."""
        for cell in reversed(self.manager):
            if cell.effect.done_us <= at_us:
                return cell.status.round + cell.rounds_added(at_us)
        return None

    # LRM statuses

    def lrm_status(self, node: str, now_us: int) -> LrmStatus | None:
        cell = self.lrm.get(node)
        if cell is None:
            return None
        if cell.renewal is None or cell.renewal.count(now_us) == 0:
            return cell.status
        seen = self.round_at(cell.renewal.last_tick_us(now_us))
        if seen is None or seen == cell.status.checked_round:
            return cell.status
        return replace(cell.status, checked_round=seen)

    def guard(self, name: str, node: str, now_us: int) -> None:
        """StaleError unless the node holds that lease now."""
        lease = self.leases.get(name)
        if lease is None or lease.owner != node or not lease.held(now_us):
            raise StaleError(f"{node} does not hold {name}")
