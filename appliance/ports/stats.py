"""Sizes and load of nodes and guests, as broadcast in the cluster."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from appliance.model.ha.stats import NodeStats, ServiceStats


class Stats(Protocol):
    """Latest known values. `service_nodes` tells where every guest lies and whether it runs."""

    def nodes(self) -> Mapping[str, NodeStats]: ...

    def services(self) -> Mapping[str, ServiceStats]: ...

    def service_nodes(self) -> Mapping[str, tuple[str, bool]]:
        """sid -> (node, running) of every guest, managed by HA or not."""
        ...

    def node_versions(self) -> Mapping[str, str]:
        """Software version each node announces, such as `9.1.2` or `9.0.0~16`."""
        ...
