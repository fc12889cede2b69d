"""One guest's process on one node."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from appliance.ports.guests import Outcome
from sim.guests.storage import Volume
from sim.guests.work import Work

STARTING = "starting"
RUNNING = "running"
STOPPING = "stopping"
ARRIVING = "arriving"  # the target's half of a live migration, not executing yet
EXECUTING = (RUNNING, STOPPING)

Done = Callable[[Outcome], None]


@dataclass(slots=True, eq=False)
class Process:
    """It holds memory from its first moment and its volumes from the moment the storage lets it.

    number     counts all processes of the world
    since_us   when it began to execute, in the world's time
    frozen     its storage does not answer: input and output stand still, and so does it
    halted     somebody paused it: it executes nothing, and keeps everything
    suspended  stopped for the switch-over of a live migration: it executes nothing, and goes on
               only if the move is given up before the configuration was renamed
    target     where it is being migrated to, on the source's side
    fails      this start will fail at its end
    work       what is going on: starting or stopping
    patience   how long that may take
    waiters    who wants to hear how it ends
    on_end     called when the process has ended, whatever the reason
    """

    sid: str
    node: str
    phase: str
    volumes: tuple[Volume, ...]
    number: int = 0
    since_us: int = 0
    frozen: bool = False
    halted: bool = False
    suspended: bool = False
    target: str | None = None
    fails: bool = False
    work: Work | None = None
    patience: Work | None = None
    waiters: list[Done] = field(default_factory=list)
    on_end: Callable[[], None] | None = None

    @property
    def executing(self) -> bool:
        """Whether guest code runs here, or would go on here if the storage or the machine did."""
        return self.phase in EXECUTING and not self.suspended

    @property
    def state(self) -> str:
        """The one word for people."""
        if self.frozen:
            return "frozen"
        if self.halted and self.phase == RUNNING and self.target is None:
            return "paused"
        return "migrating" if self.target is not None else self.phase

    def drop_work(self) -> None:
        """Call off what is going on and its time limit."""
        for work in (self.work, self.patience):
            if work is not None:
                work.cancel()
        self.work = self.patience = None

    def tell(self, outcome: Outcome) -> None:
        """Tell all waiters, once."""
        waiters, self.waiters = self.waiters, []
        for waiter in waiters:
            waiter(outcome)
