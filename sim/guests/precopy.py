"""Live migration as pre-copy: copy the memory while the guest runs, then again what it changed.

Each round copies what was written during the one before. When the rest fits into the downtime that
is allowed, the guest is stopped for it. A guest that writes faster than the path carries is slowed
down step by step (auto-converge), and after too many rounds the attempt is given up.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class MoveLimits:
    """How moves are carried out.

    setup_s     until the target's process listens, and the like
    downtime_s  how long a guest may stand still for the last copy
    switch_s    what a switch-over takes beside copying
    max_rounds  of copying memory, then the attempt fails
    patience_s  how long a stream may stand still before it is given up
    silence_s   how long the target's half waits for a source of which it hears nothing
    throttle_first, throttle_step, throttle_max: shares of CPU time taken from the guest
    """

    setup_s: float = 1.2
    downtime_s: float = 0.3
    switch_s: float = 0.08
    max_rounds: int = 30
    patience_s: float = 10.0
    silence_s: float = 60.0
    throttle_first: float = 0.2
    throttle_step: float = 0.1
    throttle_max: float = 0.99


class PreCopy:
    """The rounds of one live migration. `to_copy_bytes` is what the present round copies."""

    __slots__ = (
        "_dirty_bytes_s",
        "_limits",
        "_memory_bytes",
        "rounds",
        "throttle",
        "to_copy_bytes",
    )

    def __init__(self, memory_bytes: float, dirty_bytes_s: float, limits: MoveLimits) -> None:
        """memory_bytes: what the guest really uses; pages never written are not copied."""
        self._memory_bytes, self._dirty_bytes_s, self._limits = memory_bytes, dirty_bytes_s, limits
        self.to_copy_bytes = memory_bytes
        self.throttle = 0.0
        self.rounds = 0

    def round_over(self, took_s: float) -> None:
        """One more round was copied; the guest dirtied memory meanwhile."""
        copied = self.to_copy_bytes
        written = self._dirty_bytes_s * (1.0 - self.throttle) * took_s
        self.to_copy_bytes = min(written, self._memory_bytes)
        self.rounds += 1
        if self.to_copy_bytes > copied / 2:
            self._slow_down()

    def fits(self, bandwidth_bytes_s: float) -> bool:
        """Whether the rest can be copied within the downtime."""
        return self.to_copy_bytes <= bandwidth_bytes_s * self._limits.downtime_s

    def hopeless(self) -> bool:
        return self.rounds >= self._limits.max_rounds

    def _slow_down(self) -> None:
        limits = self._limits
        step = limits.throttle_step if self.throttle else limits.throttle_first
        self.throttle = min(self.throttle + step, limits.throttle_max)
