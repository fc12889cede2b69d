"""What changes of guests need of their node."""

from __future__ import annotations

from dataclasses import dataclass

from appliance.core.guest.identity import mac_of, uuid_of
from appliance.ports.clock import Clock
from appliance.ports.config_store import ConfigStore
from appliance.ports.entropy import Entropy
from appliance.ports.guest_moves import GuestMoves
from appliance.ports.storage import Archives, StoragePools, Transfer
from appliance.services.guest_changes.files import GuestFiles
from appliance.services.guest_changes.machines import Machines
from appliance.services.guest_changes.volumes import Volumes


@dataclass(frozen=True, slots=True)
class ChangePorts:
    """Of one boot of one node."""

    node: str
    clock: Clock
    entropy: Entropy
    store: ConfigStore
    pools: StoragePools
    transfer: Transfer
    archives: Archives
    machines: Machines
    moves: GuestMoves

    def new_mac(self) -> str:
        """A network address that nobody else has, as far as chance can tell."""
        return mac_of(self.entropy.token(3))

    def new_uuid(self) -> str:
        return uuid_of(self.entropy.token(16))

    @property
    def files(self) -> GuestFiles:
        return GuestFiles(self.store)

    @property
    def volumes(self) -> Volumes:
        return Volumes(self.pools)
