"""What handlers and services of a node do with storages."""

from __future__ import annotations

from dataclasses import dataclass

from appliance.ports.disks import Disks, Scan
from appliance.ports.downloads import Downloads
from appliance.ports.storage import Archives, Files, Transfer
from appliance.services.storage.storages import Storages


@dataclass(frozen=True, slots=True)
class StoragePorts:
    """Of one boot of one node."""

    pools: Storages
    files: Files
    transfer: Transfer
    archives: Archives
    downloads: Downloads
    disks: Disks
    scan: Scan
