"""Commands with `--sim`: a scenario's cluster, simulated up to some moment, and asked."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Coroutine, Iterator, Mapping
from typing import Any, Final, TypeVar

from appliance.api.client import FORM, data_of, target
from appliance.api.http import HttpAnswer, HttpRequest
from appliance.model.errors import ConfigError, UnavailableError
from appliance.model.ha.guest_files import guest_file
from sim.kernel import to_us
from sim.layout import ClusterLayout
from sim.operations.cluster import OperatedCluster

T = TypeVar("T")

SETTLED_S: Final = 60.0  # by then a cluster without faults serves, and has its files
PATIENCE_S: Final = 600.0
STEP_S: Final = 0.05


def operated(layout: ClusterLayout, seed: int, at_s: float | None = None) -> OperatedCluster:
    """The cluster of this layout after so many seconds, its files in the store."""
    cluster = OperatedCluster(layout, seed, guests=first_files(layout))
    for spec in layout.nodes:
        if not spec.initially_on:
            cluster.power_off(spec.name)
    cluster.run(SETTLED_S if at_s is None else at_s)
    return cluster


def first_files(layout: ClusterLayout) -> dict[str, bytes]:
    """What is in the store at the beginning: guests, and what the scenario says in texts."""
    files = {
        guest_file(guest.sid, guest.node): f"cores: {guest.cpus}\n".encode()
        for guest in sorted(layout.guests, key=lambda guest: guest.sid)
    }
    texts = {
        "datacenter.cfg": layout.datacenter_cfg,
        "ha/groups.cfg": layout.groups_cfg,
        "ha/rules.cfg": layout.rules_cfg,
    }
    return files | {path: text.encode() for path, text in texts.items() if text}


class SimConnection:
    """Implements `appliance.cli.connection.Connection`. Time passes while it waits."""

    def __init__(self, cluster: OperatedCluster, node: str) -> None:
        self.cluster, self.node = cluster, node

    def call(self, verb: str, path: str, parameters: Mapping[str, Any] | None = None) -> Any:
        answer = self._ask(verb, path, parameters or {})
        return data_of(answer.status, answer.body, where=self.node)

    def stream(self, path: str, parameters: Mapping[str, Any] | None = None) -> Iterator[Any]:
        """UnavailableError when the node has nothing more to say for ten minutes."""
        answer = self._ask("GET", path, parameters or {})
        if answer.stream is None:
            data_of(answer.status, answer.body, where=self.node)
            return
        while (line := self._wait(_next(answer.stream))) is not None:
            yield json.loads(line)["data"]

    def close(self) -> None:
        """The cluster ends with the process."""

    def _ask(self, verb: str, path: str, parameters: Mapping[str, Any]) -> HttpAnswer:
        process = self.cluster.process(self.node)
        if process is None:
            raise UnavailableError(f"{self.node} is off, or its daemon does not run")
        where, body = target(verb, path, parameters)
        plain, _, query = where.partition("?")
        headers = {"content-type": FORM} if body else {}
        return self._wait(process[1].handle(HttpRequest(verb, plain, query, headers, body)))

    def _wait(self, work: Coroutine[Any, Any, T]) -> T:
        """Let the node do it. UnavailableError if the node dies under it, or takes too long."""
        kernel, machine = self.cluster.kernel, self.cluster.machines[self.node]
        boot = self.cluster.daemon(self.node).boot
        task = boot.spawn(work, "command")
        due_us = kernel.now_us + to_us(PATIENCE_S)
        while not task.done():
            if not boot.alive:
                raise UnavailableError(f"{self.node} died while it was asked")
            if kernel.now_us > due_us:
                paused = ", it stands still" if machine.paused else ""
                raise UnavailableError(
                    f"{self.node} has not answered for {PATIENCE_S:.0f} simulated seconds{paused}"
                )
            kernel.run(kernel.now_us + to_us(STEP_S))
        return task.result()


async def _next(stream: AsyncIterator[bytes]) -> bytes | None:
    return await anext(stream, None)


def chosen_node(layout: ClusterLayout, node: str | None) -> str:
    """The node that is asked. ConfigError if there is none of that name."""
    names = layout.node_names()
    if node is None:
        return names[0]
    if node not in names:
        raise ConfigError(f"no node '{node}', there are {', '.join(names)}", field="--node")
    return node
