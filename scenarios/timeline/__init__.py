"""What every node and guest was over time, made from a journal. Pure."""

from scenarios.timeline.fold import Fold, natural, read
from scenarios.timeline.spans import (
    Downtime,
    FaultSpan,
    GuestLane,
    Marker,
    NodeLane,
    Span,
    Timeline,
    percentile_us,
)

__all__ = [
    "Downtime",
    "FaultSpan",
    "Fold",
    "GuestLane",
    "Marker",
    "NodeLane",
    "Span",
    "Timeline",
    "natural",
    "percentile_us",
    "read",
]
