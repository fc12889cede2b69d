"""The operations, a module a concern, and the table of all of them."""

from __future__ import annotations

from collections.abc import Iterable

from appliance.api.index import indexes
from appliance.api.operations import (
    access,
    changes,
    cluster,
    configuration,
    guests,
    pools,
    storage,
    store,
    tasks,
    version,
)
from appliance.api.table import Operation, Table


def all_operations() -> tuple[Operation, ...]:
    """Every operation that a node answers."""
    declared = _declared()
    return (*declared, *indexes(declared))


def _declared() -> tuple[Operation, ...]:
    return (
        *version.OPERATIONS,
        *access.OPERATIONS,
        *pools.OPERATIONS,
        *changes.OPERATIONS,
        *cluster.OPERATIONS,
        *storage.OPERATIONS,
        *store.OPERATIONS,
        *tasks.OPERATIONS,
        *configuration.OPERATIONS,
        *guests.OPERATIONS,
    )


def build_table(more: Iterable[Operation] = ()) -> Table:
    """more: operations of the world that this is served in."""
    return Table((*all_operations(), *more))
