"""Starting states that no real cluster could be in are refused, with the reason."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

from scenarios.format.cluster import Cluster
from scenarios.format.fields import Place
from scenarios.quantities import size_text
from sim.layout import ClusterLayout, GuestSpec


def check_possible(
    cluster: Cluster, guests: Sequence[GuestSpec], places: Mapping[str, Place]
) -> None:
    """Raises ConfigError at the first guest that cannot be where it is said to be."""
    layout = cluster.layout
    if not any(node.initially_on for node in layout.nodes):
        cluster.table.fail("nodes", "every node is off: nothing can happen")
    if not any(node.votes for node in layout.nodes):
        cluster.table.fail("nodes", "no node has a vote: there can never be a quorum")
    _nodes_are_on(layout, guests, places)
    _storages_are_there(layout, guests, places)
    _memory_suffices(layout, guests, places)
    _disks_fit(layout, guests, places)


def _nodes_are_on(
    layout: ClusterLayout, guests: Sequence[GuestSpec], places: Mapping[str, Place]
) -> None:
    off = [node.name for node in layout.nodes if not node.initially_on]
    for guest in guests:
        if guest.node in off and guest.state == "started":
            places[guest.sid].fail(
                f"'{guest.sid}' cannot be started: '{guest.node}' is off at the beginning"
                ' (set state = "stopped", or switch the node on)'
            )


def _storages_are_there(
    layout: ClusterLayout, guests: Sequence[GuestSpec], places: Mapping[str, Place]
) -> None:
    storages = {storage.name: storage for storage in layout.storages}
    for guest in guests:
        only = storages[guest.storage].nodes
        if only and guest.node not in only:
            places[guest.sid].fail(
                f"'{guest.sid}' is on '{guest.node}', where storage '{guest.storage}' is not"
                f" (it is on {', '.join(only)})"
            )


def _memory_suffices(
    layout: ClusterLayout, guests: Sequence[GuestSpec], places: Mapping[str, Place]
) -> None:
    has = {node.name: node.memory_bytes for node in layout.nodes}
    used: dict[str, int] = defaultdict(int)
    for guest in guests:
        if guest.state == "started":
            used[guest.node] += guest.memory_bytes
            if used[guest.node] > has[guest.node]:
                places[guest.sid].fail(
                    f"with '{guest.sid}' the started guests of '{guest.node}' need"
                    f" {size_text(used[guest.node])}, it has {size_text(has[guest.node])}"
                )


def _disks_fit(
    layout: ClusterLayout, guests: Sequence[GuestSpec], places: Mapping[str, Place]
) -> None:
    storages = {storage.name: storage for storage in layout.storages}
    used: dict[tuple[str, str], int] = defaultdict(int)
    for guest in guests:
        storage = storages[guest.storage]
        pool = (storage.name, "" if storage.shared else guest.node)
        used[pool] += guest.disk_bytes
        if used[pool] > storage.capacity_bytes:
            where = "" if storage.shared else f" of '{guest.node}'"
            places[guest.sid].fail(
                f"with '{guest.sid}' the guests need {size_text(used[pool])} of storage"
                f" '{storage.name}'{where}, it has {size_text(storage.capacity_bytes)}"
            )
