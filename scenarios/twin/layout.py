"""The cluster that answers describe, as far as a simulated one can be like it. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Final

from appliance.model.errors import ConfigError
from scenarios.format.names import NAME_HELP, is_node_name
from scenarios.twin.answers import Answers, Row
from scenarios.twin.guests import guests_of
from scenarios.twin.rules import groups_text, options_text, rules_text
from scenarios.twin.storages import storages_of
from scenarios.twin.values import number, whole
from sim.layout import ClusterLayout, GuestSpec, LinkSpec, NodeSpec, QuorumSpec, StorageSpec

MIB: Final = 1 << 20
_RINGS: Final = 8


@dataclass(frozen=True, slots=True)
class Twin:
    """notes: where it is not what it stands for, a sentence each."""

    layout: ClusterLayout
    notes: tuple[str, ...]


def twin_of(answers: Answers) -> Twin:
    """ConfigError when there are no nodes, or one whose name no scenario can have."""
    notes = list(answers.notes)
    nodes = _nodes(answers, notes)
    storages = storages_of(answers, [node.name for node in nodes], notes)
    guests = guests_of(answers, storages, notes)
    layout = ClusterLayout(
        nodes=tuple(_fitting_memory(guests, nodes, notes)),
        links=_links(answers, notes),
        quorum=_quorum(answers, len(nodes), notes),
        storages=_with_usual(_fitting_disks(guests, storages, notes)),
        guests=tuple(guests),
        rules_cfg=rules_text(answers.rules),
        groups_cfg=groups_text(answers.groups),
        datacenter_cfg=options_text(answers.options),
        name=_name(answers),
    )
    return Twin(layout, tuple(notes))


def _name(answers: Answers) -> str:
    for row in answers.status:
        if row.get("type") == "cluster" and row.get("name"):
            return str(row["name"])
    return "cluster"


def _nodes(answers: Answers, notes: list[str]) -> list[NodeSpec]:
    rows = sorted(
        (row for row in answers.resources if row.get("type") == "node"),
        key=lambda row: str(row.get("node")),
    )
    if not rows:
        raise ConfigError("the cluster shows no nodes: the token needs Sys.Audit on /nodes")
    votes = {
        str(row.get("node") or row.get("name")): whole(row.get("quorum_votes"), 1)
        for row in answers.corosync_nodes
    }
    found = [_node(row, votes) for row in rows]
    away = [str(row["node"]) for row in rows if row.get("status") == "offline"]
    if away:
        notes.append(f"{', '.join(away)} did not run; here every node runs at the beginning")
    return found


def _node(row: Row, votes: Mapping[str, int]) -> NodeSpec:
    name = str(row.get("node"))
    if not is_node_name(name):
        raise ConfigError(f"node '{name}' cannot be in a scenario: {NAME_HELP}")
    usual = NodeSpec(name)
    return replace(
        usual,
        cpus=max(1, whole(row.get("maxcpu"), usual.cpus)),
        memory_bytes=whole(row.get("maxmem"), usual.memory_bytes) or usual.memory_bytes,
        votes=votes.get(name, 1),
    )


def _links(answers: Answers, notes: list[str]) -> tuple[LinkSpec, ...]:
    """As many as the node with the most addresses has."""
    count = max(
        (
            sum(f"ring{ring}_addr" in row for ring in range(_RINGS))
            for row in answers.corosync_nodes
        ),
        default=0,
    )
    if not count:
        notes.append("how many cluster links there are is not known: there are two here")
        return ClusterLayout(nodes=()).links
    return tuple(LinkSpec(f"link{at}", {"site1": f"switch{at + 1}"}) for at in range(count))


def _quorum(answers: Answers, nodes: int, notes: list[str]) -> QuorumSpec:
    usual, totem = QuorumSpec(), answers.totem
    spec = replace(
        usual,
        token_s=number(totem.get("token"), usual.token_s * 1000) / 1000,
        token_coefficient_s=number(totem.get("token_coefficient"), usual.token_coefficient_s * 1000)
        / 1000,
    )
    if not answers.device:
        return spec
    said = str(answers.device.get("Algorithm", "")).lower()
    algorithm = "lms" if "lms" in said or "last" in said else "ffsplit"
    notes.append("the quorum device is reached over a network of its own here")
    return replace(spec, qdevice=nodes > 1, qdevice_algorithm=algorithm)


def _with_usual(storages: Iterable[StorageSpec]) -> tuple[StorageSpec, ...]:
    """Every scenario has a storage `shared` and a `local`, used or not."""
    usual = {storage.name: storage for storage in ClusterLayout(nodes=()).storages}
    return tuple((usual | {storage.name: storage for storage in storages}).values())


# what a simulated cluster does not take at its beginning


def _fitting_memory(
    guests: list[GuestSpec], nodes: list[NodeSpec], notes: list[str]
) -> list[NodeSpec]:
    """Where more memory is promised than is there, nodes get what their guests need."""
    used: dict[str, int] = defaultdict(int)
    for guest in guests:
        used[guest.node] += guest.memory_bytes if guest.state == "started" else 0
    found = []
    for node in nodes:
        short = used[node.name] > node.memory_bytes
        if short:
            notes.append(
                f"{node.name} has {node.memory_bytes // MIB} MiB and promises its guests "
                f"{used[node.name] // MIB} MiB: here it has what it promises"
            )
        found.append(replace(node, memory_bytes=used[node.name]) if short else node)
    return found


def _fitting_disks(
    guests: list[GuestSpec], storages: tuple[StorageSpec, ...], notes: list[str]
) -> tuple[StorageSpec, ...]:
    """Thin storages promise more than they have: they get it."""
    used: dict[tuple[str, str], int] = defaultdict(int)
    shared = {storage.name for storage in storages if storage.shared}
    for guest in guests:
        used[guest.storage, "" if guest.storage in shared else guest.node] += guest.disk_bytes
    found = []
    for storage in storages:
        most = max((size for (name, _), size in used.items() if name == storage.name), default=0)
        short = most > storage.capacity_bytes
        if short:
            notes.append(f"storage {storage.name} has room here for all that it promises")
        found.append(replace(storage, capacity_bytes=most) if short else storage)
    return tuple(found)
