"""State over time, of one thing each: a plain track, and the process of a guest."""

from __future__ import annotations

from scenarios.timeline.spans import NodeLane, Span

# Words of the journal for a guest's process on one node -> what that process then is.
PROCESS = {
    "starting": "starting",
    "running": "running",
    "stopping": "stopping",
    "migrating": "moving",
    "arriving": "arriving",
    "frozen": "frozen",
    "thawed": "running",
}
ENDED = frozenset({"stopped", "crashed", "failed"})
EXECUTES = frozenset({"running", "moving", "frozen", "stopping"})
# Which of several processes of one guest says what the guest is.
RANK = ("moving", "running", "frozen", "stopping", "starting")
# States of a service in which its guest is not meant to run.
UNWANTED = frozenset({"stopped", "request_stop", "ignored"})


class Track:
    """Collects the spans of one state; a state of no length leaves no span."""

    def __init__(self) -> None:
        self._spans: list[Span] = []
        self._since_us = 0
        self._state: str | None = None
        self._detail = ""

    @property
    def state(self) -> str | None:
        """What it is now; None: unknown."""
        return self._state

    @property
    def detail(self) -> str:
        return self._detail

    def set(self, t_us: int, state: str | None, detail: str = "") -> None:
        """From now on it is `state`; None: unknown, which is a gap."""
        if (state, detail) == (self._state, self._detail):
            return
        self._close(t_us)
        self._since_us, self._state, self._detail = t_us, state, detail

    def spans(self, end_us: int) -> tuple[Span, ...]:
        """All spans, the open one up to `end_us`."""
        self._close(end_us)
        self._since_us = max(self._since_us, end_us)
        return tuple(self._spans)

    def _close(self, t_us: int) -> None:
        if self._state is None or t_us <= self._since_us:
            return
        since_us = self._since_us
        last = self._spans[-1] if self._spans else None
        if last is not None and (last.end_us, last.state, last.detail) == (
            since_us,
            self._state,
            self._detail,
        ):
            since_us = self._spans.pop().begin_us
        self._spans.append(Span(since_us, t_us, self._state, self._detail))


class NodeTrack:
    """One node: the state of everything that is told of it."""

    def __init__(self) -> None:
        self.power, self.quorum, self.master = Track(), Track(), Track()
        self.state, self.lrm, self.status = Track(), Track(), Track()

    def show(self, t_us: int) -> None:
        """Take power, quorum and state as they are now into the status."""
        power = self.power.state
        if power == "stopping":
            self.status.set(t_us, "shutting down")
        elif power is not None and power != "on":
            self.status.set(t_us, power)
        elif self.quorum.state == "no quorum":
            self.status.set(t_us, "no quorum")
        elif self.state.state == "maintenance":
            self.status.set(t_us, "maintenance")
        else:
            self.status.set(t_us, power)

    def lane(self, name: str, end_us: int) -> NodeLane:
        return NodeLane(
            name,
            self.status.spans(end_us),
            self.power.spans(end_us),
            self.quorum.spans(end_us),
            self.master.spans(end_us),
            self.state.spans(end_us),
            self.lrm.spans(end_us),
        )


class GuestTrack:
    """One guest: its processes on all nodes, whether it should run, and what follows from both."""

    def __init__(self) -> None:
        self.process = Track()
        self.service = Track()
        self._on: dict[str, str] = {}  # node -> what its process there is
        self._stalled: frozenset[str] = frozenset()  # nodes that hang or are paused
        self._moving_from: str | None = None  # the source of a live migration
        self._moving_to: str | None = None
        self._wanted = True
        self._tried = False  # it ran or failed to: from now on not running is downtime
        self._was_on = ""

    def configured(self, t_us: int) -> None:
        """It exists."""
        self._show(t_us)

    def told(self, t_us: int, node: str, word: str, target: str | None) -> None:
        """The guest's process on `node` changed."""
        if word == "migrating" and node not in self._on:
            self._moving_to = target  # its disks move, it does not run
        elif word in ENDED:
            self._ended(node, word)
        else:
            self._runs(node, word, target)
        self._show(t_us)

    def _ended(self, node: str, word: str) -> None:
        was = self._on.pop(node, None)
        self._tried = self._tried or word == "failed" or was in EXECUTES
        if was is None or node == self._moving_from:
            self._moving_from = self._moving_to = None

    def _runs(self, node: str, word: str, target: str | None) -> None:
        if word == "migrating":
            self._moving_from, self._moving_to = node, target
        elif word in ("running", "starting"):
            self._moving_from = self._moving_to = None
        state = PROCESS.get(word, word)
        self._on[node] = "moving" if word == "thawed" and node == self._moving_from else state
        self._tried = self._tried or self._on[node] in EXECUTES

    def node_stalls(self, t_us: int, stalled: frozenset[str]) -> None:
        self._stalled = stalled
        self._show(t_us)

    def node_lost(self, t_us: int, node: str) -> None:
        """The machine lost power or was reset: nothing runs there any more."""
        if node in self._on:
            self._ended(node, "stopped")
            self._show(t_us)

    def relocates(self, t_us: int, target: str | None) -> None:
        """It is stopped in order to start on `target`; None: that is over."""
        self._moving_to = target
        self._show(t_us)

    def wanted(self, t_us: int, service_state: str) -> None:
        """The CRM holds its service in that state."""
        self._wanted = service_state not in UNWANTED
        self.service.set(t_us, service_state)
        self._show(t_us)

    def failed_to_start(self, t_us: int) -> None:
        self._tried = True
        self._show(t_us)

    def removed(self, t_us: int) -> None:
        """No longer a service: whether it runs is nobody's promise."""
        self._wanted = False
        self.service.set(t_us, None)
        self._show(t_us)

    def _show(self, t_us: int) -> None:
        self.process.set(t_us, *self._now())

    def _now(self) -> tuple[str, str]:
        executing = [node for node, state in self._on.items() if state in EXECUTES]
        if executing:
            self._was_on = executing[0]
        if len(executing) > 1:
            return "double", " and ".join(sorted(executing))
        for state in RANK:
            for node, held in self._on.items():
                if held == state:
                    return self._seen(state, node)
        if not self._tried:
            return ("waiting" if self._wanted else "stopped"), ""
        if self._moving_to is not None:
            return "relocating", f"to {self._moving_to}"
        return ("down" if self._wanted else "stopped"), self._was_on

    def _seen(self, state: str, node: str) -> tuple[str, str]:
        if node in self._stalled and state in EXECUTES:
            return "frozen", node
        if state == "moving" and self._moving_to is not None:
            return "moving", f"{node} → {self._moving_to}"
        if state == "starting" and not self._tried:
            return "waiting", ""
        return state, node
