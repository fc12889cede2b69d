"""The watchdog of one boot: several clients, one hardware timer.

A client silent for 60 s makes the multiplexer stop feeding the hardware, which resets the machine
10 s later. While a machine is stopped (paused, hung) nobody feeds the hardware at all: a hardware
watchdog resets it after those 10 s; a softdog is stopped with its kernel and notices when it runs
again; a broken one never does anything.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from sim.kernel import ORDER_HARDWARE, US, Timer
from sim.pace import Effect
from sim.pulse import Pulse, Renewal
from sim.tasks import Boot

CLIENT_LIMIT_US: Final = 60 * US
HARDWARE_LIMIT_US: Final = 10 * US
KERNEL: Final = "kernel"  # the client that a stopped machine is silent as


@dataclass(slots=True)
class _Client:
    effect: Effect
    renewal: Renewal | None = None
    timer: Timer | None = None

    def petted_us(self, now_us: int) -> int:
        if self.renewal is None or self.renewal.count(now_us) == 0:
            return self.effect.done_us
        return self.renewal.last_us(now_us)

    @property
    def beating(self) -> bool:
        return self.renewal is not None and self.renewal.pulse.beating


class SimWatchdog:
    """Implements the `Watchdog` port for one boot. `reset(client, silent_s)` is called once."""

    def __init__(self, boot: Boot, kind: str, reset: Callable[[str, float], None]) -> None:
        self._boot, self.kind, self._reset = boot, kind, reset
        self._clients: dict[str, _Client] = {}
        self._stopped_us: int | None = None
        self._hardware: Timer | None = None

    # the port

    def open(self, client: str) -> None:
        self._clients[client] = _Client(self._now())
        self._watch(client)

    def pet(self, client: str) -> None:
        found = self._clients[client]
        found.effect, found.renewal = self._now(), None
        if found.timer is None:
            self._watch(client)

    def close(self, client: str) -> None:
        found = self._clients.pop(client, None)
        if found is not None and found.timer is not None:
            found.timer.cancel()

    def is_open(self, client: str) -> bool:
        return client in self._clients

    # coasting

    def attach(self, client: str, tick_us: int, pulse: Pulse) -> bool:
        """From now on the pulse pets for this client, if its round at `tick_us` did."""
        found = self._clients.get(client)
        if found is None or found.effect.sent_us < tick_us:
            return False
        found.renewal = found.effect.renewal(pulse, tick_us)
        if found.timer is not None:
            found.timer.cancel()
            found.timer = None
        pulse.on_end(lambda: self._watch_again(client, found))
        return True

    def _watch_again(self, client: str, found: _Client) -> None:
        if self._clients.get(client) is found and found.timer is None:
            self._watch(client)

    # time running out

    def _now(self) -> Effect:
        now_us = self._boot.kernel.now_us
        return Effect(now_us, now_us)

    def _watch(self, client: str) -> None:
        found = self._clients[client]
        now_us = self._boot.kernel.now_us
        due_us = found.petted_us(now_us) + CLIENT_LIMIT_US + HARDWARE_LIMIT_US
        found.timer = self._boot.kernel.call_at(
            due_us, lambda: self._look(client, found), ORDER_HARDWARE
        )

    def _look(self, client: str, found: _Client) -> None:
        """The time of a client may be up. A stopped machine is the hardware's business."""
        found.timer = None
        if self._clients.get(client) is not found or found.beating or not self._boot.alive:
            return
        if self._stopped_us is not None:
            return
        now_us = self._boot.kernel.now_us
        silent_us = now_us - found.petted_us(now_us)
        if silent_us < CLIENT_LIMIT_US + HARDWARE_LIMIT_US:
            self._watch(client)
        else:
            self._fire(client, silent_us)

    def _fire(self, client: str, silent_us: int) -> None:
        if self.kind != "broken" and self._boot.alive:
            self._reset(client, silent_us / US)

    # a machine that stops and goes on

    def machine_stopped(self) -> None:
        """Pause or hang begins."""
        self._stopped_us = self._boot.kernel.now_us
        if self.kind == "hardware":
            self._hardware = self._boot.kernel.call_in(
                HARDWARE_LIMIT_US, lambda: self._fire(KERNEL, HARDWARE_LIMIT_US), ORDER_HARDWARE
            )

    def machine_continues(self) -> bool:
        """The pause is over. True if a softdog resets the machine before anything else runs."""
        stopped_us, self._stopped_us = self._stopped_us, None
        if self._hardware is not None:
            self._hardware.cancel()
            self._hardware = None
        if stopped_us is None:
            return False
        silent_us = self._boot.kernel.now_us - stopped_us
        if self.kind == "softdog" and silent_us >= HARDWARE_LIMIT_US:
            self._fire(KERNEL, silent_us)
            return True
        for client, found in list(self._clients.items()):
            if found.timer is None and not found.beating:
                self._watch(client)
        return False

    def break_down(self) -> None:
        """From now on it does not fire."""
        self.kind = "broken"

    def repair(self, kind: str) -> None:
        self.kind = kind
        if kind != "broken" and self._stopped_us is None:
            for client, found in list(self._clients.items()):
                if found.timer is None and not found.beating:
                    self._watch(client)
