"""How often a login failed, and how long to wait before the next is tried."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

FREE: Final = 4  # failures that cost nothing
FIRST_WAIT_S: Final = 5.0
LONGEST_WAIT_S: Final = 300.0
FORGET_S: Final = 900.0
MAX_KEYS: Final = 10_000


@dataclass(frozen=True, slots=True)
class _Failures:
    count: int
    last_s: float


class Attempts:
    """Failed logins by key (a user, an address), on a monotonic clock.

    From the fifth failure on a key waits, twice as long each time. It is forgotten after a success
    or a quarter of an hour without failure. When there are too many keys the oldest goes.
    """

    def __init__(self) -> None:
        self._failures: dict[str, _Failures] = {}  # in the order of their last failures

    def wait_s(self, key: str, now_s: float) -> float:
        """How long no login with this key is tried; 0: one may be."""
        found = self._failures.get(key)
        if found is None or found.count <= FREE or now_s - found.last_s > FORGET_S:
            return 0.0
        # Bounded before the power is taken: somebody may try for years.
        doublings = min(found.count - FREE - 1, 10)
        until_s = found.last_s + min(FIRST_WAIT_S * (1 << doublings), LONGEST_WAIT_S)
        return max(0.0, until_s - now_s)

    def failed(self, key: str, now_s: float) -> None:
        found = self._failures.pop(key, None)
        fresh = found is None or now_s - found.last_s > FORGET_S
        self._failures[key] = _Failures(1 if fresh or found is None else found.count + 1, now_s)
        if len(self._failures) > MAX_KEYS:
            del self._failures[next(iter(self._failures))]

    def succeeded(self, key: str) -> None:
        self._failures.pop(key, None)
