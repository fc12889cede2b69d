"""Signals of one boot in simulated time."""

from __future__ import annotations

from typing import Any

from sim.tasks import Boot, Signal


class SimSignals:
    """Implements the `Signals` port."""

    def __init__(self, boot: Boot) -> None:
        self._boot = boot

    def new(self) -> Signal[Any]:
        return Signal(self._boot)
