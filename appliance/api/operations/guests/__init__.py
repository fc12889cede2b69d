"""Calls on guests of both kinds."""

from __future__ import annotations

from typing import Final

from appliance.api.operations.guests import config, life, lists, making

OPERATIONS: Final = (
    *lists.OPERATIONS,
    *life.OPERATIONS,
    *config.OPERATIONS,
    *making.OPERATIONS,
)
