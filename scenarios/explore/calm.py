"""Is everything as it should be in the middle of a run, when nothing has happened for long?

The bound is the one of the liveness check, but here machines may be off because an operator shut
them down, and guests may rest because an operator said so. What can be expected then is less than
at the end, and it is only expected of guests about which there is no doubt.
"""

from __future__ import annotations

from collections.abc import Iterator

from appliance.model.ha.datacenter import parse_datacenter
from appliance.model.ha.rules import parse_rules
from scenarios.explore.case import Case, Move
from sim.checkers.observed import Outside

# After these faults a guest may fail to start or to stop until an operator looks at it.
SPOILING = frozenset({"storage", "storage_slow", "disk_full"})


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
        self.spoilt = False
        self.quiet_from_s = 0.0

    def on_move(self, move: Move) -> None:
        """Something was done; its effect lasts until its end at least."""
        lasts_s = 0.0
        if move.fault is not None:
            self.spoilt |= move.fault.kind in SPOILING
            lasts_s = move.fault.heal_after_s or 0.0
        elif move.command is not None:
            self._policy_changed |= move.command.startswith("datacenter set ha:")
        self.quiet_from_s = max(self.quiet_from_s, move.at_s + lasts_s)

    def unmet(self, cluster: Outside) -> Iterator[str]:
        """What is not as it should be after so long a calm."""
        if cluster.disarmed() is not None or not self._settled(cluster):
            return
        if cluster.master() is None:
            yield "there is no master"
        for sid, requested in sorted(cluster.requested_states().items()):
            if requested == "started" and sid not in self._ruled:
                yield from self._guest(cluster, sid)

    def _settled(self, cluster: Outside) -> bool:
        """Whether every machine is on and online, or off, and enough of them are on."""
        on = 0
        for node in self._nodes:
            power = cluster.node_power(node)
            if power not in ("on", "off") or (power == "on" and not cluster.online(node)):
                return False
            on += power == "on"
        return on >= self._quorum

    def _guest(self, cluster: Outside, sid: str) -> Iterator[str]:
        state, node = cluster.service_state(sid), cluster.service_node(sid)
        if state == "error":
            if not self.spoilt:
                yield f"{sid} is in error although nothing kept it from starting or stopping"
            return
        off = node is not None and cluster.node_power(node) == "off"
        if state == "freeze" and off and (self._freezes or self._policy_changed):
            return
        nodes = cluster.guest_nodes(sid)
        if len(nodes) != 1 or state != "started":
            where = " and ".join(nodes) or "no node"
            yield f"{sid} runs on {where}, its state is {state}, requested is started"
