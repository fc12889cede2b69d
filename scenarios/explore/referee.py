"""What the explorer must not do at a given moment, because the design promises nothing then.

The search shall find defects of the appliance, not restate the limits of its design. A guest is
protected against running twice while its node holds its own agent lock and feeds a watchdog for
it. There are moments in which a guest runs on a node that does not (yet, or any more): after its
resource was added, after HA was armed again, after the local resource manager was restarted, or
when a guest has just arrived on a node that had none. In real clusters these last some seconds, and
a node that is cut off exactly then is not fenced. The referee lets nothing happen that cuts nodes
off while a guest is unprotected, and nothing that takes protection away while nodes are cut off.

What is refused is not tried later: refusals depend on the world, and a schedule without the refused
moves gives the same run.
"""

from __future__ import annotations

from typing import Protocol

from scenarios.explore.case import Move

# Faults after which a node may go on running guests, unseen by the others.
CUTS_OFF = frozenset(
    {"isolate", "nic", "nic_flap", "switch", "trunk", "site", "partition", "one_way", "latency"}
    | {"loss", "hang", "pause", "qdevice", "qdevice_cut"}
)
EXPOSING = (
    "ha-manager add ",
    "ha-manager set ",
    "ha-manager crm-command arm-ha",
    "ha-manager crm-command disarm-ha",
    "service restart pve-ha-lrm ",
)


class Seen(Protocol):
    """What the referee asks about a world."""

    def unprotected(self) -> str | None:
        """A guest that runs on a node which is not in its tenure, or None."""
        ...

    def cut_off(self) -> bool:
        """Whether a fault of `CUTS_OFF` is active, or a node that is on is not online."""
        ...


def refuses(move: Move, seen: Seen) -> str | None:
    """Why this move may not be made now, or None."""
    if move.fault is not None and move.fault.kind in CUTS_OFF:
        exposed = seen.unprotected()
        return f"{exposed} is not protected" if exposed is not None else None
    if move.command is not None and move.command.startswith(EXPOSING) and seen.cut_off():
        return "a node may be cut off"
    return None
