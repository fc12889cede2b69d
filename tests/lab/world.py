"""The lab as the world of the contract suites: real corosyncs, real drivers in real processes."""

from __future__ import annotations

import base64
import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

from appliance.model.corosync_conf import CorosyncConf
from appliance.ports.group_channel import Delivered, Dropped, GroupEvent, GroupView
from appliance.ports.membership import View, Votes
from tests.lab.cluster import COROSYNC, Lab, layout
from tests.lab.remote import Agent, Call, Report, start_agent, wait_until


def why_not() -> str | None:
    """Why there can be no lab on this machine; None if there can."""
    if os.geteuid() != 0:
        return "needs root"
    for program, package in (
        (COROSYNC, "corosync"),
        ("nft", "nftables"),
        ("ip", "iproute2"),
        ("unshare", "util-linux"),
    ):
        if shutil.which(program) is None:
            return f"needs {program} (Debian: apt install {package})"
    spaces = subprocess.run(["unshare", "-m", "-n", "-p", "-f", "true"], check=False)
    return "may not make namespaces" if spaces.returncode else None


@dataclass(frozen=True, slots=True)
class Mapped:
    """A call whose answer becomes a record."""

    call: Call
    record: Callable[[Any], Any]

    @property
    def done(self) -> bool:
        return self.call.done

    @property
    def error(self) -> str | None:
        return self.call.error

    @property
    def value(self) -> Any:
        return None if self.call.error else self.record(self.call.value)


def _votes(answer: Mapping[str, Any]) -> Votes:
    flags = tuple(answer["flags"])
    return Votes(answer["expected"], answer["present"], answer["needed"], flags, answer["layout"])


class AgentDaemon:
    """A daemon that is an agent of the lab."""

    def __init__(self, node: str, agent: Agent) -> None:
        self.node, self.agent = node, agent


class LabDaemon(AgentDaemon):
    """Implements `Daemon` of the contract suites."""

    def __init__(self, node: str, agent: Agent) -> None:
        super().__init__(node, agent)
        self.history: list[GroupEvent] = []
        self.view: GroupView | None = None
        self.views: list[View] = []
        for report in agent.reports:
            self._note(report)
        agent.on_report = self._note

    def _note(self, report: Report) -> None:
        kind = report["event"]
        if kind == "delivered":
            payload = report["payload"].encode("latin-1")
            self.history.append(Delivered(report["sender"], payload, report["ticket"]))
        elif kind == "view":
            self.view = GroupView(tuple(report["members"]), tuple(report["together"]))
            self.history.append(self.view)
        elif kind == "dropped":
            self.history.append(Dropped(report["ticket"]))
        elif kind == "membership":
            members, online = tuple(report["members"]), tuple(report["online"])
            self.views.append(View(members, online, report["quorate"], report["epoch"]))

    def join(self, group: str) -> Call:
        return self.agent.call("join", group=group)

    def leave(self) -> Call:
        return self.agent.call("leave")

    def send(self, payload: bytes) -> Call:
        return self.agent.call("send", payload=base64.b64encode(payload).decode())

    def stream(self, name: str, seconds: float, size_bytes: int = 0, every_s: float = 0.0) -> Call:
        """As the contract's; the next message follows `every_s` after one at the earliest."""
        fields = {"seconds": seconds, "size": size_bytes, "every_s": every_s}
        return self.agent.call("stream", name=name, **fields)

    def changed(self, after_epoch: int) -> Call:
        return self.agent.call("changed", after_epoch=after_epoch)

    def refresh(self) -> Call:
        return self.agent.call("refresh")

    def votes(self) -> Mapped:
        return Mapped(self.agent.call("votes"), _votes)

    def expect(self, votes: int) -> Call:
        return self.agent.call("expect", votes=votes)

    def apply(self, text: str) -> Call:
        return self.agent.call("apply", text=text)


D = TypeVar("D", bound=AgentDaemon)


class World(Generic[D]):
    """A lab that many tests share, with a daemon of some kind on each node."""

    def __init__(self, lab: Lab, conf: CorosyncConf | None = None) -> None:
        self.lab, self.names = lab, lab.names
        self._conf = conf or layout(lab.names, links=lab.links)
        self._daemons: list[D] = []
        self._running: list[str] = []  # nodes whose corosync was started and not ended
        self._paused: list[str] = []
        self._used = True  # corosyncs carry something over from an earlier test

    # a test begins and ends

    def begin(self) -> None:
        """A whole cluster with fresh daemons. Corosyncs that nothing happened to go on."""
        if self._used:
            for node in self._running:
                self.lab.kill(node)
            for node in self.names:
                self.lab.write_conf(node, self.layout())
            self.lab.start()
            self._running = list(self.names)
            self._used = False
        self.lab.wait_quorate()
        self._daemons = []
        for node in self.names:
            self.start_daemon(node)

    def end(self) -> None:
        """Wake what sleeps, end the daemons, repair the network."""
        for node in tuple(self._paused):
            self.resume(node)
        for daemon in self._daemons:
            daemon.agent.end()
        self.lab.heal()

    def layout(self) -> str:
        return self._conf.text()

    # daemons

    def daemon(self, node: str) -> D:
        return [daemon for daemon in self._daemons if daemon.node == node][-1]

    def daemons(self) -> Sequence[D]:
        return self._daemons

    def start_daemon(self, node: str) -> None:
        self._daemons.append(self.make_daemon(node))

    def make_daemon(self, node: str) -> D:
        raise NotImplementedError

    def end_daemon(self, node: str) -> None:
        self.daemon(node).agent.end()

    # time

    def until(self, condition: Callable[[], bool], what: str) -> None:
        wait_until(condition, what)

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)

    # nodes

    def power_off(self, node: str) -> None:
        """Corosync first: it must not tell the others that its client is gone."""
        self.end_service(node)
        self.end_daemon(node)

    def power_on(self, node: str) -> None:
        self.start_service(node)
        self.start_daemon(node)

    def end_service(self, node: str) -> None:
        self._used = True
        self.lab.kill(node)
        self._running.remove(node)

    def start_service(self, node: str) -> None:
        self.lab.start([node])
        self._running.append(node)
        wait_until(lambda: self.lab.answers(node), f"corosync of {node} to answer")

    def pause(self, node: str) -> None:
        self.lab.signal(node, "STOP")
        self.daemon(node).agent.signal("STOP")
        self._paused.append(node)

    def resume(self, node: str) -> None:
        self.lab.signal(node, "CONT")
        self.daemon(node).agent.signal("CONT")
        self._paused.remove(node)

    # network

    def partition(self, *groups: Iterable[str]) -> None:
        listed = [tuple(group) for group in groups]
        alone = [(node,) for node in self.names if not any(node in group for group in listed)]
        self.lab.partition(*listed, *alone)

    def deafen(self, node: str) -> None:
        self.lab.drop(node, outgoing=False)

    def heal(self) -> None:
        self.lab.heal()

    def mark_used(self) -> None:
        """The next test shall begin with new corosyncs."""
        self._used = True


class LabWorld(World[LabDaemon]):
    """Implements `ClusterWorld` of the contract suites."""

    def make_daemon(self, node: str) -> LabDaemon:
        agent = start_agent(self.lab.spaces[node], self.lab.folder / node / "agent.log")
        daemon = LabDaemon(node, agent)
        agent.call("watch")
        return daemon


def make_lab(folder: Path, names: Sequence[str], *, links: int = 1) -> Lab:
    """A lab of these nodes, built and not started."""
    lab = Lab(folder, names, links=links)
    try:
        lab.build()
    except BaseException:
        lab.end()
        raise
    return lab


def make_world(
    folder: Path, names: Sequence[str], *, links: int = 1, conf: CorosyncConf | None = None
) -> LabWorld:
    """The same as a world."""
    return LabWorld(make_lab(folder, names, links=links), conf)
