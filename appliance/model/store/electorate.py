"""Whose votes decide about the store: what the corosync.conf in the store says."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from appliance.model.corosync_conf import parse_corosync_conf, problems
from appliance.model.errors import ConfigError

LAYOUT_PATH: Final = "corosync.conf"
_YIELDING: Final = ("two_node", "auto_tie_breaker", "last_man_standing")


@dataclass(frozen=True, slots=True)
class Electorate:
    """Votes by node and those of the quorum device, as of one layout.

    layout: its config_version; 0: the store has no layout, and what each node knows of quorum
    counts instead. since: the version of the store that brought it. yields: its options may let
    less than a majority be quorate.
    """

    layout: int = 0
    since: int = 0
    votes: tuple[tuple[str, int], ...] = ()
    device: int = 0
    yields: bool = False

    @property
    def total(self) -> int:
        return sum(votes for _, votes in self.votes) + self.device

    def of(self, node: str) -> int:
        """That node's votes; none if it is not in the layout."""
        return next((votes for name, votes in self.votes if name == node), 0)


NO_LAYOUT: Final = Electorate()


def electorate_of(content: bytes, since: int) -> Electorate:
    """Who decides by that corosync.conf. ConfigError for one that corosync would refuse."""
    layout, votes, device, yields = _read(content)
    return Electorate(layout, since, votes, device, yields)


@lru_cache(maxsize=16)
def _read(content: bytes) -> tuple[int, tuple[tuple[str, int], ...], int, bool]:
    try:
        text = content.decode()
    except UnicodeDecodeError:
        raise ConfigError("is not UTF-8 text", file=LAYOUT_PATH) from None
    conf = parse_corosync_conf(text, file=LAYOUT_PATH)
    wrong = problems(conf)
    if wrong:
        raise wrong[0]
    votes = tuple((node.name, node.votes) for node in conf.nodes())
    if not any(count for _, count in votes):
        raise ConfigError("no node has a vote", file=LAYOUT_PATH, field="nodelist")
    device = conf.device()
    return conf.version, votes, device.votes if device else 0, any(map(conf.flag, _YIELDING))
