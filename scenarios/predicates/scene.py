"""What the predicates of one run look at: facts, the journal as it grows, and the clock."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from appliance.model.events import Event
from scenarios.predicates.meter import DowntimeMeter
from scenarios.predicates.names import Names
from scenarios.predicates.tree import Happened, Literal, Number, Range, Span, StepNode, Variable

Env = Mapping[str, str]  # what `guest` and `node` stand for


class Facts(Protocol):
    """A cluster seen from outside: by console, ssh and API, never from the core's memory."""

    def node_power(self, node: str) -> str: ...
    def online(self, node: str) -> bool: ...
    def quorate(self, node: str) -> bool: ...
    def master(self) -> str | None: ...
    def node_state(self, node: str) -> str | None: ...
    def lrm_state(self, node: str) -> str | None: ...
    def guest_nodes(self, sid: str) -> tuple[str, ...]: ...
    def service_state(self, sid: str) -> str | None: ...
    def service_node(self, sid: str) -> str | None: ...


class Tally:
    """Counts the records that match one `event(...)`, from its making on.

    A field bound to `guest` or `node` is counted by its value, so that one pass over the journal
    serves every guest.
    """

    __slots__ = ("_bound", "_counts", "_fixed", "_hit", "event")

    def __init__(self, event: Happened, hit: Mapping[str, str]) -> None:
        self.event = event
        self._bound = [(name, v.kind) for name, v in event.fields if isinstance(v, Variable)]
        self._fixed = [(name, v) for name, v in event.fields if not isinstance(v, Variable)]
        self._hit = hit
        self._counts: Counter[tuple[str, ...]] = Counter()

    def record(self, actor: str, event: Event) -> None:
        for name, wanted in self._fixed:
            if not _matches(_field(actor, event, name), wanted, self._hit):
                return
        key = tuple(str(_field(actor, event, name)) for name, _ in self._bound)
        self._counts[key] += 1

    def count(self, env: Env) -> int:
        return self._counts[tuple(env[kind] for _, kind in self._bound)]


def _field(actor: str, event: Event, name: str) -> Any:
    if name == "actor":
        return actor
    found = getattr(event, name, None)
    return getattr(event, f"{name}_", None) if found is None else found


def _matches(value: Any, wanted: Literal, hit: Mapping[str, str]) -> bool:
    if isinstance(value, tuple | list):
        return any(_matches(item, wanted, hit) for item in value)
    match wanted:
        case Number(number) | Span(number):
            return _number(value) == number
        case StepNode(step):
            return str(value) == hit.get(step)
        case Range():
            return str(value) in wanted.names()
        case Variable():
            return False
        case _:
            text = str(value).lower() if isinstance(value, bool) else str(value)
            return text == wanted.text


def _number(value: Any) -> float | None:
    try:
        return float(value)
    except (TypeError, ValueError):
        return None


class Scene:
    """The facts, the clock, and what there is to be counted.

    unmet: why the cluster is not as it should be. hit: step name -> the node that it hit, filled
    while the run goes on.
    """

    def __init__(
        self,
        facts: Facts,
        names: Names,
        now_s: Callable[[], float],
        unmet: Callable[[], tuple[str, ...]],
    ) -> None:
        self.facts, self.names, self.now_s, self.unmet = facts, names, now_s, unmet
        self.hit: dict[str, str] = {}
        self.meter = DowntimeMeter(names.guests)
        self._tallies: dict[str, list[Tally]] = {}

    def record(self, actor: str, event: Event) -> None:
        """Count one record of the journal where somebody waits for its kind."""
        for tally in self._tallies.get(event.kind, ()):
            tally.record(actor, event)

    def tally(self, event: Happened) -> Tally:
        """Count such events from now on."""
        tally = Tally(event, self.hit)
        self._tallies.setdefault(event.kind, []).append(tally)
        return tally

    def forget(self, tally: Tally) -> None:
        """Nobody asks for this count again."""
        self._tallies[tally.event.kind].remove(tally)
