"""Which topics a change of the store touches, so that loops that sleep on them are woken."""

from __future__ import annotations

from collections.abc import Iterator

from appliance.model.errors import ConfigError
from appliance.model.ha.status import LrmStatus, ManagerStatus, ServiceStatus
from appliance.model.ha.status_files import MANAGER_STATUS
from appliance.model.store.changes import LEASE_MARK, Cell, Cells, File, Lease
from appliance.ports import topics
from appliance.services.ha_store.decoder import Decoder
from appliance.services.ha_store.state import COMMANDS
from sim.pace import Effect, Wakeups
from sim.store.beats import Beat
from sim.store.copy import Before, Copy

LRM_STATUS = "/lrm_status"


class TopicPublisher:
    """Also notes when what a coasting loop may go on refreshing was written."""

    def __init__(self, wakeups: Wakeups, decoder: Decoder) -> None:
        self._wakeups, self._decoder = wakeups, decoder

    def committed(self, copy: Copy, cells: Cells, before: Before, effect: Effect) -> None:
        for (key, cell), old in zip(cells, before, strict=True):
            if key.startswith(LEASE_MARK):
                self._lease(copy, key.removeprefix(LEASE_MARK), cell, old)
            elif key == MANAGER_STATUS:
                self._manager(copy, cell, old, effect)
            elif key.endswith(LRM_STATUS):
                self._lrm(copy, key, cell, old, effect)
            else:
                topic = topics.CRM_COMMANDS if key == COMMANDS else topics.HA_CONFIG
                self._wakeups.publish(copy.nodes, topic)

    def _lease(self, copy: Copy, name: str, cell: Cell | None, old: Cell | None) -> None:
        if isinstance(cell, Lease) and isinstance(old, Lease) and cell.holder == old.holder:
            return
        self._wakeups.publish(copy.nodes, topics.lock(name))

    def _lrm(
        self, copy: Copy, path: str, cell: Cell | None, old: Cell | None, effect: Effect
    ) -> None:
        copy.beats.lrm[path.split("/")[1]] = Beat(effect)
        before, after = self._read_lrm(path, old), self._read_lrm(path, cell)
        if before is None or after is None or not _same_lrm(before, after):
            self._wakeups.publish(copy.nodes, topics.LRM_STATUSES)

    def _read_lrm(self, path: str, cell: Cell | None) -> LrmStatus | None:
        try:
            return self._decoder.lrm_status(cell.content, path) if isinstance(cell, File) else None
        except ConfigError:
            return None

    def _manager(self, copy: Copy, cell: Cell | None, old: Cell | None, effect: Effect) -> None:
        before, after = self._read_manager(old), self._read_manager(cell)
        copy.beats.publish(after.round, after.master, effect)
        if before.disarm != after.disarm:
            nodes = set(copy.nodes)
        else:
            nodes = set(_touched_nodes(before, after))
        if not nodes and before.master == after.master:
            return
        self._wakeups.publish(copy.nodes, topics.MANAGER_STATUS)
        for node in copy.nodes:
            if node in nodes:
                self._wakeups.publish((node,), topics.manager_slice(node))

    def _read_manager(self, cell: Cell | None) -> ManagerStatus:
        if not isinstance(cell, File):
            return ManagerStatus()
        try:
            return self._decoder.manager_status(cell.content)
        except ConfigError:
            return ManagerStatus()


def _same_lrm(before: LrmStatus, after: LrmStatus) -> bool:
    return (
        before.state == after.state
        and before.mode == after.mode
        and (before.checked_round is None) == (after.checked_round is None)
        and (before.results is after.results or before.results == after.results)
    )


def _touched_nodes(before: ManagerStatus, after: ManagerStatus) -> Iterator[str]:
    """Nodes whose slice of the manager status differs."""
    yield from before.maintenance ^ after.maintenance
    if before.nodes is not after.nodes:
        for node in before.nodes.keys() | after.nodes.keys():
            if before.nodes.get(node) != after.nodes.get(node):
                yield node
    if before.services is not after.services:
        for sid in before.services.keys() | after.services.keys():
            yield from _touched_by(before.services.get(sid), after.services.get(sid))


def _touched_by(before: ServiceStatus | None, after: ServiceStatus | None) -> Iterator[str]:
    if before is after or before == after:
        return
    for status in (before, after):
        if status is not None:
            yield status.node
            if status.target is not None:
                yield status.target
