"""A cluster of the lab with a member of the store on every node."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from appliance.model.corosync_conf import CorosyncConf
from appliance.model.store.changes import Step
from appliance.model.store.forms import steps_parts
from appliance.ports.leases import LeaseAnswer
from tests.contract.store_worlds import Seen
from tests.lab.cluster import Lab
from tests.lab.namespaces import shell
from tests.lab.qnetd import start_qdevice, wait_for_votes
from tests.lab.remote import Agent, Call, Report, start_agent
from tests.lab.world import AgentDaemon, Mapped, World

_NUMBERS = 1_000_000  # for each life of a daemon


def _seen(answer: Mapping[str, Any]) -> Seen:
    content = base64.b64decode(answer["content"])
    return Seen(content, answer["version"], answer["writer"])


class StoreDaemon(AgentDaemon):
    """Implements `StoreDaemon` of the contract suites."""

    def __init__(self, node: str, agent: Agent, evidence: Path) -> None:
        super().__init__(node, agent)
        self.evidence = evidence
        self.changed: list[tuple[str, ...]] = []
        agent.on_report = self._note
        self.opened = agent.call("open", joins=False)

    def _note(self, report: Report) -> None:
        if report["event"] == "changed":
            self.changed.append(tuple(report["paths"]))

    def state(self) -> dict[str, Any]:
        """What `StoreAgent.do_state` tells."""
        return dict(self.agent.ask("state"))

    def change(self, *steps: Step, timeout_s: float = 15.0) -> Call:
        text = base64.b64encode(b"".join(steps_parts(steps))).decode()
        return self.agent.call("change", steps=text, timeout_s=timeout_s)

    def read(self, path: str, *, privileged: bool = False) -> Mapped:
        return Mapped(self.agent.call("read", path=path, privileged=privileged), _seen)

    def latest(self, path: str) -> Mapped:
        return Mapped(self.agent.call("latest", path=path), _seen)

    def paths(self, prefix: str = "", *, privileged: bool = False) -> Call:
        return self.agent.call("paths", prefix=prefix, privileged=privileged)

    def watch(self, prefix: str = "") -> Call:
        return self.agent.call("watch", prefix=prefix)

    def renew(self, name: str, life_s: float) -> Mapped:
        call = self.agent.call("renew", name=name, life_s=life_s)
        return Mapped(call, lambda answer: LeaseAnswer(**answer))

    def release(self, name: str) -> Call:
        return self.agent.call("release", name=name)

    def held(self, name: str) -> Call:
        return self.agent.call("held", name=name)


class StoreWorld(World[StoreDaemon]):
    """Each test begins with empty databases, those of the nodes `small` on file systems of 64 MB.

    devices: each corosync has a corosync-qdevice beside it. on_daemon: a daemon was started.
    """

    def __init__(
        self,
        lab: Lab,
        conf: CorosyncConf | None = None,
        *,
        small: tuple[str, ...] = (),
        devices: bool = False,
    ) -> None:
        super().__init__(lab, conf)
        self._small, self._devices = small, devices
        self._tests = self._lives = 0
        self.on_daemon: Callable[[StoreDaemon], None] | None = None

    def begin(self) -> None:
        self._tests += 1
        self.on_daemon = None
        for node in self._small:
            place = self.database(node).parent
            mount = f"mount -t tmpfs -o size=64m tmpfs {place}"
            shell(self.lab.spaces[node], [f"mkdir -p {place}", mount])
        super().begin()
        if self._devices:
            for node in self.names:
                start_qdevice(self.lab, node)
            wait_for_votes(self.lab)

    def start_service(self, node: str) -> None:
        super().start_service(node)
        if self._devices:
            start_qdevice(self.lab, node)

    def database(self, node: str) -> Path:
        return self.lab.folder / node / f"store-{self._tests}" / "store.db"

    def make_daemon(self, node: str) -> StoreDaemon:
        self._lives += 1
        home = self.lab.folder / node
        evidence = home / f"evidence-{self._lives}.jsonl"
        words = (node, str(self.database(node)), str(evidence), str(self._lives * _NUMBERS))
        space = self.lab.spaces[node]
        agent = start_agent(space, home / "agent.log", "tests.lab.store_agent", *words)
        daemon = StoreDaemon(node, agent, evidence)
        if self.on_daemon is not None:
            self.on_daemon(daemon)
        return daemon

    def finished(self, call: Call, what: str) -> Call:
        """Wait for the answer."""
        self.until(lambda: call.done, what)
        return call

    def serve(self, *nodes: str) -> None:
        """Wait until these nodes, or all, serve in one view of exactly these, all of them alike."""
        expected = sorted(nodes or self.names)
        self.until(lambda: self._alike(expected), f"{', '.join(expected)} to serve alike")

    def _alike(self, nodes: list[str]) -> bool:
        states = [self.daemon(node).state() for node in nodes]
        if not all(state["serving"] and sorted(state["members"]) == nodes for state in states):
            return False
        ends = {(state["committed"], state["digest"]) for state in states}
        if any(state["committed"] != state["last"][-1] for state in states):
            return False
        return len(ends) == 1 and len({state["cells"] for state in states}) == 1
