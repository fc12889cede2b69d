"""Membership and quorum as corosync sees them, on asyncio."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from appliance.model.corosync_conf import CorosyncConf, parse_corosync_conf, problems
from appliance.model.errors import ConfigError, QuorateError, UnavailableError
from appliance.ports.membership import ByHand, View, Votes
from drivers.corosync.files import replace_file
from drivers.corosync.library import CorosyncError
from drivers.corosync.names import Cmap, read_layout_version, read_node_names
from drivers.corosync.quorum import (
    Quorum,
    RingChange,
    expect_votes,
    read_votes,
    reload_configuration,
)
from drivers.corosync.threads import answer, in_thread, start

CONFIGURATION: Final = Path("/etc/corosync/corosync.conf")
_THIS_NODE: Final = "runtime.votequorum.this_node_id"
_RETRY_S: Final = (0.05, 0.1, 0.2, 0.5)


@dataclass(frozen=True, slots=True)
class _Link:
    """The connections of one life of corosync."""

    quorum: Quorum
    cmap: Cmap
    node_id: int

    def close(self) -> None:
        self.quorum.close()
        self.cmap.close()


class CorosyncMembership:
    """Implements the `LiveMembership` port. Use it from one event loop.

    Without corosync the view has no quorum and nobody is online; the configured nodes are then
    those that were known last, at first those of the configuration file.
    """

    def __init__(self, configuration: Path = CONFIGURATION) -> None:
        self._hand = ByHand()
        self._configuration = configuration
        self._view = View((), (), quorate=False, epoch=0)
        self._names: dict[int, str] = {}
        self._present: tuple[int, ...] = ()
        self._back = False  # the last new ring had members that had left and were back
        self._link: _Link | None = None
        self._waiting: list[asyncio.Future[None]] = []
        self._connecting: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Follow corosync from now on. Returns when it answered, or did not at the first try."""
        if self._connecting is not None or self._link is not None:
            return
        with contextlib.suppress(OSError, ConfigError):
            conf = self._read_configuration()
            self._set(replace(self._view, members=tuple(node.name for node in conf.nodes())))
        try:
            await self._connect()
        except UnavailableError:
            self._connect_later()

    def close(self) -> None:
        """Follow corosync no longer. The view then has no quorum."""
        if self._connecting is not None:
            self._connecting.cancel()
            self._connecting = None
        if self._link is not None:
            self._drop(self._link)

    # the port

    def view(self) -> View:
        return self._view

    def refresh(self) -> bool:
        return self._link is not None

    async def changed(self, after_epoch: int) -> View:
        while self._view.epoch <= after_epoch:
            change: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._waiting.append(change)
            try:
                await change
            finally:
                if change in self._waiting:
                    self._waiting.remove(change)
        return self._view

    async def votes(self) -> Votes:
        link = self._need()

        def read() -> Votes:
            # The version first: votes that are newer than it says are only taken for older ones.
            version = read_layout_version()
            return replace(read_votes(link.node_id), layout=version)

        return self._hand.mark(await answer(read))

    async def expect(self, votes: int) -> None:
        self._need()
        self._hand.expect(votes)
        try:
            await answer(lambda: expect_votes(votes))
        except QuorateError:
            self._hand.expect(0)
            raise

    async def apply(self, layout: CorosyncConf) -> None:
        wrong = problems(layout)
        if wrong:
            raise wrong[0]
        await in_thread(lambda: self._put(layout), name="corosync.conf")
        await answer(reload_configuration)

    # the configuration file

    def _read_configuration(self) -> CorosyncConf:
        text = self._configuration.read_text("utf-8")
        return parse_corosync_conf(text, file=str(self._configuration))

    def _put(self, layout: CorosyncConf) -> None:
        """Write the file, unless the one in place is as new. The same again is fine."""
        text = layout.text()
        with contextlib.suppress(FileNotFoundError):
            present = self._read_configuration()
            if present == layout:
                return
            if present.version >= layout.version:
                message = f"must be above {present.version}, the version in place"
                raise ConfigError(message, file=layout.file, field="totem.config_version")
        replace_file(self._configuration, text.encode())

    # the connection

    def _need(self) -> _Link:
        if self._link is None:
            raise UnavailableError("corosync does not run on this node")
        return self._link

    async def _connect(self) -> None:
        """UnavailableError if corosync does not answer."""

        def connect() -> tuple[_Link, dict[int, str]]:
            cmap = Cmap()
            try:
                names = cmap.node_names()
                node_id = cmap.get(_THIS_NODE)
                cmap.on_reload(self._on_reload)
                quorum = Quorum(self._on_quorum, self._on_ring)
            except CorosyncError:
                cmap.close()
                raise
            return _Link(quorum, cmap, node_id if isinstance(node_id, int) else 0), names

        link, self._names = await answer(connect, discard=lambda made: made[0].close())
        self._link = link
        loop = asyncio.get_running_loop()
        loop.add_reader(link.quorum.fd, self._on_readable, link, link.quorum)
        loop.add_reader(link.cmap.fd, self._on_readable, link, link.cmap)

    def _connect_later(self) -> None:
        self._connecting = asyncio.get_running_loop().create_task(self._keep_connecting())

    async def _keep_connecting(self) -> None:
        delays = iter(_RETRY_S)
        while self._link is None:
            await asyncio.sleep(next(delays, _RETRY_S[-1]))
            with contextlib.suppress(UnavailableError):
                await self._connect()
        self._connecting = None

    def _on_readable(self, link: _Link, source: Quorum | Cmap) -> None:
        if link is not self._link:
            return
        try:
            source.dispatch()
        except CorosyncError:
            self._drop(link)
            self._connect_later()

    def _drop(self, link: _Link) -> None:
        loop = asyncio.get_running_loop()
        loop.remove_reader(link.quorum.fd)
        loop.remove_reader(link.cmap.fd)
        self._link = None
        start(link.close, "corosync: close")
        self._set(replace(self._view, online=(), quorate=False))

    # what corosync tells

    def _on_ring(self, change: RingChange) -> None:
        self._back = any(node in change.joined for node in change.left)

    def _on_quorum(self, quorate: bool, members: tuple[int, ...]) -> None:
        self._present = members
        online = self._online(members) if quorate else ()
        epochs = 2 if self._back else 1
        self._back = False
        self._set(View(self._members(), online, quorate, self._view.epoch), epochs)

    def _on_reload(self) -> None:
        """The configuration was read again: names of new nodes are asked for in a thread."""
        task = asyncio.get_running_loop().create_task(self._read_names())
        task.add_done_callback(lambda done: done.exception())

    async def _read_names(self) -> None:
        link = self._link
        if link is None:
            return
        with contextlib.suppress(UnavailableError):
            names = await answer(read_node_names)
            if link is self._link:
                self._names = names
                view = self._view
                online = self._online(self._present) if view.quorate else ()
                self._set(View(self._members(), online, view.quorate, view.epoch))

    def _members(self) -> tuple[str, ...]:
        return tuple(sorted(self._names.values())) or self._view.members

    def _online(self, numbers: Iterable[int]) -> tuple[str, ...]:
        return tuple(sorted(self._names.get(number, str(number)) for number in numbers))

    def _set(self, view: View, epochs: int = 1) -> None:
        self._view = replace(view, epoch=self._view.epoch + epochs)
        waiting, self._waiting = self._waiting, []
        for change in waiting:
            if not change.done():
                change.set_result(None)
