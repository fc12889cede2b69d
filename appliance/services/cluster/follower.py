"""Every node follows the layout in the store: what is newer there is put in place here.

It also publishes the certificate of this node's API, by which others know it.
"""

from __future__ import annotations

from typing import Final

from appliance.model.corosync_conf import CorosyncConf
from appliance.model.errors import ConfigError, MissingError, QuorateError
from appliance.model.events.cluster import LayoutApplied, LayoutRefused
from appliance.model.store.changes import Put
from appliance.ports.journal import Journal
from appliance.services.cluster.admit import certificate_path
from appliance.services.cluster.layout import (
    DEVICE_FILES,
    LAYOUT,
    layout_of,
    refuse_problems,
    stored_file,
)
from appliance.services.cluster.ports import ClusterPorts

SOURCE: Final = "cluster"
RETRY_S: Final = 5.0


class Follower:
    """Of one boot: `run` it as a task as soon as the store is there, alone or in a cluster."""

    def __init__(self, ports: ClusterPorts, journal: Journal) -> None:
        self._ports, self._journal = ports, journal
        self._refused = ""

    async def run(self) -> None:
        watch = self._ports.store.watch(LAYOUT)
        while True:
            if await self.once():
                await watch.next()
            else:
                await self._ports.clock.sleep(RETRY_S)

    async def once(self) -> bool:
        """Bring this node up to date; False if that has to be tried again."""
        try:
            await self._apply()
            await self._publish()
        except ConfigError as error:
            self._refuse(str(error))
        except QuorateError:
            return False  # store, corosync or quorum is not there at the moment
        return True

    async def _apply(self) -> None:
        """A layout without this node is not for it: it was taken out, or never came in."""
        in_place, file = self._ports.service.layout(), stored_file(self._ports)
        if in_place is None or file is None:
            return
        wanted = layout_of(file)
        refuse_problems(wanted)
        if wanted.node(self._ports.node) is None:
            return
        if wanted.version == in_place.version and wanted != in_place:
            self._refuse(f"version {wanted.version} is in place, with other contents")
            return
        if wanted.version > in_place.version or (
            wanted == in_place and await self._is_behind(wanted)
        ):
            await self._put_in_place(wanted)
        await self._ports.service.follow_device(self._device_files(wanted))

    async def _is_behind(self, wanted: CorosyncConf) -> bool:
        """Whether corosync goes by an older layout than the one in place.

        It was starting when the file was written, and had read the one before.
        """
        counted_by = (await self._ports.membership.votes()).layout
        return 0 < counted_by < wanted.version

    async def _put_in_place(self, wanted: CorosyncConf) -> None:
        await self._ports.membership.apply(wanted)
        self._refused = ""
        self._journal.emit(SOURCE, LayoutApplied(wanted.version))

    def _device_files(self, conf: CorosyncConf) -> dict[str, bytes]:
        if conf.device() is None:
            return {}
        store = self._ports.store
        return {
            path.removeprefix(DEVICE_FILES): store.read(path, privileged=True).content
            for path in store.paths(DEVICE_FILES, privileged=True)
        }

    async def _publish(self) -> None:
        path, pem = certificate_path(self._ports.node), self._ports.host.certificate()
        try:
            if self._ports.store.read(path).content == pem:
                return
        except MissingError:
            pass
        await self._ports.store.change(Put(path, pem))

    def _refuse(self, reason: str) -> None:
        """Told once."""
        if reason != self._refused:
            self._refused = reason
            self._journal.emit(SOURCE, LayoutRefused(reason))
