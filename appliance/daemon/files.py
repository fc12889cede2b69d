"""The configuration tree mounted as files, for as long as the node's store is open."""

from __future__ import annotations

import grp
from pathlib import Path
from typing import Final

from appliance.daemon.stand import Stand
from appliance.model.errors import ConfigError, QuorateError
from appliance.model.events.files import FilesMounted, FilesUnmounted, MountFailed
from appliance.ports.clock import Clock
from appliance.ports.journal import Journal
from appliance.ports.tasks import Task, Tasks
from appliance.services.files.attributes import Owner
from appliance.services.files.ports import FilePorts
from appliance.services.files.view import FileView

try:
    from drivers.fuse import mount as fuse
except ImportError as error:  # an extra that needs a compiler: most nodes have it, not all
    WHY_NOT: str = str(error)
else:
    WHY_NOT = ""

SOURCE: Final = "files"
GROUP: Final = "www-data"
LOOK_S: Final = 0.5
RETRY_S: Final = 5.0


class Files:
    """`prepare`, `start`, and `stop` before the store is closed for good.

    A store that is closed and opened again, as a node does that joins a cluster, may hold another
    tree: then the files are unmounted and mounted anew.
    """

    def __init__(
        self, folder: Path, stand: Stand, clock: Clock, tasks: Tasks, journal: Journal
    ) -> None:
        self._folder, self._stand, self._clock = folder.absolute(), stand, clock
        self._tasks, self._journal = tasks, journal
        self._following: Task[None] | None = None
        self._shown: tuple[FileView, fuse.Mount] | None = None
        self._failure = ""

    async def prepare(self) -> None:
        """ConfigError or RefusedError if nothing can be mounted there."""
        if WHY_NOT:
            raise ConfigError(f"needs the extra 'fuse': {WHY_NOT}", field="mount")
        await fuse.prepare(self._folder)

    async def start(self) -> None:
        """Mounted when it returns, if the store is open."""
        if self._stand.store.running:
            await self._show()
        self._following = self._tasks.spawn(self._follow(), "files")

    async def stop(self) -> None:
        if self._following is not None:
            self._following.cancel()
            self._following = None
        await self._hide("the daemon ends")

    async def _follow(self) -> None:
        while True:
            if self._shown is not None:
                await self._hide(await self._why_over(self._shown[1]))
            while not self._stand.store.running:
                await self._clock.sleep(LOOK_S)
            if not await self._show():
                await self._clock.sleep(RETRY_S)

    async def _why_over(self, mount: fuse.Mount) -> str:
        """Waits until what is shown is out of date."""
        store = self._stand.store
        replica = store.replica if store.running else None
        while replica is not None and store.running and store.replica is replica:
            if mount.ended is None or mount.ended.done():
                return "somebody unmounted it"
            await self._clock.sleep(LOOK_S)
        return "the store was closed"

    async def _show(self) -> bool:
        view = FileView(self._ports(), _owner())
        mount = fuse.Mount(view, self._folder)
        try:
            await fuse.prepare(self._folder)
            view.start()
            mount.begin()
        except QuorateError as error:
            view.stop()
            if str(error) != self._failure:
                self._failure = str(error)
                self._journal.emit(SOURCE, MountFailed(self._failure))
            return False
        self._failure, self._shown = "", (view, mount)
        self._journal.emit(SOURCE, FilesMounted(str(self._folder)))
        return True

    async def _hide(self, reason: str) -> None:
        if self._shown is None:
            return
        (view, mount), self._shown = self._shown, None
        await mount.end()
        view.stop()
        self._journal.emit(SOURCE, FilesUnmounted(str(self._folder), reason))

    def _ports(self) -> FilePorts:
        stand = self._stand
        return FilePorts(
            stand.node, stand.store, stand.membership, self._clock, self._tasks, self._journal
        )


def _owner() -> Owner:
    """Root, and the group that reads what is not private, where there is one."""
    try:
        return Owner(0, grp.getgrnam(GROUP).gr_gid)
    except KeyError:
        return Owner()
