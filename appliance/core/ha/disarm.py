"""HA switched off for a while, in mode `freeze` or `ignore`.

A disarmed cluster fences and recovers nothing. Services that are just being fenced, recovered or
moved are brought to an end first, because nobody would finish that later.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from appliance.core.ha.order import fresh_uid
from appliance.model.events import crm as events
from appliance.model.ha.status import Disarm, ServiceStatus

if TYPE_CHECKING:
    from appliance.core.ha.draft import Draft

_UNFINISHED = frozenset({"fence", "recovery", "migrate", "relocate"})
_FREEZABLE = frozenset(
    {"started", "stopped", "request_stop", "request_start", "request_start_balance"}
)


def handle_disarm(draft: Draft, disarm: Disarm) -> tuple[str, ...]:
    """Disarm as far as possible; the services to finish first, none if the round ends here."""
    if disarm.mode not in ("freeze", "ignore"):
        draft.tell(events.DisarmIgnored("disarm-ha", f"no such mode as {disarm.mode}"))
    unfinished = tuple(sid for sid, st in draft.services.items() if st.state in _UNFINISHED)
    if unfinished:
        for sid in unfinished:
            draft.tell(events.DisarmDeferred(sid, draft.services[sid].state))
        return unfinished
    for sid, status in list(draft.services.items()):
        if disarm.mode == "freeze":
            _freeze(draft, sid, status)
        elif disarm.mode == "ignore":
            _strip(draft, sid, status)
    if disarm.state != "disarmed" and _all_disarmed(draft):
        draft.tell(events.DisarmComplete())
        draft.disarm = replace(disarm, state="disarmed")
    return ()


def _freeze(draft: Draft, sid: str, status: ServiceStatus) -> None:
    if status.state not in _FREEZABLE:
        return
    draft.tell(events.DisarmFreezes(sid, status.state))
    frozen = ServiceStatus(
        "freeze",
        status.node,
        fresh_uid(sid, draft.next_round),
        maintenance_node=status.maintenance_node,
    )
    draft.put(sid, frozen)


def _strip(draft: Draft, sid: str, status: ServiceStatus) -> None:
    """Forget everything but state, place and order: nobody follows the service any more."""
    bare = ServiceStatus(
        status.state,
        status.node,
        draft.plain_uid(sid, status),
        maintenance_node=status.maintenance_node,
    )
    if bare != status:
        draft.put(sid, bare)


def _all_disarmed(draft: Draft) -> bool:
    online = [node for node, state in draft.nodes.items() if state == "online"]
    return all(draft.mode(node) == "disarm" for node in online)
