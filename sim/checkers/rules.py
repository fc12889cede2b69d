"""The manager itself puts no service where its rules forbid it.

Judged are recoveries and moves that no operator asked for. An operator may order a move against a
rule (the manager carries it out and moves the service back), so for a while after such an order
moves to that node are not judged.

The manager drops rules that contradict each other. Which ones is not asked of it here: a rule
counts only if it shares no service with another enabled rule and needs no more nodes than there
are, so that it cannot be dropped. That is less than could be checked, and never too much.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from appliance.model.events import Event
from appliance.model.ha.resources import Resources
from appliance.model.ha.rules import NodeAffinityRule, ResourceAffinityRule, Rule, RuleSet
from appliance.model.ha.status import ManagerStatus
from sim.checkers.ledger import NodeLedger
from sim.checkers.observed import Guests, Record
from sim.events import Operator, Violation

STRICT_RULES = "strict-rules"
ORDERED_FOR_US = 3600 * 1_000_000
SAME_ROUND_US = 30 * 1_000_000
MOVES = ("migrate", "relocate")


@dataclass(frozen=True, slots=True)
class Clear:
    """The rules that bind without doubt: where a service may be, and whom it must not meet."""

    nodes: dict[str, tuple[str, frozenset[str]]]  # service -> rule, allowed nodes
    apart: dict[str, tuple[str, tuple[str, ...]]]  # service -> rule, the others


def clear_rules(rules: Iterable[Rule], known_nodes: int) -> Clear:
    """Those of the enabled rules that the manager cannot have dropped."""
    enabled = [rule for rule in rules if not rule.disabled]
    uses: dict[str, int] = {}
    for rule in enabled:
        for sid in rule.resources:
            uses[sid] = uses.get(sid, 0) + 1
    clear = Clear({}, {})
    for rule in enabled:
        if any(uses[sid] > 1 for sid in rule.resources):
            continue
        if isinstance(rule, NodeAffinityRule) and rule.strict:
            clear.nodes.update({sid: (rule.id, frozenset(rule.nodes)) for sid in rule.resources})
        elif isinstance(rule, ResourceAffinityRule) and _separates(rule, known_nodes):
            for sid in rule.resources:
                others = tuple(other for other in rule.resources if other != sid)
                clear.apart[sid] = rule.id, others
    return clear


def _separates(rule: ResourceAffinityRule, known_nodes: int) -> bool:
    return rule.affinity == "negative" and 2 <= len(rule.resources) <= known_nodes


class RulesCheck:
    """Follows the configuration and the published status, judges every change of location."""

    def __init__(self, guests: Guests, ledger: NodeLedger, report: Callable[[Violation], None]):
        self._guests, self._ledger, self._report = guests, ledger, report
        self._status: ManagerStatus | None = None
        self._rules: tuple[Rule, ...] = ()
        self._known_nodes = 0
        self._clear = Clear({}, {})
        self._requested: dict[str, str] = {}
        self._recovered: dict[str, tuple[str, int]] = {}  # service -> node, when
        self._ordered_us: dict[str, int] = {}  # node -> when an operator last ordered a move there

    def on_operator(self, record: Record, event: Event) -> None:
        assert isinstance(event, Operator)
        words = event.command.split()
        if len(words) == 4 and words[0] == "ha-manager" and words[1] in MOVES:
            self._ordered_us[words[3]] = record.t_us

    def on_config(self, resources: Resources, rules: RuleSet) -> None:
        self._requested = {one.sid: one.state for one in resources.resources}
        if rules.rules != self._rules:
            self._rules = rules.rules
            self._clear = clear_rules(self._rules, self._known_nodes)

    def on_status(self, status: ManagerStatus) -> None:
        self._status = status
        if len(status.nodes) != self._known_nodes:
            self._known_nodes = len(status.nodes)
            self._clear = clear_rules(self._rules, self._known_nodes)

    def on_moved(self, sid: str, node: str, now_us: int) -> None:
        """A migration took the guest's configuration to that node."""
        self._recovered.pop(sid, None)
        if not self._was_ordered(node, now_us):
            self._judge_node(sid, node, "moved")

    def on_recovered(self, sid: str, node: str, now_us: int) -> None:
        """The manager took the guest's configuration from a fenced node to that one."""
        self._judge_node(sid, node, "recovered")
        self._judge_company(sid, node, now_us)
        self._recovered[sid] = node, now_us

    def _was_ordered(self, node: str, now_us: int) -> bool:
        ordered_us = self._ordered_us.get(node)
        return ordered_us is not None and now_us - ordered_us <= ORDERED_FOR_US

    def _judge_node(self, sid: str, node: str, verb: str) -> None:
        rule, nodes = self._clear.nodes.get(sid, ("", frozenset()))
        if rule and node not in nodes and self._requested.get(sid) == "started":
            allowed = ", ".join(sorted(nodes))
            detail = f"{sid} is {verb} to {node}; rule {rule} allows only {allowed}"
            self._report(Violation(STRICT_RULES, detail, self._ledger.broke(())))

    def _judge_company(self, sid: str, node: str, now_us: int) -> None:
        rule, others = self._clear.apart.get(sid, ("", ()))
        for other in others:
            if self._requested.get(other) == "started" and self._is_there(other, node, now_us):
                detail = f"{sid} is recovered to {node}, where {other} is; rule {rule} parts them"
                self._report(Violation(STRICT_RULES, detail, self._ledger.broke(())))

    def _is_there(self, sid: str, node: str, now_us: int) -> bool:
        at, when_us = self._recovered.get(sid, ("", 0))
        if at == node and now_us - when_us <= SAME_ROUND_US:
            return True
        service = self._status.services.get(sid) if self._status is not None else None
        if service is None or service.state != "started" or service.node != node:
            return False
        return node in self._guests.runs_on(sid)
