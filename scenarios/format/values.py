"""A scenario as values. Times are seconds since the world began unless an `after` is named."""

from __future__ import annotations

from dataclasses import dataclass

from scenarios.format.fields import Place
from scenarios.predicates import Names, Predicate
from sim.faults import Fault
from sim.layout import ClusterLayout

MASTER = "master"


@dataclass(frozen=True, slots=True)
class NodeRef:
    """A node that is known only when a step happens.

    kind: `master` (whose CRM is master then), `host` (where the guest `name` runs) or `step` (the
    node that the step `name` hit).
    """

    kind: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class FaultAction:
    """Begin a fault. `target` picks its node when it happens, in the place of `fault.node`."""

    fault: Fault
    target: NodeRef | None = None
    permanent: bool = False


@dataclass(frozen=True, slots=True)
class HealAction:
    """End the fault that the step of that name began; None: every fault there is."""

    step: str | None


@dataclass(frozen=True, slots=True)
class OperatorAction:
    """Commands, a node among their words perhaps picked when it happens: (word or NodeRef, ...)."""

    commands: tuple[tuple[str | NodeRef, ...], ...]


Action = FaultAction | HealAction | OperatorAction


@dataclass(frozen=True, slots=True)
class Step:
    """Something that is done to the cluster.

    Either at `at_s`, or as soon as `when` holds, at most `within_s` after it is looked for. With
    `after` both count from the moment of that step.
    """

    name: str
    place: Place
    action: Action
    at_s: float | None = None
    when: Predicate | None = None
    within_s: float | None = None
    after: str | None = None
    text: str = ""  # `when`, as written


@dataclass(frozen=True, slots=True)
class Expectation:
    """Something that must become true within `within_s`, or be true at `at_s`; then `for_s` long.

    Both count from the start, or from the step `after`. at_s inf: at the end of the scenario.
    """

    place: Place
    that: Predicate
    text: str
    within_s: float | None = None
    at_s: float | None = None
    for_s: float = 0.0
    after: str | None = None
    why: str = ""


@dataclass(frozen=True, slots=True)
class Never:
    """Something that must not be true between two moments; until_s None: to the end."""

    place: Place
    that: Predicate
    text: str
    from_s: float = 0.0
    until_s: float | None = None
    after: str | None = None
    why: str = ""


@dataclass(frozen=True, slots=True)
class BrokenPromise:
    """A safety violation that this scenario is about: it must be found and told.

    promise: which check finds it. broke: the promise of the hardware that has to be named.
    """

    promise: str
    broke: str | None
    place: Place


@dataclass(frozen=True, slots=True)
class Scenario:
    """A whole scenario file.

    mutant: the deliberate fault that is built in while it runs, as the explorer's findings have it.
    """

    name: str
    why: str
    file: str
    seed: int
    duration_s: float
    layout: ClusterLayout
    names: Names
    steps: tuple[Step, ...] = ()
    expectations: tuple[Expectation, ...] = ()
    nevers: tuple[Never, ...] = ()
    violation: BrokenPromise | None = None
    mutant: str | None = None
