"""Operations on what is configured by files, a module a concern."""

from __future__ import annotations

from typing import Final

from appliance.api.operations.configuration import firewall, ha, mapping, metrics, replication

OPERATIONS: Final = (
    *firewall.OPERATIONS,
    *ha.OPERATIONS,
    *mapping.OPERATIONS,
    *metrics.OPERATIONS,
    *replication.OPERATIONS,
)
