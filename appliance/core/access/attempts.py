"""How often a login failed, and how long to wait before the next is tried.

Failures are counted for a user at an address, and for an address: who guesses somebody's password
is delayed where they are, and the one whose name it is can log in from elsewhere all the while. Who
has logged in from an address before is not delayed by the failures of others there.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from typing import Final

FREE: Final = 4  # failures of a user at an address that cost nothing
FREE_OF_ADDRESS: Final = 20  # of all users there together: behind one address may be many
FIRST_WAIT_S: Final = 5.0
LONGEST_WAIT_S: Final = 300.0
FORGET_S: Final = 900.0
TRUST_S: Final = 7 * 24 * 3600.0
MAX_KEYS: Final = 10_000
NETWORK_BITS: Final = 64  # of IPv6: one subscriber has all addresses of such a network

_Key = tuple[str, str]


@dataclass(frozen=True, slots=True)
class _Failures:
    count: int
    last_s: float


class Attempts:
    """Failed logins on one node, on a monotonic clock.

    After the free failures each costs a wait, twice as long each time. They are forgotten after a
    success or a quarter of an hour without failure. When there are too many, the oldest go.
    """

    def __init__(self) -> None:
        # Both in the order of their last times.
        self._failures: dict[_Key, _Failures] = {}
        self._good: dict[_Key, float] = {}

    def wait_s(self, user: str, address: str, now_s: float) -> float:
        """How long no login of this user from there is tried; 0: one may be."""
        where = _network(address)
        own_s = self._wait_s((user, where), FREE, now_s)
        if self._trusted((user, where), now_s):
            return own_s
        return max(own_s, self._wait_s(("", where), FREE_OF_ADDRESS, now_s))

    def failed(self, user: str, address: str, now_s: float) -> None:
        where = _network(address)
        for key in ((user, where), ("", where)):
            found = self._failures.pop(key, None)
            old = 0 if found is None or now_s - found.last_s > FORGET_S else found.count
            self._failures[key] = _Failures(old + 1, now_s)
        _forget_oldest(self._failures)

    def succeeded(self, user: str, address: str, now_s: float) -> None:
        """Whoever it is: the failures of all the others at that address still count."""
        key = user, _network(address)
        self._failures.pop(key, None)
        self._good.pop(key, None)
        self._good[key] = now_s
        _forget_oldest(self._good)

    def _trusted(self, key: _Key, now_s: float) -> bool:
        seen_s = self._good.get(key)
        return seen_s is not None and now_s - seen_s <= TRUST_S

    def _wait_s(self, key: _Key, free: int, now_s: float) -> float:
        found = self._failures.get(key)
        if found is None or found.count <= free or now_s - found.last_s > FORGET_S:
            return 0.0
        # Bounded before the power is taken: somebody may try for years.
        doublings = min(found.count - free - 1, 10)
        until_s = found.last_s + min(FIRST_WAIT_S * (1 << doublings), LONGEST_WAIT_S)
        return max(0.0, until_s - now_s)


def _forget_oldest(kept: dict[_Key, _Failures] | dict[_Key, float]) -> None:
    while len(kept) > MAX_KEYS:
        del kept[next(iter(kept))]


def _network(address: str) -> str:
    """What counts as one place: an IPv4 address, an IPv6 network, or the text itself."""
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(found, ipaddress.IPv4Address):
        return str(found)
    if found.ipv4_mapped is not None:
        return str(found.ipv4_mapped)
    return str(ipaddress.ip_network((found, NETWORK_BITS), strict=False))
