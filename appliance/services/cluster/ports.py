"""What the cluster operations of one node run on."""

from __future__ import annotations

from dataclasses import dataclass

from appliance.ports.clock import Clock
from appliance.ports.cluster_service import ClusterService
from appliance.ports.config_store import ConfigStore
from appliance.ports.membership import LiveMembership
from appliance.ports.peers import Peers
from appliance.ports.this_host import ThisHost


@dataclass(frozen=True, slots=True)
class ClusterPorts:
    """Of one boot."""

    node: str
    clock: Clock
    store: ConfigStore
    membership: LiveMembership
    service: ClusterService
    host: ThisHost
    peers: Peers
