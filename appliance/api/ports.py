"""What the handlers of one node work with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from appliance.ports.clock import Clock
from appliance.ports.config_store import ConfigStore
from appliance.ports.entropy import Entropy
from appliance.ports.journal import Journal
from appliance.ports.keeper import Keeper
from appliance.ports.membership import LiveMembership
from appliance.ports.tasks import Tasks
from appliance.services.access.accounts import Accounts
from appliance.services.cluster.ports import ClusterPorts
from appliance.services.store.service import StoreService
from appliance.services.tasks.work import Work


class Forward(Protocol):
    """Passes a call on to the node that must run it."""

    async def call(
        self, node: str, verb: str, path: str, parameters: Mapping[str, Any], user: str
    ) -> Any:
        """The `data` of its answer; its errors are raised. UnavailableError if it is not there."""
        ...


@dataclass(frozen=True, slots=True)
class ApiPorts:
    """Of one boot of one node.

    store: the configuration, as all handlers know it. member: the node's own part in it, which
    `/store/...` shows; None where the store is not made of members.
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
    forward: Forward | None = None
    member: StoreService | None = None
