"""A served cluster: the world, its APIs, time, listeners, and the address beside the nodes."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import socket
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from appliance.api.api import Api
from appliance.api.http import HttpAnswer, HttpRequest
from appliance.api.operations import access, version
from appliance.api.table import Table
from appliance.model.errors import ConfigError
from appliance.web.asgi import AsgiApp, DroppedError
from appliance.web.listener import Listener
from appliance.web.sockets import tls_socket
from sim.entropy import Entropy
from sim.journal import NodeJournal
from sim.stage.apis import PASSWORDS, Apis, Settings
from sim.stage.authority import Authority
from sim.stage.bridge import Bridge, LostError
from sim.stage.controls import Controls
from sim.stage.listen import Hall, dropping
from sim.stage.operations import Simulation
from sim.tasks import Boot
from sim.world import World

NETWORK: Final = "127.0.0."
BESIDE: Final = 10  # the address from which time and faults are controlled; nodes come after it
MOST_NODES: Final = 200
BESIDE_NAME: Final = "stage"


class RealClock:
    """Implements the `Clock` port by the machine's: people's logins live in real time."""

    def monotonic(self) -> float:
        return time.monotonic()

    def wall(self) -> float:
        return time.time()

    async def sleep(self, seconds: float) -> None:
        raise NotImplementedError("nothing that checks a login waits")


class LiveEntropy(Entropy):
    """Numbers as in the world; secrets that nobody can foresee."""

    def child(self, *scope: str | int) -> LiveEntropy:
        return LiveEntropy(self.seed, *scope)

    def token(self, size_bytes: int) -> str:
        return secrets.token_hex(size_bytes)


@dataclass(frozen=True, slots=True)
class Wanted:
    """port 0: a free one. folder: for certificates. tasks: see `Settings`."""

    folder: Path
    port: int = 8006
    speed: float = 1.0
    passwords: Mapping[str, str] | None = None
    tasks: Mapping[str, Mapping[str, bytes]] = field(default_factory=dict)


class Stage:
    """`open`, `start`, at the end `close`."""

    def __init__(self, world: World, wanted: Wanted) -> None:
        names = world.layout.node_names()
        if len(names) > MOST_NODES:
            raise ConfigError(f"at most {MOST_NODES} nodes can be served", field="nodes")
        self.world = world
        hosts = [f"{NETWORK}{BESIDE + number}" for number in range(len(names) + 1)]
        self.port = wanted.port or free_port(hosts)
        self.beside = hosts[0]
        self.hosts = dict(zip(names, hosts[1:], strict=True))
        self.bridge = Bridge(world.kernel, wanted.speed)
        self.controls = Controls(world, self.bridge)
        self.authority = Authority(wanted.folder, world.layout.name)
        tls = self.authority.nodes({name: (host,) for name, host in self.hosts.items()})
        simulation = Simulation(self.controls, self._boot_of)
        settings = Settings(
            passwords=wanted.passwords or PASSWORDS,
            operations=simulation.operations(),
            credentials=RealClock(),
            certificates={name: one.certificate.read_bytes() for name, one in tls.items()},
            entropy=LiveEntropy(world.seed),
            tasks=wanted.tasks,
        )
        self.apis = Apis(world, settings)
        self.own_boot = Boot(world.kernel, BESIDE_NAME, 0, _report)
        addresses = {name: (host, self.port) for name, host in self.hosts.items()}
        self._hall = Hall(self.apis, self.bridge, addresses, tls)
        self._beside: Listener | None = None

    def _boot_of(self, node: str) -> Boot:
        found = self.apis.process(node) if node in self.hosts else None
        return self.own_boot if found is None else found[0]

    def urls(self) -> dict[str, str]:
        return {name: f"https://{host}:{self.port}" for name, host in self.hosts.items()}

    @property
    def beside_url(self) -> str:
        return f"https://{self.beside}:{self.port}"

    async def open(self) -> None:
        """Returns when all running nodes listen. ConfigError if that is not possible."""
        tls = self.authority.node(BESIDE_NAME, (self.beside,))
        app = AsgiApp(BesideFace(self), NodeJournal(self.world.journal, BESIDE_NAME), local=False)
        self._beside = Listener(app, [tls_socket(self.beside, self.port)], tls)
        await self._beside.start()
        await self._hall.open()

    def start(self) -> asyncio.Task[None]:
        """Let time pass. The task ends only if the world dies, with what it died of."""
        return asyncio.create_task(self._run())

    async def _run(self) -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(self.bridge.run())
            group.create_task(self._hall.run())

    async def close(self) -> None:
        await self._hall.close()
        if self._beside is not None:
            await self._beside.stop()

    async def ask(self, node: str, request: HttpRequest) -> HttpAnswer:
        """As if somebody came through that node's local socket."""
        found = self.apis.process(node)
        if found is None:
            raise ConfigError(f"{node} does not run", field="node")
        return await self.bridge.ask(found[0], found[1].handle(request))


class BesideFace:
    """Time and faults, also when every node is off. Implements `Answers`.

    Who asks is known by the newest copy of the store, be its node on or off.
    """

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        simulation = Simulation(stage.controls, lambda _: stage.own_boot)
        login = [one for one in access.OPERATIONS if one.path == "/access/ticket"]
        self._table = Table((*version.OPERATIONS, *login, *simulation.operations()))

    async def handle(self, request: HttpRequest) -> HttpAnswer:
        stage = self._stage
        api = Api(self._table, stage.apis.newest().ports)
        try:
            answer = await stage.bridge.ask(stage.own_boot, api.handle(request))
        except LostError:
            raise DroppedError from None
        return dropping(answer, stage.bridge, stage.own_boot)

    def admit(self, head: HttpRequest) -> HttpAnswer | None:
        return Api(self._table, self._stage.apis.newest().ports).admit(head)


def free_port(hosts: list[str]) -> int:
    """A port that is free on all of them."""
    for _ in range(50):
        with contextlib.ExitStack() as held:
            first = held.enter_context(socket.socket())
            first.bind((hosts[0], 0))
            port: int = first.getsockname()[1]
            try:
                for host in hosts[1:]:
                    held.enter_context(socket.socket()).bind((host, port))
            except OSError:
                continue
            return port
    raise ConfigError("no port is free on all addresses", field="port")


def _report(task: str, error: Exception) -> Any:
    raise error
