"""A member of the store in the lab, and clients of it, commanded over standard input.

    python -m tests.lab.store_agent NODE DATABASE EVIDENCE FIRST

What clients saw goes into the file EVIDENCE (see `tests.histories.evidence`); the numbers that they
write begin at FIRST. As in `tests.lab.agent` times are the machine's monotonic clock.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import sys
import time
from pathlib import Path
from typing import Any

from appliance.model.errors import QuorateError, UnavailableError
from appliance.model.store.changes import File
from appliance.model.store.codec import Reader, Writer
from appliance.model.store.forms import read_steps, write_cell
from appliance.services.store.service import Watch
from sim.entropy import Entropy
from tests.histories.evidence import Scribe
from tests.histories.linear import Op
from tests.histories.recorder import Recorder
from tests.lab.agent import Command, Commanded, tell
from tests.lab.member import Member

LEASE = "manager"
LEASE_LIFE_S = 6.0
_LOOK_S = 0.03
_FAR_S = 0.2  # between two looks: nobody knows what was in between


def file_fields(file: File) -> dict[str, Any]:
    content = base64.b64encode(file.content).decode()
    return {"content": content, "version": file.version, "writer": file.writer}


class StoreAgent(Commanded):
    """One life of the store on a node."""

    def __init__(self, node: str, database: str, evidence: str, first: str) -> None:
        super().__init__()
        self.member = Member(node, Path(database))
        self.scribe = Scribe(Path(evidence))
        self.recorder = Recorder(Entropy(int(first)), time.monotonic, numbers=int(first))
        self.recorder.told = self._told
        self.stopped = False
        self.clients: list[asyncio.Task[None]] = []

    def _told(self, what: str, key: str, op: Op) -> None:
        self._look()  # what is acknowledged must be known to be committed, whatever happens next
        self.scribe.told(self.recorder, what, key, op)

    def _look(self) -> None:
        if self.member.store.running:
            self.scribe.look(self.member.store.replica)

    # life

    async def do_open(self, command: Command) -> None:
        """Take part; `joins`: as a new member of a cluster that there is."""
        await self.member.open(joins=bool(command["joins"]))
        self.start(self._look_often())

    async def _look_often(self) -> None:
        before_s, held = 0.0, False
        while True:
            self._look()
            now_s, now_held = time.monotonic(), self.member.leases.held(LEASE)
            if held and now_held and now_s - before_s < _FAR_S:
                self.scribe.held(LEASE, before_s, now_s)
            before_s, held = now_s, now_held
            await asyncio.sleep(_LOOK_S)

    async def do_state(self, _command: Command) -> dict[str, Any]:
        """Where this member stands; `cells` is a digest of all that is committed."""
        store = self.member.store
        if not store.running:
            return {"serving": False, "failure": str(store.failure)}
        replica = store.replica
        out = Writer()
        for key, cell in sorted(replica.tree.committed.items()):
            write_cell(out.text(key), cell)
        return {
            "serving": replica.serving and replica.trusted,
            "members": replica.members,
            "damaged": store.damaged,
            "committed": replica.log.committed,
            "last": (*replica.log.last.epoch, replica.log.last.version),
            "digest": replica.log.last.digest.hex(),
            "cells": hashlib.blake2b(out.done(), digest_size=16).hexdigest(),
        }

    # clients at random

    async def do_clients(self, command: Command) -> None:
        """Begin with so many; each pauses on average so long between two operations."""
        self.recorder.keys = tuple(command["keys"])
        self.recorder.large = float(command["large"])
        work = [
            self._client(client, float(command["pause_s"]))
            for client in range(int(command["count"]))
        ]
        self.clients = [asyncio.create_task(one) for one in (*work, self._renew())]

    async def do_stop(self, _command: Command) -> None:
        """Clients begin nothing more; returns when all have had their last answer."""
        self.stopped = True
        await asyncio.gather(*self.clients)

    async def _client(self, client: int, pause_s: float) -> None:
        turn, unit = 0, self.recorder.entropy.unit
        while not self.stopped:
            turn += 1
            where = (self.member.node, client, turn)
            await asyncio.sleep(2 * pause_s * unit("pause", *where))
            try:
                await self.recorder.one(self.member.store, client, where)
            except UnavailableError:
                await asyncio.sleep(0.05)  # the store is not open

    async def _renew(self) -> None:
        turn = 0
        while not self.stopped:
            turn += 1
            if self.recorder.entropy.unit("release", turn) < 0.1:
                await self.member.leases.release(LEASE)
            else:
                await self._try_to_renew()
            await asyncio.sleep(0.5)

    async def _try_to_renew(self) -> None:
        try:
            await self.member.leases.renew(LEASE, LEASE_LIFE_S)
        except QuorateError:
            return

    # one thing at a time

    async def do_change(self, command: Command) -> int:
        steps = read_steps(Reader(base64.b64decode(command["steps"])))
        return await self.member.store.change(*steps, timeout_s=float(command["timeout_s"]))

    async def do_read(self, command: Command) -> dict[str, Any]:
        privileged = bool(command["privileged"])
        return file_fields(self.member.store.read(command["path"], privileged=privileged))

    async def do_latest(self, command: Command) -> dict[str, Any]:
        return file_fields(await self.member.store.read_latest(command["path"]))

    async def do_paths(self, command: Command) -> list[str]:
        privileged = bool(command["privileged"])
        return list(self.member.store.paths(command["prefix"], privileged=privileged))

    async def do_watch(self, command: Command) -> None:
        """Report every change below a prefix from now on."""
        watch = self.member.store.watch(command["prefix"])
        self.start(self._tell_changes(watch))

    async def _tell_changes(self, watch: Watch) -> None:
        while True:
            tell(event="changed", paths=await watch.next())

    async def do_renew(self, command: Command) -> dict[str, Any]:
        answer = await self.member.leases.renew(command["name"], float(command["life_s"]))
        return {"held": answer.held, "fresh": answer.fresh, "free_in_s": answer.free_in_s}

    async def do_release(self, command: Command) -> bool:
        return await self.member.leases.release(command["name"])

    async def do_held(self, command: Command) -> bool:
        return self.member.leases.held(command["name"])


if __name__ == "__main__":
    node, database, evidence, first = sys.argv[1:]
    Path(database).parent.mkdir(parents=True, exist_ok=True)

    async def main() -> None:
        await StoreAgent(node, database, evidence, first).run()

    asyncio.run(main())
