"""Which guests are in which pool."""

from __future__ import annotations

from collections.abc import Mapping

from appliance.core.access.permissions import Access


def pool_guests(access: Access) -> Mapping[str, tuple[int, ...]]:
    """By the name of the pool."""
    return {name: tuple(sorted(pool.vms)) for name, pool in access.config.pools.items()}
