"""What the handlers of one node work with."""

from __future__ import annotations

from dataclasses import dataclass

from appliance.ports.clock import Clock
from appliance.ports.config_store import ConfigStore
from appliance.ports.entropy import Entropy
from appliance.ports.journal import Journal
from appliance.ports.keeper import Keeper
from appliance.ports.membership import LiveMembership
from appliance.ports.node_system import NodeSystem
from appliance.ports.tasks import Tasks
from appliance.services.access.accounts import Accounts
from appliance.services.cluster.passing import Passing
from appliance.services.cluster.ports import ClusterPorts
from appliance.services.guest_changes.ports import ChangePorts
from appliance.services.guests.node import GuestNode
from appliance.services.storage.ports import StoragePorts
from appliance.services.store.service import StoreService
from appliance.services.tasks.work import Work


@dataclass(frozen=True, slots=True)
class ApiPorts:
    """Of one boot of one node.

    store: the configuration, as all handlers know it. member: the node's own part in it, which
    `/store/...` shows; None where the store is not made of members. passing: to other nodes.
    system: the node's operating system; None where it is not managed.
    changes: what changes of guests work with; None where no guests run.
    """

    node: str
    clock: Clock
    tasks: Tasks
    entropy: Entropy
    journal: Journal
    membership: LiveMembership
    store: ConfigStore
    keeper: Keeper
    accounts: Accounts
    work: Work
    cluster: ClusterPorts | None = None
    passing: Passing | None = None
    member: StoreService | None = None
    changes: ChangePorts | None = None
    storage: StoragePorts | None = None
    guests: GuestNode | None = None
    system: NodeSystem | None = None
