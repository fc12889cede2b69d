"""A simulated cluster whose nodes answer the API."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from appliance.api.api import Api
from appliance.api.http import LOCAL, HttpAnswer, HttpRequest
from appliance.services.tasks.work import Work
from sim.boards import Boards
from sim.group.cluster import StoreCluster
from sim.journal import NodeJournal, WorldJournal
from sim.kernel import Kernel
from sim.layout import ClusterLayout
from sim.node_api import boot_work, node_api
from sim.outside import Outside
from sim.task_log import TaskShelves
from sim.tasks import Boot
from tests.api.returns import assert_fits
from tests.sim.network.lab import cluster

PATIENCE_S = 60
ELSEWHERE = "192.0.2.7"
PASSWORDS = {"root": "correct horse"}


@dataclass(frozen=True, slots=True)
class Answer:
    """status and reason as sent, and the JSON of the body (None: a stream)."""

    status: int
    reason: str
    body: Any
    whole: HttpAnswer = field(repr=False)

    @property
    def data(self) -> Any:
        assert self.status == 200, (self.status, self.body)
        return self.body["data"]

    @property
    def errors(self) -> dict[str, str]:
        assert self.status == 400, (self.status, self.body)
        found: dict[str, str] = self.body["errors"]
        return found


class NoAnswerError(Exception):
    """The node is not there, or was lost while it worked."""


class Asking:
    """Asks nodes as clients do, and lets time pass until they have answered."""

    kernel: Kernel
    first = "n1"

    def process(self, node: str) -> tuple[Boot, Api]:
        """What answers there now."""
        raise NotImplementedError

    def handle(self, node: str, request: HttpRequest) -> Answer:
        """Let the node answer, and time pass until it has."""
        boot, api = self.process(node)
        task = boot.spawn(api.handle(request), "request")
        kernel = self.kernel
        due_us = kernel.now_us + PATIENCE_S * 1_000_000
        while not task.done():
            assert kernel.now_us < due_us, f"no answer from {node}"
            if not boot.alive:
                raise NoAnswerError(f"{node} lost its power meanwhile")
            kernel.run(kernel.now_us + 10_000)
        answer = task.result()
        body = json.loads(answer.body) if answer.body else None
        if answer.status == 200 and isinstance(body, dict) and "data" in body:
            told = body.get("success", 1)  # of extjs, whose status line is always good
            if told:
                assert_fits(request.verb, request.path, body["data"], api.table)
        return Answer(answer.status, answer.reason, body, answer)

    def ask(
        self,
        verb: str,
        path: str,
        parameters: Mapping[str, Any] | None = None,
        *,
        node: str = "",
        headers: Mapping[str, str] | None = None,
        address: str = LOCAL,
    ) -> Answer:
        """As a client would: a query for GET and DELETE, else a form."""
        form = urlencode(parameters or {}, doseq=True)
        in_query = verb in ("GET", "DELETE")
        request = HttpRequest(
            verb,
            f"/api2/json{path}",
            form if in_query else "",
            headers or {},
            b"" if in_query else form.encode(),
            address,
        )
        return self.handle(node or self.first, request)

    def put(self, path: str, content: str, *, node: str = "", **more: Any) -> int:
        """Write a file; the version of the store with it."""
        parameters = {"content": content, **more}
        version: int = self.ask("PUT", f"/store/files/{path}", parameters, node=node).data[
            "version"
        ]
        return version


class Nodes(Asking):
    """Three nodes n1 to n3 that agree on a store."""

    def __init__(self, layout: ClusterLayout | None = None) -> None:
        self.cluster = StoreCluster(layout or cluster(3))
        self.kernel = self.cluster.kernel
        self.journal = WorldJournal(self.kernel)
        self._apis: dict[int, Api] = {}
        self.shelves = TaskShelves(self.cluster.entropy)
        self.boards = Boards(self.kernel, self.cluster.engine)
        self.works: dict[str, Work] = {}
        self.outside = Outside()
        self.cluster.run(10)

    def api(self, node: str) -> Api:
        """Of the present boot."""
        daemon = self.cluster.daemon(node)
        if id(daemon) not in self._apis:
            clock, told = daemon.ports.clock, NodeJournal(self.journal, node)
            work = boot_work(daemon.boot, clock, told, self.shelves, self.boards)
            self.works[node] = work
            self._apis[id(daemon)] = node_api(
                self.cluster, node, self.journal, PASSWORDS, work=work, outside=self.outside
            )
        return self._apis[id(daemon)]

    def process(self, node: str) -> tuple[Boot, Api]:
        return self.cluster.daemon(node).boot, self.api(node)
