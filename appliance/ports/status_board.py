"""What the nodes of a cluster tell each other about themselves, again and again."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol


@dataclass(frozen=True, slots=True)
class Notice:
    """What a node said last, and how long ago. `value` is plain data; nobody changes it."""

    value: Any
    age_s: float


class StatusBoard(Protocol):
    """Hints, not truths: a notice may be old, and one that was told may never arrive."""

    def offer(self, name: str, produce: Callable[[], Any]) -> None:
        """Tell the others under that name what `produce` gives, every few seconds from now on.

        It is called often and must be cheap; for the name's earlier offer it takes the place.
        """
        ...

    def touch(self, name: str) -> None:
        """What is offered under that name has changed: tell it soon."""
        ...

    def read(self, name: str) -> Mapping[str, Notice]:
        """By node, this one included, as far as anything was heard since this node's boot."""
        ...
