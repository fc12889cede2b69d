"""Snapshots, copies, moves and backups of guests: `/nodes/{node}/{qemu,lxc}/{vmid}/...`."""

from __future__ import annotations

from typing import Final

from appliance.api.operations.changes import backups, clones, disks, moves, snapshots
from appliance.api.table import Operation

OPERATIONS: Final[tuple[Operation, ...]] = (
    *snapshots.OPERATIONS,
    *clones.OPERATIONS,
    *disks.OPERATIONS,
    *moves.OPERATIONS,
    *backups.OPERATIONS,
)
