"""Where loops tell what happened."""

from __future__ import annotations

from typing import Protocol

from appliance.model.events import Event


class Journal(Protocol):
    def emit(self, source: str, event: Event) -> None:
        """Record one fact. `source` is the daemon on this node, such as `crm` or `lrm`."""
        ...
