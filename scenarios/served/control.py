"""Time of a served cluster, from outside."""

from __future__ import annotations

import time
from typing import Any, Final

from scenarios.served.client import Remote

LOOK_S: Final = 0.02


def step(remote: Remote, seconds: float) -> dict[str, Any]:
    """Let so much time pass, and wait until it has; the status then."""
    until_s = remote.call("POST", "/simulation/step", {"seconds": seconds})["until"]
    while True:
        status: dict[str, Any] = remote.call("GET", "/simulation/status")
        if status["time"] >= until_s - 1e-6:
            return status
        time.sleep(LOOK_S)
