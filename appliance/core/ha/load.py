"""What each node has to carry, as the scheduler counts it during one round."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from appliance.core.ha.crs import Usage, make_usage
from appliance.core.ha.places import used_nodes
from appliance.model.events.crm import SchedulerWarning
from appliance.model.ha.status import EMPTY, ServiceStatus

if TYPE_CHECKING:
    from appliance.core.ha.draft import Draft


class Load:
    """The usage of the online nodes by all services, kept in step with the draft.

    It counts services as they were when the round rebuilt it, plus every change of state since; a
    service whose node is set right without a change of state keeps its place until the next round.
    In mode basic hardly any round asks for a score, so there the counting is put off until one
    does; the changes until then are noted down and counted after.
    """

    def __init__(self, draft: Draft) -> None:
        self._draft = draft
        self._usage: Usage | None = None
        self._services: Mapping[str, ServiceStatus] = EMPTY
        self._noted: list[tuple[str, ServiceStatus]] = []
        self.online: tuple[str, ...] = ()
        self.online_set: frozenset[str] = frozenset()

    def rebuild(self) -> None:
        draft = self._draft
        self.online = tuple(n for n in sorted(draft.nodes) if draft.nodes[n] == "online")
        self.online_set = frozenset(self.online)
        self._services = draft.share_services()
        if draft.crs.mode != "basic":
            self._count()

    def usage(self) -> Usage:
        return self._usage if self._usage is not None else self._count()

    def moved(self, sid: str, status: ServiceStatus) -> None:
        """The service changed its state."""
        if self._usage is None:
            self._noted.append((sid, status))
        else:
            self._register(self._usage, sid, status)
            self._tell(self._usage)

    def scores(self, sid: str) -> Mapping[str, float]:
        """By node; lower is better for a start of the service there."""
        usage = self.usage()
        found = usage.scores(sid)
        self._tell(usage)
        return found

    def _count(self) -> Usage:
        draft = self._draft
        usage, problems = make_usage(
            draft.crs.mode, self.online, draft.inputs.node_stats, draft.inputs.service_stats
        )
        for message in problems:
            draft.tell(SchedulerWarning(message))
        for sid, status in self._services.items():
            self._register(usage, sid, status)
        for sid, (node, running) in sorted(draft.inputs.guests.items()):
            if sid not in self._services and running and node in self.online_set:
                usage.register(sid, node, None, True)
        for sid, status in self._noted:
            self._register(usage, sid, status)
        self._usage, self._noted = usage, []
        self._tell(usage)
        return usage

    def _register(self, usage: Usage, sid: str, status: ServiceStatus) -> None:
        current, target, running = used_nodes(
            status.state, status.node, status.target, status.running, self.online_set
        )
        usage.register(sid, current, target, running)

    def _tell(self, usage: Usage) -> None:
        for message in usage.warnings:
            self._draft.tell(SchedulerWarning(message))
        usage.warnings.clear()
