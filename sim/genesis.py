"""The first state of a simulated cluster: what its configuration files say at the beginning."""

from __future__ import annotations

from collections.abc import Iterator

from appliance.model.errors import QuorateError
from appliance.model.ha.datacenter import parse_datacenter
from appliance.model.ha.groups import FILE as GROUPS
from appliance.model.ha.groups import parse_groups
from appliance.model.ha.guest_files import guest_file
from appliance.model.ha.resources import FILE as RESOURCES
from appliance.model.ha.resources import Resource, write_resources
from appliance.model.ha.rules import FILE as RULES
from appliance.model.ha.rules import parse_rules
from appliance.model.store.changes import File
from appliance.services.ha_store.config import DATACENTER
from sim.clock import WORLD_BEGAN_S
from sim.guests.processes import GuestHost
from sim.layout import ClusterLayout, GuestSpec

MIB = 1024**2


def first_files(layout: ClusterLayout) -> dict[str, File]:
    """What all nodes' stores begin with. ConfigError for a bad configuration text."""
    parse_datacenter(layout.datacenter_cfg, strict=True)
    parse_rules(layout.rules_cfg, strict=True)
    parse_groups(layout.groups_cfg, strict=True)
    writer = layout.node_names()[0]
    return {
        path: File(text.encode(), 1, WORLD_BEGAN_S, writer)
        for path, text in sorted(_texts(layout))
        if text
    }


def _texts(layout: ClusterLayout) -> Iterator[tuple[str, str]]:
    yield DATACENTER, layout.datacenter_cfg
    yield RULES, layout.rules_cfg
    yield GROUPS, layout.groups_cfg
    yield RESOURCES, write_resources(_resource(guest) for guest in _sorted(layout) if guest.ha)
    for guest in layout.guests:
        options = f"cores: {guest.cpus}\nmemory: {guest.memory_bytes // MIB}\n"
        yield guest_file(guest.sid, guest.node), options


def place_guests(layout: ClusterLayout, guests: GuestHost) -> None:
    """Disks for all guests, processes for those meant to run on nodes that are on."""
    on = {node.name for node in layout.nodes if node.initially_on}
    for guest in _sorted(layout):
        guests.catalog.add(guest)
        problem = guests.create_volume(guest.sid, guest.node)
        if problem is not None:
            raise QuorateError(f"{guest.sid}: {problem}")
        if guest.node in on and guest.state == "started":
            guests.adopt(guest.sid, guest.node)


def _sorted(layout: ClusterLayout) -> list[GuestSpec]:
    return sorted(layout.guests, key=lambda guest: guest.sid)


def _resource(guest: GuestSpec) -> Resource:
    return Resource(
        guest.sid,
        guest.state,
        guest.group,
        guest.failback,
        guest.max_restart,
        guest.max_relocate,
    )
