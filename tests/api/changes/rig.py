"""A served world, and tasks of which the end is waited for."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from appliance.api.http import HttpAnswer
from sim.events import Violation
from sim.stage.contents import served_layout
from tests.api.world_rig import WorldRig

_PATIENCE_S = 3600


class Guests(WorldRig):
    """Guests 100 to 105 on pve1 to pve3 that HA does not manage, and do not run."""

    def task(
        self, verb: str, path: str, parameters: Mapping[str, Any] | None = None, **more: Any
    ) -> str:
        """How the task ended that this call started."""
        node = path.split("/")[2]
        upid = self.call(node, verb, path, parameters, **more)
        return self.ended(node, upid)

    def ended(self, node: str, upid: str) -> str:
        for _ in range(_PATIENCE_S):
            told = self.call(node, "GET", f"/nodes/{node}/tasks/{upid}/status")
            if told["status"] == "stopped":
                assert self.broken() == []
                status: str = told["exitstatus"]
                return status
            self.run(1)
        raise AssertionError(f"{upid} does not end")

    def broken(self) -> list[str]:
        """Promises of the world that its checkers saw broken."""
        events = [record.event for record in self.world.journal.records]
        return [event.detail for event in events if isinstance(event, Violation)]

    def body(self, answer: HttpAnswer) -> Any:
        """What an answer says."""
        return json.loads(answer.body)

    def log(self, node: str, upid: str) -> list[str]:
        rows = self.call(node, "GET", f"/nodes/{node}/tasks/{upid}/log")
        return [row["t"] for row in rows]

    def config(self, vmid: int, at: str = "") -> dict[str, str]:
        """The lines of a guest's file above its snapshots, as a node has it."""
        boot = self.world.machines[at or self.first].boot
        assert boot is not None
        path = boot.store.guests()[vmid]
        text = boot.store.read(path).content.decode().partition("\n[")[0]
        return dict(line.split(": ", 1) for line in text.strip().split("\n") if ": " in line)


def served() -> Guests:
    return Guests(served_layout(3, 6))
