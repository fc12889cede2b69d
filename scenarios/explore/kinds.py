"""What the explorer may do to a cluster: each kind with how often, to whom and for how long.

`KINDS` are faults, by the words of `sim.faults`, and requests of operators. Faults that break a
promise of the hardware (`watchdog_broken`) are not among them: no design survives those.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from math import exp, log
from typing import Any

from scenarios.explore.case import Move
from scenarios.explore.topology import SHUTDOWN_POLICIES, pick
from sim.entropy import Entropy
from sim.faults import Fault
from sim.layout import ClusterLayout

HOUR_S = 3600.0


class Draw:
    """The choices of one move. Each is a function of the seed and the move's number."""

    def __init__(self, layout: ClusterLayout, entropy: Entropy, number: int) -> None:
        self.layout, self._entropy, self._number = layout, entropy, number
        self.nodes = list(layout.node_names())
        self.links = [link.name for link in layout.links]
        self.switches = [name for link in layout.links for name in link.switches.values()]
        self.sites = sorted({node.site for node in layout.nodes})
        self.storages = [storage.name for storage in layout.storages]
        self.guests = [guest.sid for guest in layout.guests if guest.ha]

    def unit(self, what: str, *more: str | int) -> float:
        return self._entropy.unit("move", self._number, what, *more)

    def one_of(self, choices: list[str], what: str) -> str:
        return pick(choices, self._entropy, "move", self._number, what)

    def node(self) -> str:
        return self.one_of(self.nodes, "node")

    def guest(self) -> str:
        return self.one_of(self.guests, "guest")

    def number(self, low: float, high: float, what: str) -> float:
        """Short and long alike: the logarithm is drawn evenly."""
        return round(exp(log(low) + (log(high) - log(low)) * self.unit(what)), 1)

    def split(self) -> tuple[tuple[str, ...], ...]:
        """The nodes in two groups, neither empty."""
        marked = [name for name in self.nodes if self.unit("side", name) < 0.5]
        if not marked or len(marked) == len(self.nodes):
            marked = [self.node()]
        return tuple(marked), tuple(name for name in self.nodes if name not in marked)


Make = Callable[[Draw, float, float], Iterator[Move]]  # (draw, when, how long) -> moves


@dataclass(frozen=True, slots=True)
class Kind:
    """How often compared with others, for how long (seconds, drawn between), and what it does."""

    weight: float
    shortest_s: float
    longest_s: float
    make: Make
    operator: bool = False
    possible: Callable[[ClusterLayout], bool] = lambda layout: True


def _fault(kind: str, fields: Callable[[Draw], dict[str, Any]], *, heals: bool = True) -> Make:
    def make(draw: Draw, at_s: float, lasts_s: float) -> Iterator[Move]:
        bare = Fault(kind, heal_after_s=lasts_s if heals else None)
        yield Move(at_s, replace(bare, **fields(draw)))

    return make


def _node(draw: Draw) -> dict[str, Any]:
    return {"node": draw.node()}


def _nic(draw: Draw) -> dict[str, Any]:
    return {"node": draw.node(), "link": draw.one_of(draw.links, "link")}


def _flap(draw: Draw) -> dict[str, Any]:
    return {**_nic(draw), "value": draw.number(1, 60, "period")}


def _groups(draw: Draw) -> dict[str, Any]:
    one_link = draw.unit("one link") < 0.2
    return {"groups": draw.split(), "link": draw.one_of(draw.links, "link") if one_link else None}


def _latency(draw: Draw) -> dict[str, Any]:
    return {"link": draw.one_of(draw.links, "link"), "value": draw.number(1, 200, "latency")}


def _loss(draw: Draw) -> dict[str, Any]:
    share = round(0.01 + 0.99 * draw.unit("share"), 2)
    return {"link": draw.one_of(draw.links, "link"), "value": share}


def _pool(draw: Draw) -> dict[str, Any]:
    everywhere = draw.unit("everywhere") < 0.3
    node = None if everywhere else draw.node()
    return {"storage": draw.one_of(draw.storages, "storage"), "node": node}


def _slow_pool(draw: Draw) -> dict[str, Any]:
    factor = draw.number(2, 50, "factor")
    return {"storage": draw.one_of(draw.storages, "storage"), "value": factor}


def _jump(draw: Draw) -> dict[str, Any]:
    seconds = draw.number(1, 7200, "jump")
    return {"node": draw.node(), "value": seconds if draw.unit("sign") < 0.5 else -seconds}


# operators


def _command(text: Callable[[Draw], str], undo: Callable[[Draw], str] | None = None) -> Make:
    def make(draw: Draw, at_s: float, lasts_s: float) -> Iterator[Move]:
        yield Move(at_s, command=text(draw))
        if undo is not None:
            yield Move(round(at_s + lasts_s, 1), command=undo(draw))

    return make


def _move_guest(verb: str) -> Make:
    return _command(lambda draw: f"ha-manager {verb} {draw.guest()} {draw.node()}")


def _toggle(request: str) -> Make:
    verb = f"ha-manager crm-command {request}"
    return _command(
        lambda draw: f"{verb} enable {draw.node()}", lambda draw: f"{verb} disable {draw.node()}"
    )


def _set_state(draw: Draw) -> str:
    state = draw.one_of(["stopped", "disabled", "stopped", "ignored"], "state")
    return f"ha-manager set {draw.guest()} --state {state}"


def _disarm(draw: Draw) -> str:
    return f"ha-manager crm-command disarm-ha {draw.one_of(['freeze', 'ignore'], 'mode')}"


def _load(draw: Draw) -> str:
    busy, memory = round(draw.unit("busy"), 2), round(draw.unit("memory"), 2)
    return f"guest load {draw.guest()} {busy} {memory}"


def _policy(draw: Draw) -> str:
    policy = draw.one_of(list(SHUTDOWN_POLICIES), "policy")
    return f"datacenter set ha: shutdown_policy={policy}"


def _guests(layout: ClusterLayout) -> bool:
    return any(guest.ha for guest in layout.guests)


def _several(layout: ClusterLayout) -> bool:
    """A node that leaves with policy `migrate` waits for good where its guests cannot go."""
    return len(layout.nodes) > 1


def _sites(layout: ClusterLayout) -> bool:
    return len({node.site for node in layout.nodes}) > 1


def _quorum_device(layout: ClusterLayout) -> bool:
    return layout.quorum.qdevice


def _may_split(layout: ClusterLayout) -> bool:
    """With two_node both halves of a split go on: nothing but a fence device survives that."""
    return not layout.quorum.two_node


def _dogs(layout: ClusterLayout) -> bool:
    """Only a hardware watchdog ends a kernel that hangs."""
    return all(node.watchdog == "hardware" for node in layout.nodes)


KINDS: dict[str, Kind] = {
    "power": Kind(3, 20, 2 * HOUR_S, _fault("power", _node)),
    "reset": Kind(2, 1, 1, _fault("reset", _node, heals=False)),
    "hang": Kind(1, 20, 900, _fault("hang", _node), possible=_dogs),
    "pause": Kind(2, 1, 600, _fault("pause", _node), possible=_dogs),
    "nic": Kind(2, 2, HOUR_S, _fault("nic", _nic)),
    "nic_flap": Kind(1, 30, 900, _fault("nic_flap", _flap), possible=_may_split),
    "isolate": Kind(4, 2, HOUR_S, _fault("isolate", _node), possible=_may_split),
    "switch": Kind(
        1, 5, HOUR_S, _fault("switch", lambda d: {"switch": d.one_of(d.switches, "sw")})
    ),
    "trunk": Kind(
        1,
        5,
        HOUR_S,
        _fault("trunk", lambda d: {"link": d.one_of(d.links, "link")}),
        possible=_sites,
    ),
    "site": Kind(
        1,
        30,
        HOUR_S,
        _fault("site", lambda d: {"site": d.one_of(d.sites, "site")}),
        possible=_sites,
    ),
    "partition": Kind(2, 5, HOUR_S, _fault("partition", _groups), possible=_may_split),
    "one_way": Kind(1, 5, 1800, _fault("one_way", _groups), possible=_may_split),
    "latency": Kind(0.5, 5, HOUR_S, _fault("latency", _latency)),
    "loss": Kind(0.5, 5, HOUR_S, _fault("loss", _loss), possible=_may_split),
    "qdevice": Kind(1, 5, HOUR_S, _fault("qdevice", lambda d: {}), possible=_quorum_device),
    "qdevice_cut": Kind(1, 5, HOUR_S, _fault("qdevice_cut", _node), possible=_quorum_device),
    "storage": Kind(1, 5, 900, _fault("storage", _pool)),
    "storage_slow": Kind(0.5, 30, HOUR_S, _fault("storage_slow", _slow_pool)),
    "disk_full": Kind(0.5, 30, HOUR_S, _fault("disk_full", _pool)),
    "clock_jump": Kind(0.5, 1, 1, _fault("clock_jump", _jump, heals=False)),
    "guest_crash": Kind(
        1,
        1,
        1,
        _fault("guest_crash", lambda d: {"guest": d.guest()}, heals=False),
        possible=_guests,
    ),
    "migrate": Kind(3, 1, 1, _move_guest("migrate"), operator=True, possible=_guests),
    "relocate": Kind(1, 1, 1, _move_guest("relocate"), operator=True, possible=_guests),
    "maintenance": Kind(
        1, 120, 2 * HOUR_S, _toggle("node-maintenance"), operator=True, possible=_several
    ),
    "reboot": Kind(
        2, 1, 1, _command(lambda d: f"node reboot {d.node()}"), operator=True, possible=_several
    ),
    "shutdown": Kind(
        1,
        240,
        2 * HOUR_S,
        _command(lambda d: f"node shutdown {d.node()}", lambda d: f"node poweron {d.node()}"),
        operator=True,
        possible=_several,
    ),
    "set_state": Kind(
        1,
        60,
        HOUR_S,
        _command(_set_state, lambda d: f"ha-manager set {d.guest()} --state started"),
        operator=True,
        possible=_guests,
    ),
    "stop": Kind(
        0.5,
        60,
        HOUR_S,
        _command(
            lambda d: f"ha-manager crm-command stop {d.guest()} {d.one_of(['0', '30'], 'timeout')}",
            lambda d: f"ha-manager set {d.guest()} --state started",
        ),
        operator=True,
        possible=_guests,
    ),
    "resource": Kind(
        0.5,
        60,
        HOUR_S,
        _command(
            lambda d: f"ha-manager remove {d.guest()}", lambda d: f"ha-manager add {d.guest()}"
        ),
        operator=True,
        possible=_guests,
    ),
    "disarm": Kind(
        0.5,
        120,
        HOUR_S,
        _command(_disarm, lambda d: "ha-manager crm-command arm-ha"),
        operator=True,
    ),
    "restart_lrm": Kind(
        1, 1, 1, _command(lambda d: f"service restart pve-ha-lrm {d.node()}"), operator=True
    ),
    "restart_crm": Kind(
        1, 1, 1, _command(lambda d: f"service restart pve-ha-crm {d.node()}"), operator=True
    ),
    "load": Kind(0.5, 1, 1, _command(_load), operator=True, possible=_guests),
    "policy": Kind(0.5, 1, 1, _command(_policy), operator=True),
}
