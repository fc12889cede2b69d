"""One node's daemon: which implementation stands behind each port, and what runs."""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING, Final

from appliance.api.api import Api
from appliance.api.operations import build_table
from appliance.api.peers import ApiPeers
from appliance.api.ports import ApiPorts
from appliance.daemon.cluster_service import NodeClusterService
from appliance.daemon.keeper import DatabaseKeeper
from appliance.daemon.settings import Settings
from appliance.daemon.stand import LayoutFile, Stand
from appliance.model.errors import UnavailableError
from appliance.model.events.node import (
    DaemonEnds,
    DaemonStarted,
    StepUndone,
    StoreDamaged,
    StoreWaits,
    TaskFailed,
)
from appliance.services.access.accounts import Accounts
from appliance.services.access.ports import AccessPorts
from appliance.services.cluster.follower import Follower
from appliance.services.cluster.passing import Passing
from appliance.services.cluster.ports import ClusterPorts
from appliance.services.tasks.work import TaskPorts, Work
from appliance.web.asgi import AsgiApp
from appliance.web.listener import Listener, TlsFiles
from appliance.web.sockets import local_socket, tls_socket
from drivers.corosync.process import CorosyncProcess
from drivers.https.courier import HttpsCourier
from drivers.https.transport import HttpsTransport
from drivers.lone.board import LoneBoard
from drivers.pam.passwords import PamPasswords
from drivers.system.clock import SystemClock
from drivers.system.entropy import SystemEntropy
from drivers.system.host import SystemHost
from drivers.system.journal import SystemJournal
from drivers.system.tasks import SystemSignals, SystemTasks
from drivers.task_log.files import FileTaskLog
from drivers.tls.certificate import Identity, own_identity

if TYPE_CHECKING:
    from appliance.daemon.files import Files

SOURCE: Final = "daemon"
COROSYNC_RETRY_S: Final = 5.0
PID_FILE: Final = "quorated.pid"
TASKS: Final = "tasks"


class Node:
    """From the first file opened to the last one closed. `start`, then `stop`."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.journal = SystemJournal(settings.node)
        self.clock, self.entropy = SystemClock(), SystemEntropy()
        self.signals = SystemSignals()
        self.tasks = SystemTasks(
            lambda name, error: self.journal.emit(
                SOURCE, TaskFailed(name, f"{type(error).__name__}: {error}")
            )
        )
        self.passwords = PamPasswords()
        self.process = CorosyncProcess(settings.corosync_dir, settings.state_dir)
        self.keeper = DatabaseKeeper(settings.database)
        self._task_log = FileTaskLog(settings.state_dir / TASKS)
        board = LoneBoard(settings.node)
        self._work = Work(
            TaskPorts(settings.node, self.clock, self.tasks, self._task_log, board, self.journal)
        )
        self._listeners: list[Listener] = []
        self._bound = False  # the local socket is ours, and not another daemon's
        self._stand: Stand | None = None
        self._files: Files | None = None

    async def start(self) -> None:
        """Returns when the API answers. The store may still be waiting for corosync.

        ConfigError, DiskError, RefusedError: nothing was begun that goes on.
        """
        settings = self.settings
        settings.state_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        settings.run_dir.mkdir(mode=0o755, parents=True, exist_ok=True)
        layout = LayoutFile(settings.layout)
        # Listening comes first: whoever is there already keeps what is on the disk.
        local = local_socket(settings.socket)
        self._bound = True
        remote = [tls_socket(*where) for where in settings.listen]
        addresses = [address for address, _ in settings.listen]
        identity = own_identity(settings.state_dir, settings.node, addresses)
        await self.keeper.open(alone=layout.read() is None)
        if self.keeper.found_damaged():
            self.journal.emit("store", StoreDamaged(self.keeper.found_damaged()))
        system = (self.clock, self.tasks, self.signals, self.entropy)
        stand = self._stand = Stand(settings.node, layout, self.keeper, system, self.journal)
        files = await self._prepare_files(stand)
        service = NodeClusterService(stand, self.process, settings.state_dir)
        if await service.undo():
            self.journal.emit(SOURCE, StepUndone())
        await stand.open()
        await self._work.open()
        ports = self._api_ports(stand, service, identity)
        api = Api(build_table(), ports)
        self._listeners = [Listener(AsgiApp(api, self.journal, local=True), [local], None)]
        if remote:
            app = AsgiApp(api, self.journal, local=False)
            tls = TlsFiles(identity.certificate, identity.key)
            self._listeners.append(Listener(app, remote, tls))
        for listener in self._listeners:
            await listener.start()
        self._spawn(stand, service, ports)
        if files is not None:
            self._files = files
            await files.start()
        (settings.run_dir / PID_FILE).write_text(f"{os.getpid()}\n")
        listening = tuple(f"{address}:{port}" for address, port in self.listening())
        alone = layout.read() is None
        self.journal.emit(SOURCE, DaemonStarted(listening, identity.fingerprint, alone))

    async def _prepare_files(self, stand: Stand) -> Files | None:
        if self.settings.mount is None:
            return None
        from appliance.daemon.files import Files

        files = Files(self.settings.mount, stand, self.clock, self.tasks, self.journal)
        await files.prepare()
        return files

    def listening(self) -> list[tuple[str, int]]:
        """Addresses and ports of TLS, as they came out (port 0 asks for a free one)."""
        return [
            (one.getsockname()[0], one.getsockname()[1])
            for listener in self._listeners[1:]
            for one in listener.sockets
        ]

    def _api_ports(self, stand: Stand, service: NodeClusterService, identity: Identity) -> ApiPorts:
        access = AccessPorts(stand.store, self.clock, self.entropy, self.journal, self.passwords)
        cluster = ClusterPorts(
            node=self.settings.node,
            clock=self.clock,
            store=stand.store,
            membership=stand.membership,
            service=service,
            host=SystemHost(identity.pem),
            peers=ApiPeers(HttpsTransport()),
        )
        return ApiPorts(
            node=self.settings.node,
            clock=self.clock,
            tasks=self.tasks,
            entropy=self.entropy,
            journal=self.journal,
            membership=stand.membership,
            store=stand.store,
            keeper=self.keeper,
            accounts=Accounts(access),
            work=self._work,
            cluster=cluster,
            passing=Passing(cluster, HttpsCourier()),
            member=stand.store,
        )

    def _spawn(self, stand: Stand, service: NodeClusterService, ports: ApiPorts) -> None:
        self.tasks.spawn(stand.mend(), "store mend")
        self.tasks.spawn(self._run_corosync(service), "corosync start")
        self.tasks.spawn(ports.accounts.keys.prepare(), "ticket keys")
        if ports.cluster is not None:
            self.tasks.spawn(Follower(ports.cluster, self.journal).run(), "layout follower")

    async def _run_corosync(self, service: NodeClusterService) -> None:
        told = ""
        while True:
            try:
                await service.run_corosync()
            except UnavailableError as error:
                if str(error) != told:
                    told = str(error)
                    self.journal.emit(SOURCE, StoreWaits(told))
                await self.clock.sleep(COROSYNC_RETRY_S)
            else:
                return

    async def stop(self, reason: str) -> None:
        """Answer what was asked, leave the group, close the database. Corosync goes on."""
        self.journal.emit(SOURCE, DaemonEnds(reason))
        for listener in self._listeners:
            await listener.stop()
        if self._files is not None:
            await self._files.stop()
        if self._stand is not None:
            await self._stand.close()
        await self.tasks.close()
        self._task_log.close()
        await self.keeper.close()
        self.passwords.close()
        for name in (PID_FILE, self.settings.socket.name) if self._bound else ():
            with contextlib.suppress(OSError):
                (self.settings.run_dir / name).unlink()
