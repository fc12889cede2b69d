"""Operations on what is configured by files, a module a concern."""

from __future__ import annotations

from typing import Final

from appliance.api.operations.configuration import (
    firewall,
    ha,
    jobs,
    mapping,
    metrics,
    options,
    replication,
)

OPERATIONS: Final = (
    *firewall.OPERATIONS,
    *ha.OPERATIONS,
    *jobs.OPERATIONS,
    *mapping.OPERATIONS,
    *metrics.OPERATIONS,
    *options.OPERATIONS,
    *replication.OPERATIONS,
)
