"""The grid of a loop: on time, overrun, held up, paused."""

from __future__ import annotations

from appliance.ports.clock import Rest
from sim.clock import BootClock, WallClock
from sim.kernel import US, Kernel, loop_order
from sim.pace import SimPace, Wakeups
from sim.tasks import Boot, Signal

PERIOD_S = 10.0


class Loops:
    """Loops of one node whose rounds note when they begin, and can be held up by a signal."""

    def __init__(self) -> None:
        self.kernel = Kernel()
        self.boot = Boot(self.kernel, "node1", 1, lambda task, error: None)
        self.begun: dict[str, list[float]] = {}
        self.gate: Signal[None] | None = None

    def start(self, name: str, at_s: float, index: int) -> None:
        clock = BootClock(self.boot, WallClock(0.0), 0)
        order = loop_order(0, index)
        pace = SimPace(
            self.boot, clock, Wakeups(), order, None, on_round=lambda: None, settled=lambda: True
        )

        async def loop() -> None:
            await self.boot.sleep(round(at_s * US))
            pace.first()
            while True:
                self.begun.setdefault(name, []).append(self.kernel.now_s)
                if self.gate is not None:
                    await self.gate
                await pace.next_tick(Rest(PERIOD_S))

        self.boot.spawn(loop(), name)

    def close_gate(self) -> None:
        self.gate = Signal(self.boot)

    def open_gate(self) -> None:
        assert self.gate is not None
        gate, self.gate = self.gate, None
        gate.fire(None)


def two_loops() -> Loops:
    loops = Loops()
    loops.start("a", 1.0, 0)
    loops.start("b", 4.0, 1)
    return loops


def test_rounds_are_a_period_apart() -> None:
    loops = two_loops()
    loops.kernel.run(35 * US)
    assert loops.begun == {"a": [1, 11, 21, 31], "b": [4, 14, 24, 34]}


def test_loops_held_up_by_one_thing_do_not_run_in_step_afterwards() -> None:
    loops = two_loops()
    loops.kernel.call_at(10 * US, loops.close_gate)
    loops.kernel.call_at(37 * US, loops.open_gate)
    loops.kernel.run(60 * US)
    assert loops.begun == {"a": [1, 11, 41, 51], "b": [4, 14, 44, 54]}


def test_a_pause_makes_a_round_late_and_leaves_the_grid_alone() -> None:
    loops = two_loops()
    loops.kernel.call_at(13 * US, loops.boot.pause)
    loops.kernel.call_at(28 * US, loops.boot.resume)
    loops.kernel.run(50 * US)
    assert loops.begun == {"a": [1, 11, 28, 31, 41], "b": [4, 28, 34, 44]}
