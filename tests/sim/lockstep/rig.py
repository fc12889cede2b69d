"""Small cases, and what came of them."""

from __future__ import annotations

import json
from typing import Any

from sim.lockstep.compare import records
from sim.lockstep.driver import Driver
from sim.lockstep.inputs import parse_case

ON = ["power node1 on", "power node2 on", "power node3 on"]


def files(*steps: list[str], nodes: int = 3, power: str = "off", **more: Any) -> dict[str, str]:
    """The files of a case; services run on node1 unless `service_config` says otherwise."""
    hardware = {f"node{n}": {"power": power, "network": power} for n in range(1, nodes + 1)}
    content = {
        "cmdlist": list(steps),
        "hardware_status": hardware,
        "service_config": {"vm:100": {"node": "node1", "state": "started"}},
        **more,
    }
    return {
        name: value if isinstance(value, str) else json.dumps(value)
        for name, value in content.items()
    }


def driver(*steps: list[str], **more: Any) -> Driver:
    return Driver(parse_case(files(*steps, **more)))


def play(*steps: list[str], **more: Any) -> list[dict[str, Any]]:
    """All events of a run as plain data."""
    return records(driver(*steps, **more).run())


def times(events: list[dict[str, Any]], kind: str, **fields: Any) -> list[int]:
    """When events of that kind and with these fields happened."""
    return [
        event["t"]
        for event in events
        if event["kind"] == kind and all(event.get(k) == v for k, v in fields.items())
    ]


def aborted(events: list[dict[str, Any]]) -> str:
    """Why the run could not go on."""
    (event,) = (event for event in events if event["kind"] == "run_aborted")
    return str(event["reason"])
