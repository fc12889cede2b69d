"""What a simulated cluster is made of. Plain values; scenario files are parsed into these.

Everything here is checked by whoever builds it (see the scenario format); the world only assumes
that names refer to things that exist.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

GIB = 1024**3


@dataclass(frozen=True, slots=True)
class NodeSpec:
    """A machine.

    watchdog: `hardware` resets a hung kernel too, `softdog` dies with the kernel it runs in,
    `broken` never fires. drift_ppm: how much faster its clock runs. skew_s: wall clock offset.
    initially_on: whether it is running when the world begins.
    """

    name: str
    site: str = "site1"
    cpus: int = 24
    memory_bytes: int = 128 * GIB
    votes: int = 1
    boot_s: float = 90.0
    shutdown_s: float = 20.0
    watchdog: str = "hardware"
    drift_ppm: int = 0
    skew_s: float = 0.0
    version: str = "9.1.2"
    initially_on: bool = True


@dataclass(frozen=True, slots=True)
class LinkSpec:
    """A cluster network: every node has one NIC on it, plugged into the switch of the node's site.

    switches: site -> switch name; switches of one link are connected to each other (trunks).
    latency_ms: one way, per hop. bandwidth_bytes_s: what a migration gets.
    """

    name: str
    switches: Mapping[str, str] = field(default_factory=lambda: {"site1": "switch1"})
    latency_ms: float = 0.2
    bandwidth_bytes_s: float = 1.25e9


@dataclass(frozen=True, slots=True)
class QuorumSpec:
    """The quorum section of corosync.conf, and the totem timings that decide detection."""

    two_node: bool = False
    wait_for_all: bool | None = None  # None: implied by two_node
    last_man_standing: bool = False
    last_man_standing_window_s: float = 10.0
    auto_tie_breaker: bool = False
    auto_tie_breaker_node: str = "lowest"  # lowest, highest or a list of names by comma
    qdevice: bool = False
    qdevice_site: str | None = None  # None: reachable unless a fault cuts it
    qdevice_algorithm: str = "ffsplit"  # or lms
    qdevice_timeout_s: float = 10.0
    qdevice_sync_timeout_s: float = 30.0
    token_s: float = 3.0
    token_coefficient_s: float = 0.65


@dataclass(frozen=True, slots=True)
class StorageSpec:
    """A pool. nodes: where it is available, empty = everywhere. Local pools share no volumes."""

    name: str
    shared: bool = True
    capacity_bytes: int = 10 * 1024 * GIB
    nodes: tuple[str, ...] = ()
    bandwidth_bytes_s: float = 1.0e9


@dataclass(frozen=True, slots=True)
class GuestSpec:
    """A guest and, if `ha`, its HA resource options.

    sid: `vm:100` or `ct:101`. start_fails: node name or `*` -> how many starts fail there before
    one works (-1: all). migration_fails: how many moves fail before one works.
    busy: share of its CPU it uses, busy_memory: of its memory; dirty_bytes_s: what a live
    migration has to copy again. disks: pool and volume name of each of its disks; None: one, on
    `storage`, named by the guest's number.
    """

    sid: str
    node: str
    storage: str = "shared"
    disk_bytes: int = 32 * GIB
    cpus: int = 2
    memory_bytes: int = 4 * GIB
    busy: float = 0.3
    busy_memory: float = 0.5
    dirty_bytes_s: float = 50e6
    start_s: float = 4.0
    stop_s: float = 8.0
    start_fails: Mapping[str, int] = field(default_factory=dict)
    migration_fails: int = 0
    ha: bool = True
    state: str = "started"
    group: str | None = None
    failback: bool = True
    max_restart: int = 1
    max_relocate: int = 1
    disks: tuple[tuple[str, str], ...] | None = None


@dataclass(frozen=True, slots=True)
class ClusterLayout:
    """A whole simulated cluster at its beginning.

    rules_cfg, groups_cfg and datacenter_cfg are texts in Proxmox VE's formats.
    """

    nodes: tuple[NodeSpec, ...]
    links: tuple[LinkSpec, ...] = (LinkSpec("link0"), LinkSpec("link1", {"site1": "switch2"}))
    quorum: QuorumSpec = field(default_factory=QuorumSpec)
    storages: tuple[StorageSpec, ...] = (
        StorageSpec("shared"),
        StorageSpec("local", shared=False, capacity_bytes=1024 * GIB),
    )
    guests: tuple[GuestSpec, ...] = ()
    rules_cfg: str = ""
    groups_cfg: str = ""
    datacenter_cfg: str = ""
    name: str = "cluster"

    def node_names(self) -> tuple[str, ...]:
        return tuple(sorted(node.name for node in self.nodes))
