"""What each node's corosync.conf says: the file in place, and what its corosync runs with.

Usually all nodes run the same layout. While a change is under way some have it and some do not:
two nodes are then in touch only if each is in the other's layout, and each counts votes by its own.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from typing import Final

from appliance.model.corosync_conf import CorosyncConf, problems
from appliance.model.errors import ConfigError
from sim.layout import ClusterLayout
from sim.network.conf import conf_of, layout_of
from sim.network.quorum import VoteRules, VoteState, rules_of

Counting = Callable[
    [VoteRules, Mapping[str, VoteState], tuple[str, ...], Collection[str]], dict[str, VoteState]
]
Pair = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Running:
    """What a corosync runs with. version: of its file."""

    version: int
    layout: ClusterLayout
    names: tuple[str, ...]
    rules: VoteRules


NOTHING: Final = Running(0, ClusterLayout(()), (), rules_of(ClusterLayout(())))


class Layouts:
    """Of all machines. outside: those that have no layout yet."""

    def __init__(self, layout: ClusterLayout, outside: Collection[str] = ()) -> None:
        self._base = layout
        self._inside = tuple(name for name in layout.node_names() if name not in outside)
        nodes = tuple(node for node in layout.nodes if node.name in self._inside)
        first = replace(layout, nodes=nodes)
        self._files: dict[str, CorosyncConf] = {}
        start = Running(len(nodes), first, self._inside, rules_of(first))
        self._running = {
            name: start if name in self._inside else NOTHING for name in layout.node_names()
        }
        self._start = start
        self._known: dict[str, Running] = {}  # by the text of the file
        self.newest = start
        self.apart: frozenset[Pair] = frozenset()

    def running(self, node: str) -> Running:
        return self._running[node]

    def file(self, node: str) -> CorosyncConf | None:
        """The corosync.conf in place on that node."""
        if node not in self._files and node in self._inside:
            self._files[node] = conf_of(self._start.layout)
        return self._files.get(node)

    def put(self, node: str, conf: CorosyncConf) -> None:
        """Put a file in place, by the rules of `LiveMembership.apply`."""
        wrong = problems(conf)
        if wrong:
            raise wrong[0]
        self._read(conf)
        present = self.file(node)
        if present == conf:
            return
        if present is not None and present.version >= conf.version:
            message = f"must be above {present.version}, the version in place"
            raise ConfigError(message, file=conf.file, field="totem.config_version")
        self._files[node] = conf

    def drop(self, node: str) -> None:
        """No file any more: its corosync does not start again."""
        self._files.pop(node, None)
        self._inside = tuple(name for name in self._inside if name != node)
        self._running[node] = NOTHING
        self._part()

    def read(self, node: str) -> bool:
        """Its corosync reads its file; whether that says something else than what it ran with."""
        if node not in self._files:
            return False
        conf = self._files[node]
        if conf.version == self._running[node].version:
            return False
        running = self._running[node] = self._read(conf)
        if running.version >= self.newest.version:
            self.newest = running
        self._part()
        return True

    def _read(self, conf: CorosyncConf) -> Running:
        """What it says; ConfigError for what corosync would not run with."""
        text = conf.text()
        if text not in self._known:
            layout = layout_of(conf, self._base)
            rules, device = rules_of(layout), conf.device()
            if device is not None:
                rules = replace(rules, device_votes=device.votes)
            self._known[text] = Running(conf.version, layout, layout.node_names(), rules)
        return self._known[text]

    def _part(self) -> None:
        """Who does not know whom."""
        strangers = []
        for name, running in self._running.items():
            for other, others in self._running.items():
                if name < other and (name not in others.names or other not in running.names):
                    strangers.append((name, other))
        self.apart = frozenset(strangers)

    # votes

    def votes(self, node: str) -> int:
        """Its own, as its own layout has it."""
        return self._running[node].rules.votes.get(node, 0)

    def count(
        self,
        counting: Counting,
        states: Mapping[str, VoteState],
        group: tuple[str, ...],
        casting: Collection[str],
    ) -> dict[str, VoteState]:
        """The members' states, each by the layout that it runs with."""
        found: list[VoteRules] = []
        for name in group:
            rules = self._running[name].rules
            if all(rules is not known for known in found):
                found.append(rules)
        if len(found) == 1 and all(name in found[0].votes for name in group):
            return counting(found[0], states, group, casting)
        own = {name: self.votes(name) for name in group}
        counted: dict[str, VoteState] = {}
        for rules in found:
            told = replace(rules, votes={**rules.votes, **own})  # each says how many it has
            results = counting(told, states, group, casting)
            counted |= {name: results[name] for name in group if self._running[name].rules is rules}
        return {name: counted[name] for name in group}
