"""Operations on what is configured by files, a module a concern."""

from __future__ import annotations

from typing import Final

from appliance.api.operations.configuration import (
    acme,
    certificates,
    cpu_models,
    firewall,
    ha,
    hardware,
    jobs,
    mapping,
    metrics,
    network,
    node,
    notifications,
    options,
    replication,
    replication_status,
    sdn,
)

OPERATIONS: Final = (
    *acme.OPERATIONS,
    *certificates.OPERATIONS,
    *cpu_models.OPERATIONS,
    *firewall.OPERATIONS,
    *hardware.OPERATIONS,
    *ha.OPERATIONS,
    *jobs.OPERATIONS,
    *mapping.OPERATIONS,
    *metrics.OPERATIONS,
    *network.OPERATIONS,
    *node.OPERATIONS,
    *notifications.OPERATIONS,
    *options.OPERATIONS,
    *replication.OPERATIONS,
    *replication_status.OPERATIONS,
    *sdn.OPERATIONS,
)
