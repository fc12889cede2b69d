"""When the master last saw each node online."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from appliance.model.ha.status import EMPTY


@dataclass(frozen=True, slots=True)
class Seen:
    """Nodes of `online` were last seen at `online_s`, others at the time in `before`, if there.

    Only a change of who is online builds a new mapping, so looking at an unchanged cluster is
    cheap, and so is skipping rounds: they move `online_s` alone.
    """

    online: tuple[str, ...] = ()
    online_s: float = 0.0
    before: Mapping[str, float] = field(default_factory=lambda: EMPTY)

    def look(self, online: tuple[str, ...], now_s: float) -> Seen:
        """These nodes are online now."""
        if online == self.online:
            return replace(self, online_s=now_s)
        before = dict(self.before)
        before.update((node, self.online_s) for node in self.online)
        for node in online:
            before.pop(node, None)
        return Seen(online, now_s, before)

    def last_s(self, node: str) -> float | None:
        return self.online_s if node in self.online else self.before.get(node)

    def note(self, node: str, now_s: float) -> Seen:
        """Count its absence from now on, as nothing is known of it."""
        return replace(self, before={**self.before, node: now_s})
