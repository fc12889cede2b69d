"""Serving: from what is wanted to a cluster that answers, and back."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import tempfile
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from appliance.api.http import HttpRequest
from appliance.model.errors import ConfigError, QuorateError
from scenarios.served.session import Session
from sim.layout import ClusterLayout
from sim.stage import memory
from sim.stage.apis import PASSWORDS
from sim.stage.contents import contents, served_layout
from sim.stage.stage import Stage, Wanted
from sim.world import World

USER: Final = "root@pam"
TOKEN: Final = "stage"
WARM_S: Final = 30.0  # by then the cluster is whole and HA has a master
KEEP_S: Final = 5.0  # how often what is durable is written down
_FORM: Final = {"content-type": "application/x-www-form-urlencoded"}


@dataclass(frozen=True, slots=True)
class Wish:
    """scenario: a file, whose cluster and steps are taken. state: a folder that outlives this."""

    nodes: int = 3
    guests: int = 6
    speed: float = 1.0
    port: int = 8006
    scenario: str | None = None
    state: Path | None = None
    seed: int = 1

    def checked(self) -> Wish:
        """ConfigError for a number that makes no sense."""
        for name, value, least, most in (
            ("nodes", self.nodes, 1, 32),
            ("guests", self.guests, 0, 2000),
            ("port", self.port, 0, 65535),
        ):
            if not least <= value <= most:
                raise ConfigError(f"must be between {least} and {most}", field=name)
        return self


@contextlib.asynccontextmanager
async def served(wish: Wish) -> AsyncIterator[tuple[Session, asyncio.Task[None]]]:
    """A cluster that answers for as long as the block lasts. ConfigError.

    The task ends only if the world dies; then the block's end raises what it died of.
    """
    wish.checked()
    with contextlib.ExitStack() as kept:
        folder = wish.state or Path(kept.enter_context(tempfile.TemporaryDirectory("-quorate")))
        stage = _stage(wish, folder)
        await stage.open()
        pump = stage.start()
        work = [pump]
        if wish.state is not None:
            work.append(asyncio.create_task(_keep(stage, wish.state)))
        try:
            yield await _session(stage), pump
            if pump.done():
                await pump
        finally:
            await stage.close()
            for one in work:
                one.cancel()
            await asyncio.gather(*work, return_exceptions=True)
            if wish.state is not None:
                memory.write(memory.captured(stage.world, stage.apis), wish.state)


async def _keep(stage: Stage, folder: Path) -> None:
    """For ever: write down what is durable, when there is something new."""
    kept: memory.Memory | None = None
    while True:
        await asyncio.sleep(KEEP_S)
        found = memory.captured(stage.world, stage.apis)
        if kept is None or not found.same(kept):
            await asyncio.to_thread(memory.write, found, folder)
            kept = found


def _stage(wish: Wish, folder: Path) -> Stage:
    wanted = Wanted(folder / "tls", wish.port, wish.speed)
    known = memory.read(wish.state) if wish.state is not None else None
    if known is not None:
        return _gone_on(wish, wanted, known)
    if wish.scenario is None:
        world = _world(served_layout(wish.nodes, wish.guests), wish.seed)
    else:
        from scenarios.format import load  # a quarter of the time that it takes to start
        from scenarios.run import Rehearsal
        from scenarios.shipped import locate

        scenario = load(locate(wish.scenario))
        world = _world(scenario.layout, wish.seed)
        Rehearsal(scenario, seed=wish.seed, world=world).begin()
    stage = Stage(world, wanted)
    if wish.scenario is None:
        world.run(WARM_S)
    return stage


def _world(layout: ClusterLayout, seed: int) -> World:
    return World(layout, seed=seed, files=contents(layout))


def _gone_on(wish: Wish, wanted: Wanted, known: memory.Memory) -> Stage:
    """All machines start as they do after a power cut."""
    if wish.scenario is not None:
        raise ConfigError(f"there is a cluster in {wish.state} already", field="scenario")
    world = World(known.layout, seed=wish.seed, files=known.store_files(), began_us=known.time_us)
    stage = Stage(world, replace(wanted, tasks=known.tasks()))
    known.put_back(world, stage.apis)
    world.run(world.now_s + WARM_S)
    return stage


async def _session(stage: Stage) -> Session:
    """With a token of its own, which a cluster that is gone on with may have already."""
    node = next(name for name in stage.hosts if stage.apis.process(name) is not None)
    where = f"/access/users/{quote(USER, safe='')}/token/{TOKEN}"
    with contextlib.suppress(QuorateError):
        await _call(stage, node, "DELETE", where)
    made = await _call(stage, node, "POST", where, "privsep=0")
    return Session(
        port=stage.port,
        beside=stage.beside_url,
        urls=stage.urls(),
        ca=str(stage.authority.ca),
        user=USER,
        password=PASSWORDS["root"],
        token=f"{USER}!{TOKEN}={made['value']}",
        pid=os.getpid(),
    )


async def _call(stage: Stage, node: str, verb: str, path: str, form: str = "") -> Any:
    request = HttpRequest(verb, f"/api2/json{path}", "", _FORM, form.encode())
    answer = await stage.ask(node, request)
    if answer.status != 200:
        raise QuorateError(f"{verb} {path}: {answer.reason}")
    return json.loads(answer.body)["data"]


async def until(ended: asyncio.Event, pump: asyncio.Task[None]) -> None:
    """Wait until somebody ends it, or the world has died."""
    waiting = asyncio.ensure_future(ended.wait())
    await asyncio.wait((waiting, pump), return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()
