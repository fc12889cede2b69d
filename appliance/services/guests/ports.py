"""What services and handlers of a node do with guests."""

from __future__ import annotations

from dataclasses import dataclass

from appliance.core.guest.identity import PREFIX, mac_of, uuid_of
from appliance.model.errors import RefusedError
from appliance.ports.clock import Clock
from appliance.ports.config_store import ConfigStore
from appliance.ports.entropy import Entropy
from appliance.ports.guest_host import ContainerHost, GuestHost, VmHost
from appliance.ports.load_history import LoadHistory
from appliance.ports.node_facts import NodeFacts, NodePower
from appliance.ports.status_board import StatusBoard
from appliance.ports.storage import StoragePools, Transfer
from appliance.services.guest_changes.files import GuestFiles
from appliance.services.guest_changes.volumes import Volumes
from appliance.services.tasks.work import Work


@dataclass(frozen=True, slots=True)
class GuestPorts:
    """Of one boot of one node."""

    node: str
    clock: Clock
    entropy: Entropy
    store: ConfigStore
    pools: StoragePools
    transfer: Transfer
    host: GuestHost
    vms: VmHost
    containers: ContainerHost
    work: Work
    board: StatusBoard
    facts: NodeFacts
    power: NodePower
    history: LoadHistory

    @property
    def files(self) -> GuestFiles:
        return GuestFiles(self.store)

    @property
    def volumes(self) -> Volumes:
        return Volumes(self.pools)

    def new_mac(self, prefix: str) -> str:
        """A hardware address that begins so, the rest drawn."""
        return mac_of(self.entropy.token(6), prefix or PREFIX)

    def new_uuid(self) -> str:
        """A random one, as RFC 4122 wants it."""
        return uuid_of(self.entropy.token(16))


def refuse_if(condition: bool, text: str) -> None:
    """RefusedError with that text."""
    if condition:
        raise RefusedError(text)
