"""`[[expect]]` and `[[never]]`: what has to become true, and what must never be."""

from __future__ import annotations

import math

from scenarios.format.fields import Table
from scenarios.format.moments import Moments
from scenarios.format.values import Expectation, Never
from scenarios.predicates import Names

END = "end"


def read_expectations(root: Table, names: Names, moments: Moments) -> list[Expectation]:
    """All expectations. Raises ConfigError."""
    return [_expectation(table, names, moments) for table in root.tables("expect")]


def read_nevers(root: Table, names: Names, moments: Moments) -> list[Never]:
    """All that must never be. Raises ConfigError."""
    return [_never(table, names, moments) for table in root.tables("never")]


def _expectation(table: Table, names: Names, moments: Moments) -> Expectation:
    after = moments.after(table)
    that = moments.predicate(table, "that", names, after)
    at_end = table.raw("at") == END
    if at_end and after is not None:
        table.fail("after", 'at = "end" is the end of the scenario, after whatever step')
    at_s = math.inf if at_end else table.optional_duration_s("at")
    within_s = table.optional_duration_s("within")
    if (at_s is None) == (within_s is None):
        table.fail("at" if at_s is not None else None, 'one of within = "4m", at = "4m" is needed')
    for_s = table.duration_s("for", 0.0)
    if at_end and for_s:
        table.fail("for", "nothing lasts after the end")
    if not at_end:
        key = "within" if within_s is not None else "at"
        moments.deadline(table, key, after, (within_s or at_s or 0.0) + for_s)
    found = Expectation(
        table.place("that"),
        that,
        " ".join(table.text("that").split()),
        within_s,
        at_s,
        for_s,
        after,
        table.text("why", ""),
    )
    table.end()
    return found


def _never(table: Table, names: Names, moments: Moments) -> Never:
    after = moments.after(table)
    that = moments.predicate(table, "that", names, after)
    from_s = table.duration_s("from", 0.0)
    until_s = table.optional_duration_s("until")
    moments.deadline(table, "from", after, from_s)
    if until_s is not None:
        moments.deadline(table, "until", after, until_s)
        if until_s <= from_s:
            table.fail("until", "this is not later than 'from'")
    found = Never(
        table.place("that"),
        that,
        " ".join(table.text("that").split()),
        from_s,
        until_s,
        after,
        table.text("why", ""),
    )
    table.end()
    return found
