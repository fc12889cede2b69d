"""What people change of high availability: services, rules, groups, and requests to the manager."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from appliance.core.ha.rules.checks import find_dropped
from appliance.core.ha.rules.compiled import CompiledRules, compile_rules
from appliance.model.errors import ConfigError, MissingError, RefusedError
from appliance.model.ha import groups, resources, rules
from appliance.model.ha.guest_files import guest_place
from appliance.model.ha.ids import GUEST_TYPES, parse_sid
from appliance.model.ha.rules import Rule, RuleSet, parse_rules
from appliance.model.option import Option
from appliance.model.parameters import ParameterError
from appliance.model.section_config import Document, SectionType, typed_id, write_sections
from appliance.ports.config_store import ConfigStore
from appliance.services.config.sections import SectionFile, Sections
from appliance.services.config.texts import change_text, read_text
from appliance.services.ha_store.decoder import Decoder
from appliance.services.ha_store.state import StoreHaState

_BALANCED: Final = Option(
    "auto-rebalance",
    "Whether the guest may be moved to even out the load.",
    "boolean",
    default=True,
)


def _with_balance(declared: SectionType) -> SectionType:
    return replace(declared, options=(*declared.options, _BALANCED))


RESOURCES: Final = SectionFile(
    resources.FILE,
    tuple(_with_balance(declared) for declared in resources.TYPES),
    "sid",
    "HA resource",
    typed_id,
)
GROUPS: Final = SectionFile(groups.FILE, groups.TYPES, "group", "HA group")
RULES: Final = SectionFile(rules.FILE, rules.TYPES, "rule", "HA rule")


def full_sid(store: ConfigStore, given: str, kind: str | None = None) -> str:
    """`vm:100` for `vm:100` or for `100`, by the guest that is there. ConfigError, MissingError."""
    if ":" in given:
        sid = str(parse_sid(given))
        if kind is not None and not sid.startswith(f"{kind}:"):
            raise ConfigError(f"does not go together with {sid}", field="type")
        return sid
    known = [
        one["sid"]
        for one in Sections(store, RESOURCES).rows()
        if one["sid"].partition(":")[2] == given
    ]
    if known and kind is None:
        return str(known[0])
    path = store.guests().get(int(given))
    if path is None and kind is None:
        raise MissingError(f"guest '{given}' does not exist")
    found = kind if path is None or kind is not None else guest_place(path)[0].partition(":")[0]
    return f"{found}:{given}"


def need_guest(store: ConfigStore, sid: str) -> None:
    """MissingError unless there is such a guest."""
    number = int(parse_sid(sid, GUEST_TYPES).name)
    path = store.guests().get(number)
    if path is None or guest_place(path)[0] != sid:
        raise MissingError(f"unable to use '{sid}': no such guest, it does not exist")


def managed(store: ConfigStore, sid: str) -> None:
    """MissingError unless it is a service."""
    Sections(store, RESOURCES).row(sid)


async def forget(store: ConfigStore, sid: str) -> None:
    """Take a service out of all rules; a rule without services goes with it."""

    def without(text: str) -> str:
        known = parse_rules(text)
        left: list[Rule] = []
        for rule in known.rules:
            kept = tuple(one for one in rule.resources if one != sid)
            if kept:
                left.append(rule if kept == rule.resources else replace(rule, resources=kept))
        return text if left == list(known.rules) else rules.write_rules(left, known.document)

    await change_text(store, rules.FILE, without)


# rules


def check_rules(document: Document, nodes: Sequence[str], rule: str) -> None:
    """ParameterError if this rule cannot be in force beside the others, with all its reasons."""
    known = parse_rules(write_sections(document))
    reasons = [found.sentence for found in find_dropped(known.rules, nodes) if found.rule == rule]
    if reasons:
        raise ParameterError({_blamed(known, rule): f"Rule '{rule}' is invalid: {reasons[0]}"})


def _blamed(known: RuleSet, rule: str) -> str:
    return "affinity" if hasattr(known.get(rule), "affinity") else "resources"


# requests to the manager


@dataclass(frozen=True, slots=True)
class Motion:
    """What a move of a service entails: who comes along, and who is in the way and why."""

    sid: str
    node: str
    along: tuple[str, ...]
    blocking: tuple[tuple[str, str], ...]

    def answer(self) -> dict[str, Any]:
        found: dict[str, Any] = {"sid": self.sid, "requested-node": self.node}
        if self.along:
            found["comigrated-resources"] = list(self.along)
        if self.blocking:
            found["blocking-resources"] = [
                {"sid": sid, "cause": cause} for sid, cause in self.blocking
            ]
        return found


class HaRequests:
    """Of one node: requests go into the manager's queue, what it said is read from its status."""

    def __init__(self, node: str, store: ConfigStore) -> None:
        self._store = store
        self.state = StoreHaState(node, store, Decoder())

    async def move(self, verb: str, sid: str, node: str, nodes: Sequence[str]) -> Motion:
        """Ask for it unless something is in the way. MissingError, RefusedError."""
        managed(self._store, sid)
        status = self.state.manager_status()
        if node not in nodes:
            raise MissingError(f"node '{node}' does not exist")
        if status.nodes and status.nodes.get(node) != "online":
            raise RefusedError(f"node '{node}' is {status.nodes.get(node, 'unknown')} to HA")
        found = self.motion(sid, node, nodes)
        if not found.blocking:
            await self.state.queue_command(f"{verb} {sid} {node}")
        return found

    def motion(self, sid: str, node: str, nodes: Sequence[str]) -> Motion:
        known = parse_rules(read_text(self._store, rules.FILE))
        dropped = {one.rule for one in find_dropped(known.rules, nodes)}
        compiled = compile_rules([r for r in known.rules if r.id not in dropped], nodes)
        tracked = self.state.manager_status().services
        along = tuple(one for one in compiled.positive.get(sid, ()) if one in tracked)
        blocking = [
            (other, "resource-affinity")
            for one in (sid, *along)
            for other in compiled.negative.get(one, ())
            if other in tracked and node in (tracked[other].node, tracked[other].target)
        ]
        blocking += [
            (one, "node-affinity") for one in (sid, *along) if not _allowed(compiled, one, node)
        ]
        return Motion(sid, node, along, tuple(blocking))

    async def disarm(self, mode: str) -> None:
        """RefusedError if it is so already."""
        if self.state.manager_status().disarm is not None:
            raise RefusedError("HA is disarmed already")
        await self.state.queue_command(f"disarm-ha {mode}")

    async def arm(self) -> None:
        """RefusedError if it is so already."""
        if self.state.manager_status().disarm is None:
            raise RefusedError("HA is armed already")
        await self.state.queue_command("arm-ha")


def _allowed(compiled: CompiledRules, sid: str, node: str) -> bool:
    places = compiled.node_affinity.get(sid)
    return places is None or node in places
