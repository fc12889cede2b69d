"""Where a service shall run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Literal

from appliance.core.ha.rules import node_affinity, resource_affinity
from appliance.model.ha.resources import ServiceConfig
from appliance.model.ha.status import ServiceStatus

if TYPE_CHECKING:
    from appliance.core.ha.draft import Draft

# stay: where it is, if that is still among the preferred nodes. best: the node with the least to
# carry. next: another one, as it failed here.
Preference = Literal["stay", "best", "next"]


def choose_node(
    draft: Draft, sid: str, status: ServiceStatus, config: ServiceConfig, preference: Preference
) -> str | None:
    """The node for the service among those in the scheduler's view, or None if none fits."""
    online = draft.load.online
    allowed, preferred = node_affinity(draft.compiled, sid, online)
    if not preferred:
        return None
    together, separate = resource_affinity(
        draft.compiled, sid, draft.services, draft.load.online_set
    )
    here = status.node
    may_stay = here in allowed and (here in together or here not in separate)
    if preference == "stay" and not config.failback and may_stay:
        return here
    left = [node for node in preferred if node not in separate]
    if preference == "next":
        left = [node for node in left if node not in status.failed_nodes]
    left = _with_partners(left, together)
    if status.maintenance_node is not None and status.maintenance_node in left:
        return status.maintenance_node
    if preference == "stay" and here in left:
        return here
    return _by_score(draft, sid, left, here if preference == "next" else None)


def _with_partners(nodes: Sequence[str], together: Mapping[str, int]) -> list[str]:
    """The node where most partners are, if any is; ties go to the lowest name."""
    counts = {node: together[node] for node in sorted(nodes) if node in together}
    if not counts:
        return list(nodes)
    return [max(counts, key=lambda node: counts[node])]


def _by_score(draft: Draft, sid: str, nodes: list[str], after: str | None) -> str | None:
    """The best node; given the one that failed, the one that follows it in the ranking."""
    if len(nodes) <= 1:
        return nodes[0] if nodes else None
    scores = draft.load.scores(sid)
    ranking = sorted(nodes, key=lambda node: (scores[node], node))
    if after is not None and after in ranking[:-1]:
        return ranking[ranking.index(after) + 1]
    return ranking[0]
