"""Commands with `--sim`: a scenario's cluster, simulated up to some moment, and asked."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Coroutine, Iterator, Mapping
from dataclasses import replace
from typing import Any, Final, TypeVar

from appliance.api.client import FORM, data_of, target
from appliance.api.http import HttpAnswer, HttpRequest
from appliance.cli.connection import Known
from appliance.model.cluster.certificate import fingerprint_of_pem
from appliance.model.cluster.join_info import host_of
from appliance.model.errors import ConfigError, UnavailableError
from appliance.model.formats import is_node_name
from appliance.model.ha.guest_files import guest_file
from scenarios.format.values import Scenario
from scenarios.schedule import plan_faults
from sim.kernel import to_us
from sim.layout import ClusterLayout, NodeSpec
from sim.operations.calls import certificate_of
from sim.operations.cluster import PASSWORDS, OperatedCluster
from sim.operations.faults import OperatedInjector

T = TypeVar("T")

SETTLED_S: Final = 60.0  # by then a cluster without faults serves, and has its files
PATIENCE_S: Final = 600.0
STEP_S: Final = 0.05
OUTCOME_S: Final = 20.0  # by then the nodes follow, and who is there has settled


def operated(
    scenario: Scenario, at_s: float | None = None, outside: tuple[str, ...] = ()
) -> tuple[OperatedCluster, tuple[str, ...]]:
    """The scenario's cluster after so many seconds, with the faults until then.

    outside: machines beside the cluster, in none. Also what of the scenario could not happen.
    """
    layout = scenario.layout
    wider = replace(layout, nodes=(*layout.nodes, *(NodeSpec(name) for name in outside)))
    cluster = OperatedCluster(wider, scenario.seed, outside=outside, guests=first_files(layout))
    for spec in layout.nodes:
        if not spec.initially_on:
            cluster.power_off(spec.name)
    end_s = SETTLED_S if at_s is None else at_s
    notes = plan_faults(OperatedInjector(cluster), scenario.steps, end_s)
    cluster.run(end_s)
    return cluster, notes


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

    def __init__(self, cluster: OperatedCluster, node: str, notes: tuple[str, ...] = ()) -> None:
        self.cluster, self.node, self.notes = cluster, node, notes

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

    def known_of(self, address: str) -> Known | None:
        host = host_of(address)
        node = self.cluster.node_at(host) or host
        if node not in self.cluster.machines:
            return None
        return Known(fingerprint_of_pem(certificate_of(node)), PASSWORDS["root"])

    def outcome(self, path: str) -> Any:
        self.cluster.run(OUTCOME_S)
        return self.call("GET", path)

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


def chosen_node(layout: ClusterLayout, node: str | None, *, new: bool = False) -> str:
    """The node that is asked. ConfigError if there is none of that name, and none may be made."""
    names = layout.node_names()
    if node is None:
        return names[0]
    if node in names or (new and is_node_name(node)):
        return node
    raise ConfigError(f"no node '{node}', there are {', '.join(names)}", field="--node")
