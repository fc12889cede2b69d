"""A status board on which nobody but this node writes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from appliance.ports.status_board import Notice


class LoneBoard:
    """Implements the `StatusBoard` port for a node that tells nobody and hears of nobody."""

    def __init__(self, node: str) -> None:
        self._node = node
        self._offers: dict[str, Callable[[], Any]] = {}

    def offer(self, name: str, produce: Callable[[], Any]) -> None:
        self._offers[name] = produce

    def touch(self, name: str) -> None:
        """What is read is made for the reader."""

    def read(self, name: str) -> Mapping[str, Notice]:
        produce = self._offers.get(name)
        return {} if produce is None else {self._node: Notice(produce(), 0.0)}
