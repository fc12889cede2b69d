"""What a node tells of the cluster's layout."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from appliance.model.events.base import Event


@dataclass(frozen=True, slots=True)
class LayoutApplied(Event):
    """The layout in the store is in place on this node."""

    kind: ClassVar[str] = "layout_applied"
    text: ClassVar[str] = "corosync.conf of version {version} is in place"
    version: int


@dataclass(frozen=True, slots=True)
class LayoutRefused(Event):
    """What stands in the store cannot be used; the layout in place goes on."""

    kind: ClassVar[str] = "layout_refused"
    level: ClassVar[str] = "err"
    text: ClassVar[str] = "corosync.conf in the store is not used: {reason}"
    reason: str
