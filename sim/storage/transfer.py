"""Copies of whole images in simulated time. Implements the `Transfer` port."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

from appliance.model.errors import MissingError, RefusedError
from appliance.model.storage.volumes import check_new_image, parse_name, split_id
from appliance.ports.storage import PLAIN, Effort, Place
from sim.guests.storage import Volume as Image
from sim.storage.contents import Content
from sim.storage.flows import Route
from sim.storage.pool import CHANGE_S, SimPool

Opener = Callable[[str], SimPool]
FarOpener = Callable[[str, str], SimPool]
"""Of a node and a storage id: that storage as the node sees it."""


class SimTransfer:
    """On one boot."""

    def __init__(self, opened: Opener, far: FarOpener) -> None:
        self._opened, self._far = opened, far

    async def copy(
        self, volid: str, to: Place, snapshot: str | None = None, effort: Effort = PLAIN
    ) -> str:
        source, name = self._source(volid, snapshot)
        target = self._opened(to.storage)
        route = Route(
            source.around.boot,
            (source.end, target.end),
            None,
            effort.limit_bytes_s,
            effort.progress,
        )
        return await self._fill(source, name, target, to, route, snapshot)

    async def send(
        self, volid: str, node: str, to: Place, snapshots: bool = False, effort: Effort = PLAIN
    ) -> str:
        source, name = self._source(volid, None)
        target = self._far(node, to.storage)
        boot = source.around.boot
        route = Route(boot, (source.end, target.end), node, effort.limit_bytes_s, effort.progress)
        sent = await self._fill(source, name, target, to, route, None)
        if snapshots:
            copy = target.shelves.of(target.image(split_id(sent)[1]))
            copy.snapshots = list(source.shelves.of(source.image(name)).snapshots)
        return sent

    async def retract(self, volid: str, node: str) -> None:
        storage, name = split_id(volid)
        pool = self._far(node, storage)
        with suppress(MissingError):
            await pool.free(name)

    async def rename(self, volid: str, vmid: int, name: str | None = None) -> str:
        storage, old = split_id(volid)
        pool = self._opened(storage)
        parsed = pool.parse(old)
        if not pool.storage.can("rename", parsed):
            raise RefusedError(f"storage '{storage}' cannot rename volume '{old}'")
        await pool.reach(CHANGE_S)
        image = pool.image(old)
        pool.check_idle(image)
        if pool.children(parsed) or pool.shelves.of(image).snapshots:
            raise RefusedError(f"volume '{old}' has snapshots or linked clones")
        new = pool.rename(image, self._named(pool, vmid, parsed.format, name))
        told = pool.told(pool.image(new))
        return told.id if told is not None else f"{storage}:{new}"

    def _source(self, volid: str, snapshot: str | None) -> tuple[SimPool, str]:
        storage, name = split_id(volid)
        pool = self._opened(storage)
        if not pool.storage.can("copy", parse_name(pool.type, name), snapshot):
            raise RefusedError(f"storage '{storage}' cannot copy volume '{name}'"
                               f"{f' at {snapshot}' if snapshot else ''}")  # fmt: skip
        return pool, name

    def _named(self, pool: SimPool, vmid: int, form: str, name: str | None) -> str:
        if name is None:
            return pool.next_name(vmid, form)
        return check_new_image(pool.type, vmid, form, name)

    async def _fill(
        self,
        source: SimPool,
        name: str,
        target: SimPool,
        to: Place,
        route: Route,
        snapshot: str | None,
    ) -> str:
        """Make the target, let the bytes flow, and remove it again if that does not end well."""
        await source.reach(0.0)
        form = target.usual(to.format)
        mark, size = self._content(source, name, snapshot)
        await target.reach(CHANGE_S)
        text = self._named(target, to.vmid, form, to.name)
        image = target.make(text, Content(size, target.shelves.now_s()), size)
        try:
            await target.around.flows.run(route, size)
            mark, _ = self._content(source, name, snapshot)
        except BaseException:  # a cancelled copy leaves nothing either
            self._undo(target, image)
            raise
        target.shelves.of(image).mark = mark
        return f"{to.storage}:{text}"

    def _content(self, pool: SimPool, name: str, snapshot: str | None) -> tuple[int, int]:
        content = pool.shelves.of(pool.image(name))
        if snapshot is None:
            return content.mark, content.size_bytes
        moment = content.moment(snapshot)
        if moment is None:
            raise MissingError(f"volume '{name}' has no snapshot '{snapshot}'")
        return moment.mark, moment.size_bytes

    def _undo(self, target: SimPool, image: Image) -> None:
        if target.physics.exists(image):
            target.physics.remove(image)
