"""Is everything as it should be in the middle of a run, when nothing has changed for long?

The bound is the one of the liveness check, but here machines may be off or cut off, as long as that
does not change and most of the others are there, and guests may rest because an operator said so.
What can be expected then is less than at the end, and it is only expected of guests about which
there is no doubt.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

from appliance.model.ha.datacenter import parse_datacenter
from appliance.model.ha.rules import parse_rules
from scenarios.explore.case import Case, Move
from sim.checkers.liveness import NO_MASTER
from sim.checkers.observed import Outside
from sim.faults import INSTANT

# After these faults a guest may fail to start or to stop until an operator looks at it.
SPOILING = frozenset({"storage", "storage_slow", "disk_full"})
# While these go on nothing can be expected.
UNSTEADY = frozenset({"one_way", "loss", "latency", "nic_flap", *SPOILING})


class Calm:
    """Keeps what makes an expectation doubtful, and says what is not as expected."""

    def __init__(self, case: Case) -> None:
        layout = case.layout
        self._nodes = layout.node_names()
        self._quorum = len(self._nodes) // 2 + 1
        rules = parse_rules(layout.rules_cfg).rules
        self._ruled = {sid for rule in rules for sid in rule.resources}
        self._ruled |= {guest.sid for guest in layout.guests if guest.group is not None}
        self._freezes = parse_datacenter(layout.datacenter_cfg).ha.shutdown_policy == "freeze"
        self._policy_changed = False
        self._ends: list[tuple[float, str]] = []  # of faults that are active: when, kind
        self._shut_down: set[str] = set()
        self.spoilt = False
        self.changed_s = 0.0

    def on_move(self, move: Move) -> None:
        """Something was done."""
        self.changed_s = move.at_s
        if move.fault is not None:
            self.spoilt |= move.fault.kind in SPOILING
            if move.fault.heal_after_s is not None:
                self._ends.append((move.at_s + move.fault.heal_after_s, move.fault.kind))
            elif move.fault.kind not in INSTANT:
                self._ends.append((math.inf, move.fault.kind))
        elif move.command is not None:
            self._policy_changed |= move.command.startswith("datacenter set ha:")
            self._on_command(move.command.split())

    def _on_command(self, words: list[str]) -> None:
        match words:
            case ["node", "shutdown", node]:
                self._shut_down.add(node)
            case ["node", "reboot" | "poweron", node]:
                self._shut_down.discard(node)

    def next_end_s(self) -> float:
        """When the next fault heals; inf if none does."""
        return min((end_s for end_s, _ in self._ends), default=math.inf)

    def on_end(self, now_s: float) -> None:
        """A fault healed."""
        self.changed_s = now_s
        self._ends = [end for end in self._ends if end[0] > now_s]

    def unmet(self, cluster: Outside) -> Iterator[str]:
        """What is not as it should be after so long a calm."""
        if any(kind in UNSTEADY for _, kind in self._ends):
            return
        if cluster.disarmed() is not None or not self._settled(cluster):
            return
        if cluster.master() is None and cluster.requested_states():
            yield NO_MASTER
        for sid, requested in sorted(cluster.requested_states().items()):
            if requested == "started" and sid not in self._ruled:
                yield from self._guest(cluster, sid)

    def _settled(self, cluster: Outside) -> bool:
        """Whether every machine is on or off, and most of them can work together."""
        powers = [cluster.node_power(node) for node in self._nodes]
        online = sum(cluster.online(node) for node in self._nodes)
        return all(power in ("on", "off") for power in powers) and online >= self._quorum

    def _may_stay_frozen(self, cluster: Outside, node: str) -> bool:
        """Frozen for a reboot, a guest waits for its node, however long that cannot come back.

        Frozen for a shutdown it is only where the policy says so.
        """
        if cluster.online(node):
            return False
        return node not in self._shut_down or self._freezes or self._policy_changed

    def _guest(self, cluster: Outside, sid: str) -> Iterator[str]:
        state, node = cluster.service_state(sid), cluster.service_node(sid)
        if state == "error":
            if not self.spoilt:
                yield f"{sid} is in error although nothing kept it from starting or stopping"
            return
        if state == "freeze" and node is not None and self._may_stay_frozen(cluster, node):
            return
        nodes = cluster.guest_nodes(sid)
        if len(nodes) != 1 or state != "started":
            where = " and ".join(nodes) or "no node"
            yield f"{sid} runs on {where}, its state is {state}, requested is started"
