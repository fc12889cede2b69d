"""Operations on what is configured by files, a module a concern."""

from __future__ import annotations

from typing import Final

from appliance.api.operations.configuration import (
    firewall,
    ha,
    jobs,
    mapping,
    metrics,
    network,
    node,
    options,
    replication,
    sdn,
)

OPERATIONS: Final = (
    *firewall.OPERATIONS,
    *ha.OPERATIONS,
    *jobs.OPERATIONS,
    *mapping.OPERATIONS,
    *metrics.OPERATIONS,
    *network.OPERATIONS,
    *node.OPERATIONS,
    *options.OPERATIONS,
    *replication.OPERATIONS,
    *sdn.OPERATIONS,
)
