"""Journals told by hand, for tests of what reads journals."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from scenarios.lines import US, Line


class Story:
    """A journal in the making; facts are told in any order and come out in that of time."""

    def __init__(self, nodes: int, guests: int, name: str = "story") -> None:
        self.lines: list[Line] = []
        self.nodes = [f"node{number}" for number in range(1, nodes + 1)]
        self.home = {f"vm:{100 + number}": self.nodes[number % nodes] for number in range(guests)}
        placed = [{"sid": sid, "node": node} for sid, node in self.home.items()]
        self.tell(0, "world", "world", name=name, nodes=self.nodes, guests=placed, seed=1)

    def tell(self, t_s: float, actor: str, kind: str, **fields: Any) -> None:
        told = {"kind": kind, **{name.rstrip("_"): value for name, value in fields.items()}}
        self.lines.append(Line(round(t_s * US), actor, kind, told))

    def done(self) -> list[Line]:
        return sorted(self.lines, key=lambda line: line.t_us)

    def power(self, t_s: float, node: str, state: str, why: str) -> None:
        self.tell(t_s, "world", "node_power", node=node, state=state, why=why)

    def view(self, t_s: float, node: str, members: list[str], epoch: int) -> None:
        quorate = 2 * len(members) > len(self.nodes)
        self.tell(t_s, node, "view", node=node, members=members, quorate=quorate, epoch=epoch)

    def guest(self, t_s: float, sid: str, node: str, state: str, **fields: Any) -> None:
        self.tell(t_s, node, "guest", guest=sid, node=node, state=state, **fields)

    def service(self, t_s: float, master: str, sid: str, steps: list[str], **fields: Any) -> None:
        for before, after in pairwise(steps):
            told = {"service": sid, "from": before, "to": after, **fields}
            self.tell(t_s, f"{master}/crm", "service_state", **told)

    def start(self) -> None:
        """Every node comes up, the first is master, every guest starts at home."""
        master = self.nodes[0]
        for number, node in enumerate(self.nodes):
            self.power(0, node, "on", "initially")
            self.view(2 + number / 50, node, self.nodes, 1)
            told = {"from": "startup", "to": "wait_for_quorum"}
            self.tell(0.1, f"{node}/crm", "status", **told)
            after = {"from": "wait_for_quorum", "to": "slave" if number else "master"}
            self.tell(5.1 + number / 50, f"{node}/crm", "status", **after)
            lrm = {"from": "wait_for_agent_lock", "to": "active"}
            self.tell(12 + number / 10, f"{node}/lrm", "status", **lrm)
            state = {"node": node, "from": "unknown", "to": "online"}
            self.tell(5.2, f"{master}/crm", "node_state", **state)
        for number, (sid, node) in enumerate(self.home.items()):
            at_s = 12 + self.nodes.index(node) / 10 + number / 100
            self.tell(5.3, f"{master}/crm", "service_added", service=sid, node=node)
            self.service(5.4, master, sid, ["request_start", "started"], node=node)
            self.tell(at_s, f"{node}/lrm", "service_starting", service=sid)
            self.guest(at_s, sid, node, "starting")
            self.guest(at_s + 4, sid, node, "running")
            self.tell(at_s + 4, f"{node}/lrm", "service_status", service=sid, status="started")

    def power_cut(self, t_s: float, lost: str, *, number: int, back_s: float) -> None:
        """`lost` loses power; it is fenced, its guests are recovered; power returns."""
        rest = [node for node in self.nodes if node != lost]
        master, old = rest[0], self.nodes[0]
        what = f"of {lost}"
        self.tell(t_s, "world", "fault", fault=number, fault_kind="power", what=what, node=lost)
        self.power(t_s, lost, "off", "power cut")
        for sid, node in self.home.items():
            if node == lost:
                self.guest(t_s, sid, lost, "stopped", why="power cut")
        for place, node in enumerate(rest):
            self.view(t_s + 6.4 + place / 100, node, rest, 10 * number)
        if lost == old:
            elected = {"from": "slave", "to": "master"}
            self.tell(t_s + 121, f"{master}/crm", "status", **elected)
        self._fence(t_s, master, lost, 0 if lost != old else 40)
        self._recover(t_s + (0 if lost != old else 40), master, lost, rest)
        healed = t_s + back_s
        self.tell(healed, "world", "fault_healed", fault=number, fault_kind="power", what=what)
        self.power(healed, lost, "booting", "power is back")
        self.power(healed + 90, lost, "on", "booted")
        for node in self.nodes:
            self.view(healed + 95, node, self.nodes, 10 * number + 1)
        online = {"node": lost, "from": "unknown", "to": "online"}
        self.tell(healed + 101, f"{master}/crm", "node_state", **online)
        back = {"from": "wait_for_quorum", "to": "slave"}
        self.tell(healed + 100, f"{lost}/crm", "status", **back)
        if lost == old:
            self.nodes = [*rest, lost]

    def _fence(self, t_s: float, master: str, lost: str, late_s: float) -> None:
        actor, t_s = f"{master}/crm", t_s + late_s
        for at_s, before, after in ((10, "online", "unknown"), (70, "unknown", "fence")):
            self.tell(
                t_s + at_s, actor, "node_state", **{"node": lost, "from": before, "to": after}
            )
        self.tell(t_s + 70.1, actor, "fence_try", node=lost)
        self.tell(t_s + 130, actor, "fence_done", node=lost)
        self.tell(
            t_s + 130, actor, "node_state", **{"node": lost, "from": "fence", "to": "unknown"}
        )

    def _recover(self, t_s: float, master: str, lost: str, rest: list[str]) -> None:
        guests = [sid for sid, node in self.home.items() if node == lost]
        for place, sid in enumerate(guests):
            target = rest[(place + 1) % len(rest)]
            self.service(t_s + 70, master, sid, ["started", "fence"])
            self.service(t_s + 130, master, sid, ["fence", "recovery"])
            moved = {"service": sid, "from": lost, "to": target}
            self.tell(t_s + 130.1, f"{master}/crm", "recovered", **moved)
            self.service(t_s + 130.1, master, sid, ["recovery", "started"], node=target)
            self.guest(t_s + 138 + place, sid, target, "starting")
            self.guest(t_s + 142 + place, sid, target, "running")
            self.home[sid] = target

    def migrate(self, t_s: float, sid: str, target: str, took_s: float) -> None:
        """A live migration that works, on command."""
        source, master = self.home[sid], self.nodes[0]
        command = f"ha-manager migrate {sid} {target}"
        self.tell(t_s, "operator", "operator", command=command)
        self.service(t_s + 4, master, sid, ["started", "migrate"], node=source, target=target)
        begin = {"service": sid, "how": "migrate", "node": target}
        self.tell(t_s + 8, f"{source}/lrm", "move_begin", **begin)
        self.guest(t_s + 8, sid, source, "migrating", target=target)
        self.guest(t_s + 8, sid, target, "arriving")
        self.guest(t_s + 8 + took_s, sid, source, "stopped", why="moved")
        self.guest(t_s + 8 + took_s, sid, target, "running", why="moved")
        self.tell(t_s + 8.1 + took_s, f"{source}/lrm", "move_end", **begin)
        self.service(t_s + 14 + took_s, master, sid, ["migrate", "started"], node=target)
        self.home[sid] = target


def power_loss() -> list[Line]:
    """Five nodes, twelve guests; node3 is off from 60 s to 420 s, then vm:100 migrates."""
    story = Story(5, 12, "power loss")
    story.start()
    story.power_cut(60, "node3", number=1, back_s=360)
    story.migrate(560, "vm:100", "node3", 21)
    return story.done()


def large(nodes: int = 32, guests: int = 320, cuts: int = 60) -> list[Line]:
    """A month of a large cluster: a power cut every twelve hours."""
    story = Story(nodes, guests, "large")
    story.start()
    for number in range(1, cuts + 1):
        lost = story.nodes[(number * 7) % nodes]
        story.power_cut(number * 43_200, lost, number=number, back_s=3600)
    return story.done()
