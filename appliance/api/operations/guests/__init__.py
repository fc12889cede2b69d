"""Calls on guests of both kinds."""

from __future__ import annotations

from typing import Final

from appliance.api.operations.guests import (
    agent,
    bulk,
    cloudinit,
    config,
    consoles,
    everywhere,
    history,
    life,
    lists,
    making,
    resources,
)

OPERATIONS: Final = (
    *resources.OPERATIONS,
    *lists.OPERATIONS,
    *life.OPERATIONS,
    *config.OPERATIONS,
    *making.OPERATIONS,
    *agent.OPERATIONS,
    *cloudinit.OPERATIONS,
    *consoles.OPERATIONS,
    *history.OPERATIONS,
    *bulk.OPERATIONS,
    *everywhere.OPERATIONS,
)
