"""A quiet round stays quiet until its wake time while nothing it reads changes."""

from __future__ import annotations

from typing import Any

from hypothesis import assume, event, given
from hypothesis import strategies as st

from appliance.core.ha.memory import ManagerMemory, fast_forward
from appliance.model.ha.datacenter import CrsOptions
from appliance.model.ha.groups import Group
from appliance.model.ha.stats import NodeStats, ServiceStats
from appliance.model.ha.status import Disarm
from tests.core.ha.rig import NODES, NOW_S, Decision, Picture, asked, decide_with, service

SIDS = ("ct:1", "vm:1", "vm:2")
PERIOD_S = 10.0
STATES = ("started", "started", "started", "stopped", "error", "freeze", "fence", "recovery")
RULES = (
    "",
    "node-affinity: rule\n\tresources vm:1\n\tnodes node2\n\tstrict 1\n",
    "resource-affinity: rule\n\tresources vm:1,vm:2\n\taffinity negative\n",
    "resource-affinity: rule\n\tresources vm:1\n\taffinity negative\n",
)
MODES = ("active", "active", "active", "restart", "maintenance", "disarm")
CRS = (
    CrsOptions(),
    CrsOptions(mode="static"),
    CrsOptions(mode="static", auto_rebalance=True, hold_duration=2, margin=0.5),
    CrsOptions(mode="static", auto_rebalance=True, threshold=0.01, margin=2.0),
)
DISARM = (None, None, None, Disarm("freeze", "disarmed"), Disarm("ignore", "disarming"))


@st.composite
def settled(draw: st.DrawFn) -> tuple[Picture, ManagerMemory]:
    """A picture that has stood still for some rounds, and what the master remembers by then."""
    node = st.sampled_from(NODES)
    online = tuple(n for n in NODES if n == "node1" or draw(st.integers(0, 3)))
    places = {sid: draw(node) for sid in SIDS}
    states = {sid: draw(st.sampled_from(STATES)) for sid in SIDS}
    wanted = st.sampled_from(["started", "started", "stopped", "disabled"])
    picture = Picture(
        {sid: service(states[sid], places[sid], uid=f"u{sid}") for sid in SIDS},
        {sid: asked(draw(wanted), places[sid], sid=sid) for sid in SIDS},
        online=online,
        rules=draw(st.sampled_from(RULES)),
        crs=draw(st.sampled_from(CRS)),
        modes={n: draw(st.sampled_from(MODES)) for n in NODES if n != "node1"},
        disarm=draw(st.sampled_from(DISARM)),
        groups=draw(st.sampled_from([(), (), (Group("east", {"node1": 0}),)])),
        node_stats={n: NodeStats(maxcpu=8.0, maxmem=2**34) for n in NODES},
        service_stats={sid: ServiceStats(4.0, 2**32) for sid in SIDS},
        seen={n: NOW_S - draw(st.sampled_from([0.0, 15.0, 30.0, 45.0, 300.0])) for n in NODES},
    )
    config = picture.config()
    picture.config = lambda: config  # type: ignore[method-assign]
    memory = picture.memory()
    for _ in range(draw(st.integers(2, 8))):
        memory = step(picture, memory).outcome.memory
    return picture, memory


def step(picture: Picture, memory: ManagerMemory, *, later_s: float = PERIOD_S) -> Decision:
    """The next round; every node has answered the last one."""
    picture.now_s += later_s
    picture.checked = dict.fromkeys(picture.online, memory.status.round)
    return decide_with(picture, memory)


def essence(found: Decision) -> tuple[Any, ...]:
    """What a round decided, apart from numbers that count rounds."""
    status = found.outcome.memory.status
    return found.told, found.effects, status.services, status.nodes, status.disarm


@given(settled(), st.integers(1, 40))
def test_quiet_stays_quiet_and_skipping_is_as_good_as_running(
    drawn: tuple[Picture, ManagerMemory], rounds: int
) -> None:
    picture, memory = drawn
    found = step(picture, memory)
    assume(found.outcome.quiet)
    event("quiet")
    began_s, wake_at_s, quiet = picture.now_s, found.outcome.wake_at_s, found
    run = 0
    while run < rounds and (wake_at_s is None or picture.now_s + PERIOD_S < wake_at_s):
        found = step(picture, found.outcome.memory)
        run += 1
        assert found.outcome.quiet
        assert essence(found) == essence(quiet)
    polled = step(picture, found.outcome.memory)
    picture.now_s = began_s + run * PERIOD_S
    last_s = began_s + run * PERIOD_S
    coasted_memory = fast_forward(quiet.outcome.memory, run, last_s) if run else None
    coasted = step(picture, coasted_memory or quiet.outcome.memory)
    assert essence(coasted) == essence(polled)
    assert coasted.outcome.memory == polled.outcome.memory
    assert coasted.outcome.quiet == polled.outcome.quiet
