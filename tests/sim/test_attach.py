"""What a coasting loop renews: one watch a lease, however often the loop begins and stops."""

from __future__ import annotations

from appliance.ports import topics
from sim.attach import Attachments
from sim.layout import ClusterLayout, GuestSpec, NodeSpec
from sim.pulse import Pulse
from sim.store.coasting import CoastingLeases
from sim.store.worlds import SharedWorld
from sim.world import World

LOCK = "ha_agent_node1_lock"
PERIOD_US = 10_000_000


def test_a_loop_that_cannot_coast_leaves_one_timer_behind() -> None:
    layout = ClusterLayout(
        tuple(NodeSpec(f"node{n}") for n in (1, 2, 3)), guests=(GuestSpec("vm:100", "node1"),)
    )
    world = World(layout)
    world.run(60)
    boot = world.machines["node1"].boot
    assert boot is not None
    assert isinstance(world.store, SharedWorld)
    assert isinstance(boot.ports.leases, CoastingLeases)
    store, kernel = world.store.shared, world.kernel
    attach = Attachments("node1", store, boot.ports.leases, boot.watchdog, kernel, world.wakeups)
    lease = store.copy("node1").beats.holdings[LOCK]
    before = world.kernel.events
    for _ in range(50):
        pulse = Pulse(boot.clock, boot.clock.now_local_us(), PERIOD_US)
        assert attach(topics.lock(LOCK), lease.effect.sent_us, pulse)
        pulse.end(world.kernel.now_us)
    assert world.kernel.events - before == 1
    assert lease.watched
