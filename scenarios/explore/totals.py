"""The sums at the end of a search, as text and as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from scenarios.explore.tally import Totals
from scenarios.quantities import duration_text

DAY_S = 86_400
SHARES = (0.5, 0.9, 0.99, 1.0)


def rows(totals: Totals) -> Iterator[tuple[str, str]]:
    """What is counted, and how much of it. The same for the same seeds."""
    yield "seeds", f"{totals.seeds}"
    yield "simulated time", f"{totals.simulated_s / DAY_S:.1f} days"
    kinds = ", ".join(f"{kind} {count}" for kind, count in sorted(totals.faults.items()))
    yield "faults", f"{totals.faults.total()} ({kinds})" if kinds else "0"
    yield "requests of operators", f"{totals.requests} ({totals.withheld} moves withheld)"
    yield "watchdog resets", f"{totals.watchdog_resets}"
    yield "fencings", f"{totals.fencings}"
    yield "recoveries", f"{totals.recoveries}"
    yield "guest downtimes", _downtimes(totals)
    yield "events", f"{totals.events} ({totals.records} told)"


def _downtimes(totals: Totals) -> str:
    if not totals.downtimes:
        return "none"
    shares = ", ".join(f"{_share(share)} {_time(totals, share)}" for share in SHARES)
    return f"{totals.downtimes.total()} ({shares})"


def _share(share: float) -> str:
    return "longest" if share == 1 else f"{share * 100:g}%"


def _time(totals: Totals, share: float) -> str:
    return duration_text(float(totals.downtime_s(share) or 0))


def as_data(totals: Totals) -> dict[str, Any]:
    """The same for machines; times in seconds."""
    return {
        "kind": "totals",
        "seeds": totals.seeds,
        "simulated_s": round(totals.simulated_s, 6),
        "faults": dict(sorted(totals.faults.items())),
        "requests": totals.requests,
        "withheld": totals.withheld,
        "watchdog_resets": totals.watchdog_resets,
        "fencings": totals.fencings,
        "recoveries": totals.recoveries,
        "downtimes": totals.downtimes.total(),
        "downtime_s": {_share(share): totals.downtime_s(share) for share in SHARES},
        "events": totals.events,
        "records": totals.records,
    }


def as_json(totals: Totals) -> str:
    return json.dumps(as_data(totals))


def speed(totals: Totals, wall_s: float) -> str:
    """How fast the search was; differs from run to run."""
    wall_s = max(wall_s, 1e-9)
    days = totals.simulated_s / DAY_S / wall_s
    return f"{totals.events / wall_s:,.0f} events and {days:.1f} simulated days a second"
