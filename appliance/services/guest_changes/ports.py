"""What changes of guests need of their node."""

from __future__ import annotations

from dataclasses import dataclass

from appliance.core.guest.identity import PREFIX, mac_of, uuid_of
from appliance.model.options.cluster import DATACENTER_FILE
from appliance.ports.clock import Clock
from appliance.ports.config_store import ConfigStore
from appliance.ports.entropy import Entropy
from appliance.ports.guest_moves import GuestMoves
from appliance.ports.storage import Archives, StoragePools, Transfer
from appliance.services.config.texts import read_text
from appliance.services.guest_changes.files import GuestFiles
from appliance.services.guest_changes.machines import Machines
from appliance.services.guest_changes.volumes import Volumes


def datacenter_option(store: ConfigStore, name: str) -> str:
    """An option of the datacenter as it is written; empty if it is not."""
    for line in read_text(store, DATACENTER_FILE).splitlines():
        key, _, value = line.partition(":")
        if key.strip() == name:
            return value.strip()
    return ""


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
        prefix = datacenter_option(self.store, "mac_prefix") or PREFIX
        return mac_of(self.entropy.token(5), prefix)

    def new_uuid(self) -> str:
        return uuid_of(self.entropy.token(16))

    @property
    def files(self) -> GuestFiles:
        return GuestFiles(self.store)

    @property
    def volumes(self) -> Volumes:
        return Volumes(self.pools)
