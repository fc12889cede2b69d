"""`[[step]]`: what is done to the cluster, and when."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from scenarios.format.commands import Known, refusal
from scenarios.format.fields import Table
from scenarios.format.moments import Moments
from scenarios.format.names import NAME_HELP, STEP_NAME, spread_names
from scenarios.format.values import (
    MASTER,
    Action,
    FaultAction,
    HealAction,
    NodeRef,
    OperatorAction,
    Step,
)
from scenarios.predicates import Names, as_text
from scenarios.suggest import did_you_mean
from sim.faults import INSTANT, KINDS, Fault
from sim.layout import ClusterLayout

ACTIONS = ("fault", "heal", "operator")
ALL = "all"
HOST_OF = "host of "


@dataclass(frozen=True, slots=True)
class Amount:
    """How a kind of fault calls its number, and what the file writes there."""

    key: str
    form: str  # duration, signed or number
    least: float = 0.0
    most: float | None = None
    scale: float = 1.0  # from the written unit to the one of `Fault.value`


AMOUNTS: Mapping[str, Amount] = MappingProxyType(
    {
        "nic_flap": Amount("every", "duration", least=0.1),
        "latency": Amount("added", "duration", least=0.001, scale=1000.0),
        "loss": Amount("share", "number", least=0.001, most=1.0),
        "storage_slow": Amount("factor", "number", least=1.0),
        "clock_jump": Amount("by", "signed"),
    }
)


def read_steps(root: Table, layout: ClusterLayout, names: Names, moments: Moments) -> list[Step]:
    """All steps, in the order of the file; `moments` learns their times. Raises ConfigError."""
    reader = _Reader(layout, names, moments)
    tables = root.tables("step")
    steps = [reader.step(table, number) for number, table in enumerate(tables, 1)]
    healed = {step.action.step for step in steps if isinstance(step.action, HealAction)}
    for step, table in zip(steps, tables, strict=True):
        _heals(step, table, healed)
    return steps


def _heals(step: Step, table: Table, healed: set[str | None]) -> None:
    """Every fault heals or is declared permanent."""
    action = step.action
    if not isinstance(action, FaultAction) or action.fault.kind in INSTANT:
        return
    ways = [
        action.fault.heal_after_s is not None,
        bool({step.name, None} & healed),
        action.permanent,
    ]
    if not any(ways):
        table.fail(
            "fault",
            'say when it heals: heal_after = "5m", or a later step with '
            f'heal = "{step.name}", or permanent = true',
        )
    if action.permanent and any(ways[:2]):
        table.fail("permanent", "this fault is healed, so it is not permanent")


class _Reader:
    def __init__(self, layout: ClusterLayout, names: Names, moments: Moments) -> None:
        self._layout, self._names, self._moments = layout, names, moments
        self._known_names = Known(names.nodes, names.guests)
        self._faults: dict[str, Fault] = {}

    def step(self, table: Table, number: int) -> Step:
        name = table.text("name", f"step {number}")
        if "name" in table and (not STEP_NAME.fullmatch(name) or name == ALL):
            table.fail("name", f"'{name}' cannot be a step's name: {NAME_HELP}")
        after = self._moments.after(table)
        action = self._action(table, name, after)
        when = None
        if "when" in table:
            when = self._moments.predicate(table, "when", self._names, after)
        elif "at" not in table:
            table.fail(None, 'say when: at = "2m", or when = "<predicate>"')
        if when is not None and "at" in table:
            table.fail("at", "a step has either 'at' or 'when'")
        step = Step(
            name,
            table.place(),
            action,
            at_s=table.optional_duration_s("at"),
            when=when,
            within_s=table.optional_duration_s("within"),
            after=after,
            text=as_text(when) if when is not None else "",
        )
        if step.at_s is not None and step.within_s is not None:
            table.fail("within", "'within' goes with 'when'")
        table.end()
        self._moments.add(table, step, hits=self._hits(action))
        return step

    def _hits(self, action: Action) -> bool:
        if isinstance(action, FaultAction):
            return action.target is not None or action.fault.node is not None
        if isinstance(action, OperatorAction):
            return action_node(action) is not None
        return False

    def _action(self, table: Table, name: str, after: str | None) -> Action:
        written = [key for key in ACTIONS if key in table]
        if len(written) != 1:
            table.fail(written[1] if written else None, f"a step has one of {', '.join(ACTIONS)}")
        if "heal" in table:
            return self._heal(table)
        if "operator" in table:
            return self._operator(table, after)
        return self._fault(table, name, after)

    def _heal(self, table: Table) -> HealAction:
        name = table.text("heal")
        if name == ALL:
            return HealAction(None)
        if name not in self._faults:
            better = did_you_mean(name, (*self._faults, ALL))
            table.fail("heal", f"no step above begins a fault named '{name}'{better}")
        if self._faults[name].kind in INSTANT:
            table.fail("heal", f"'{name}' is over as soon as it happens: nothing to heal")
        return HealAction(name)

    # faults

    def _fault(self, table: Table, name: str, after: str | None) -> FaultAction:
        kind = table.choice("fault", KINDS)
        target: NodeRef | None = None
        found: dict[str, str | None] = {}
        groups: tuple[tuple[str, ...], ...] = ()
        value: float | None = None
        for item in KINDS[kind]:
            key, optional = item.rstrip("?"), item.endswith("?")
            if key == "value":
                value = _amount(table, AMOUNTS[kind])
            elif optional and key not in table:
                table.raw(key)
            elif key == "groups":
                groups = self._groups(table, kind)
            elif key == "node":
                found["node"], target = self._node(table, after)
            else:
                found[key] = table.choice(key, self._known(key))
        heal_after_s = table.optional_duration_s("heal_after")
        if kind in INSTANT and ("heal_after" in table or "permanent" in table):
            table.fail("fault", f"'{kind}' is over as soon as it happens: nothing to heal")
        fault = Fault(kind, **found, groups=groups, value=value, heal_after_s=heal_after_s)
        self._possible(table, fault)
        self._faults[name] = fault
        return FaultAction(fault, target, table.flag("permanent", False))

    def _known(self, key: str) -> list[str]:
        layout = self._layout
        return {
            "link": lambda: [link.name for link in layout.links],
            "switch": lambda: [s for link in layout.links for s in link.switches.values()],
            "site": lambda: [node.site for node in layout.nodes],
            "storage": lambda: [storage.name for storage in layout.storages],
            "guest": lambda: [guest.sid for guest in layout.guests],
        }[key]()

    def _node(self, table: Table, after: str | None) -> tuple[str | None, NodeRef | None]:
        text = table.text("node")
        ref = self._reference(table, "node", text, after)
        if ref is not None:
            return None, ref
        nodes = self._layout.node_names()
        if text not in nodes:
            forms = did_you_mean(text, nodes)
            table.fail("node", f"there is no node '{text}'{forms}")
        return text, None

    def _reference(self, table: Table, key: str, text: str, after: str | None) -> NodeRef | None:
        """`master`, `host of vm:100` or `@step`."""
        if text == MASTER:
            return NodeRef("master")
        if text.startswith(HOST_OF):
            sid = text.removeprefix(HOST_OF).strip()
            if sid not in self._names.guests:
                better = did_you_mean(sid, self._names.guests)
                table.fail(key, f"there is no guest '{sid}'{better}")
            return NodeRef("host", sid)
        if text.startswith("@"):
            self._moments.must_be_before(table, key, text[1:], after)
            return NodeRef("step", text[1:])
        return None

    def _groups(self, table: Table, kind: str) -> tuple[tuple[str, ...], ...]:
        raw = table.raw("groups")
        if not isinstance(raw, list) or len(raw) < 2 or (kind == "one_way" and len(raw) != 2):
            many = "two groups" if kind == "one_way" else "two or more groups"
            table.fail("groups", f'{many} are expected: [["node1", "node2"], ["node3..node5"]]')
        groups = tuple(self._group(table, item) for item in raw)
        used: list[str] = [name for group in groups for name in group]
        double = sorted({name for name in used if used.count(name) > 1})
        if double:
            table.fail("groups", f"{', '.join(double)} cannot be in a group twice, or in two")
        return groups

    def _group(self, table: Table, item: object) -> tuple[str, ...]:
        texts = [item] if isinstance(item, str) else item
        if not isinstance(texts, list) or not texts:
            table.fail("groups", "a group is a list of nodes")
        nodes = self._layout.node_names()
        found: list[str] = []
        for text in texts:
            names = spread_names(text) if isinstance(text, str) else None
            unknown = [name for name in names or [str(text)] if name not in nodes]
            if unknown:
                better = did_you_mean(unknown[0], nodes)
                table.fail("groups", f"there is no node '{unknown[0]}'{better}")
            found += names or []
        return tuple(found)

    def _possible(self, table: Table, fault: Fault) -> None:
        """Faults that name things which exist, but not together."""
        storages = {storage.name: storage for storage in self._layout.storages}
        if fault.storage is not None and fault.node is not None:
            only = storages[fault.storage].nodes
            if only and fault.node not in only:
                table.fail("node", f"'{fault.node}' has no storage '{fault.storage}'")
        if fault.kind.startswith("qdevice") and not self._layout.quorum.qdevice:
            table.fail("fault", "this cluster has no quorum device: set [quorum] qdevice = true")
        if fault.kind == "trunk" and len({node.site for node in self._layout.nodes}) < 2:
            table.fail("fault", "there is no trunk: all nodes are at one site")

    # operator

    def _operator(self, table: Table, after: str | None) -> OperatorAction:
        commands = table.items("operator")
        if not commands:
            table.fail("operator", "a command is expected")
        return OperatorAction(tuple(self._command(table, text, after) for text in commands))

    def _command(self, table: Table, text: str, after: str | None) -> tuple[str | NodeRef, ...]:
        words: list[str | NodeRef] = []
        for word in text.split():
            ref = self._reference(table, "operator", word, after)
            words.append(ref or word)
        wrong = refusal(words, self._known_names) if words else "a command is expected"
        if wrong is not None:
            table.fail("operator", f"'{text}': {wrong}")
        return tuple(words)


def action_node(action: OperatorAction) -> str | NodeRef | None:
    """The node that a single command names by reference, if it does."""
    refs = [word for command in action.commands for word in command if isinstance(word, NodeRef)]
    return refs[0] if len(refs) == 1 else None


def _amount(table: Table, amount: Amount) -> float:
    if amount.form == "number":
        return table.number(amount.key, least=amount.least, most=amount.most) * amount.scale
    seconds = table.duration_s(amount.key, signed=amount.form == "signed")
    if amount.form != "signed" and seconds < amount.least:
        table.fail(amount.key, f"at least {amount.least:g} s are expected")
    if seconds == 0:
        table.fail(amount.key, "nothing happens")
    return seconds * amount.scale
