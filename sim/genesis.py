"""The first state of a simulated cluster: what its configuration files say at the beginning."""

from __future__ import annotations

import hashlib

from appliance.model.errors import QuorateError
from appliance.model.ha.datacenter import parse_datacenter
from appliance.model.ha.groups import parse_groups
from appliance.model.ha.resources import ServiceConfig
from appliance.model.ha.rules import parse_rules
from appliance.ports.ha_store import DatacenterOptions, HaConfig
from sim.guests.processes import GuestHost
from sim.layout import ClusterLayout, GuestSpec
from sim.store.replica import Replica


def first_replica(layout: ClusterLayout) -> Replica:
    """The replica that all nodes begin with. ConfigError for a bad configuration text."""
    datacenter = parse_datacenter(layout.datacenter_cfg, strict=True)
    return Replica(
        members=layout.node_names(),
        config=HaConfig(
            services={guest.sid: _service(guest) for guest in _sorted(layout) if guest.ha},
            rules=parse_rules(layout.rules_cfg, strict=True),
            rules_digest=_digest(layout.rules_cfg),
            groups=parse_groups(layout.groups_cfg, strict=True).groups,
            groups_digest=_digest(layout.groups_cfg),
        ),
        options=DatacenterOptions(datacenter.ha, datacenter.crs, datacenter.max_workers),
        guest_nodes={guest.sid: guest.node for guest in _sorted(layout)},
    )


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


def _service(guest: GuestSpec) -> ServiceConfig:
    return ServiceConfig(
        guest.sid,
        guest.node,
        guest.state,
        guest.group,
        guest.failback,
        guest.max_restart,
        guest.max_relocate,
    )


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
