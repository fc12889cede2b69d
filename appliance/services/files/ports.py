"""What the file view of one node runs on."""

from __future__ import annotations

from dataclasses import dataclass

from appliance.ports.clock import Clock
from appliance.ports.config_store import ConfigStore
from appliance.ports.journal import Journal
from appliance.ports.membership import Membership
from appliance.ports.tasks import Tasks


@dataclass(frozen=True, slots=True)
class FilePorts:
    node: str
    store: ConfigStore
    membership: Membership
    clock: Clock
    tasks: Tasks
    journal: Journal
