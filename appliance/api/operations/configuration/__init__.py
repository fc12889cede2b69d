"""Operations on what is configured by files, a module a concern."""

from __future__ import annotations

from typing import Final

from appliance.api.operations.configuration import (
    cpu_models,
    firewall,
    ha,
    jobs,
    mapping,
    metrics,
    network,
    node,
    notifications,
    options,
    replication,
    sdn,
)

OPERATIONS: Final = (
    *cpu_models.OPERATIONS,
    *firewall.OPERATIONS,
    *ha.OPERATIONS,
    *jobs.OPERATIONS,
    *mapping.OPERATIONS,
    *metrics.OPERATIONS,
    *network.OPERATIONS,
    *node.OPERATIONS,
    *notifications.OPERATIONS,
    *options.OPERATIONS,
    *replication.OPERATIONS,
    *sdn.OPERATIONS,
)
