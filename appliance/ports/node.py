"""All ports of one boot of one node."""

from __future__ import annotations

from dataclasses import dataclass

from appliance.ports.clock import Clock, Paces
from appliance.ports.entropy import Entropy
from appliance.ports.guests import GuestRuntime, Migration
from appliance.ports.ha_store import HaConfigStore, HaState
from appliance.ports.journal import Journal
from appliance.ports.leases import Leases
from appliance.ports.membership import Membership
from appliance.ports.stats import Stats
from appliance.ports.tasks import Tasks
from appliance.ports.watchdog import Watchdog


@dataclass(frozen=True, slots=True)
class NodePorts:
    """What a node's services get when the node boots. A new boot gets new ones."""

    node: str
    clock: Clock
    paces: Paces
    tasks: Tasks
    entropy: Entropy
    journal: Journal
    membership: Membership
    leases: Leases
    ha_state: HaState
    ha_config: HaConfigStore
    watchdog: Watchdog
    guests: GuestRuntime
    migration: Migration
    stats: Stats
