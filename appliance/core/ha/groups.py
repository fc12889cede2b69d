"""Legacy groups become node-affinity rules, once every node understands rules."""

from __future__ import annotations

import re
from collections.abc import Generator
from typing import TYPE_CHECKING, Any

from appliance.core.ha.constants import GROUPS_RETRY
from appliance.core.ha.effects import MigrateGroups
from appliance.core.ha.places import active_on
from appliance.core.ha.rules import with_groups
from appliance.model.errors import QuorateError
from appliance.model.events import crm as events
from appliance.model.ha.status import LrmStatus
from appliance.ports.ha_store import HaConfig

if TYPE_CHECKING:
    from appliance.core.ha.draft import Draft

# The first version whose LRM gives services their places by rules: 9.0.0, 16th pre-release.
_NEEDED = (9, 0, 0)
_NEEDED_PRERELEASE = 16
_VERSION = re.compile(r"(\d+)\.(\d+)\.(\d+)(?:~(\d+))?")


def try_migration(
    draft: Draft, config: HaConfig, wait: int
) -> Generator[Any, Any, tuple[HaConfig, int]]:
    """Count down and, when it is time, try; the configuration and the rounds until the next try."""
    if wait > 1:
        return config, wait - 1
    reason = _obstacle(draft)
    if reason is not None:
        draft.tell(events.GroupsMigrationFailed(reason))
        return config, GROUPS_RETRY
    rules = with_groups(config.rules, config.groups, config.services)
    staying = frozenset(group.id for group in config.groups if group.nofailback)
    failback = tuple((s.sid, False) for s in config.services.values() if s.group in staying)
    migrated: HaConfig = yield MigrateGroups(rules, failback)
    draft.tell(events.GroupsMigrated())
    return migrated, GROUPS_RETRY


def _obstacle(draft: Draft) -> str | None:
    """Why it is too early, or None."""
    if not draft.inputs.view.quorate:
        return "there is no quorum"
    if not draft.nodes:
        return "no node is known"
    for node in sorted(draft.nodes):
        if draft.nodes[node] != "online":
            return f"node '{node}' is {draft.nodes[node]}"
    lrm = draft.inputs.lrm
    if isinstance(lrm, QuorateError):
        raise lrm
    for node in sorted(draft.nodes):
        reason = _lrm_obstacle(draft, node, lrm.get(node))
        if reason is not None:
            return reason
    for node in sorted(draft.nodes):
        version = draft.inputs.versions.get(node, "")
        if not understands_rules(version):
            return f"node '{node}' has version '{version}'"
    return None


def _lrm_obstacle(draft: Draft, node: str, status: LrmStatus | None) -> str | None:
    if status is None:
        return f"the LRM of node '{node}' has not reported yet"
    idle = status.state == "wait_for_agent_lock" and not active_on(node, draft.services.values())
    if status.state != "active" and not idle:
        return f"the LRM of node '{node}' is in state {status.state}"
    if status.mode != "active":
        return f"the LRM of node '{node}' is in mode {status.mode}"
    return None


def understands_rules(version: str) -> bool:
    """Whether software of that version (`9.1.2`, `9.0.0~16`) places services by rules."""
    match = _VERSION.match(version)
    if match is None:
        return False
    numbers = (int(match[1]), int(match[2]), int(match[3]))
    if numbers != _NEEDED:
        return numbers > _NEEDED
    return match[4] is None or int(match[4]) >= _NEEDED_PRERELEASE
