"""What the explorer must not do at a given moment, because the design promises nothing then.

The search shall find defects of the appliance, not restate the limits of its design. A guest is
protected against running twice while its node holds its own agent lock and feeds a watchdog for
it. There are moments in which a guest runs on a node that does not (yet, or any more): after its
resource was added, after HA was armed again, after the local resource manager was restarted, or
when a guest has just arrived on a node that had none. In real clusters these last some seconds, and
a node that is cut off exactly then is not fenced. The referee lets nothing happen that cuts nodes
off while a guest is unprotected, and nothing that takes protection away while nodes are cut off.

There is one more moment: a local resource manager that is asked to leave and to let its guests be
frozen (a restart of it, a reboot) waits until all are, and begins no order meanwhile. An order that
it was given and has not begun then keeps it waiting for good, as in Proxmox VE HA manager 5.2. So
nobody is asked to leave while a guest is in motion, and no guest to move while somebody leaves.

A quorum device has a vote and no memory. The half of a cluster that it votes for may know nothing
of what the other half did before with the same vote, so guests may run twice when the vote changes
sides. With a device one thing happens at a time, and the next when all nodes are online again.

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

LEAVES = ("service restart pve-ha-lrm ", "node reboot ", "node shutdown ")
GUEST_ORDERS = ("ha-manager ", "guest load ")  # a load may make the manager move guests


class Seen(Protocol):
    """What the referee asks about a world."""

    def unprotected(self) -> str | None:
        """A guest that runs on a node which is not in its tenure, or None."""
        ...

    def in_motion(self) -> str | None:
        """A guest that the manager is not done with, or None."""
        ...

    def leaving(self) -> str | None:
        """A node whose local resource manager is asked to leave, or None."""
        ...

    def frail(self) -> str | None:
        """Why a cluster with a quorum device could not bear one thing more, or None."""
        ...

    def cut_off(self) -> bool:
        """Whether a fault of `CUTS_OFF` is active, or a node that is on is not online."""
        ...


def refuses(move: Move, seen: Seen) -> str | None:
    """Why this move may not be made now, or None."""
    frail = seen.frail()
    takes_away = move.fault is not None or str(move.command).startswith(LEAVES)
    if frail is not None and takes_away:
        return f"{frail}, and a quorum device has no memory"
    if move.fault is not None and move.fault.kind in CUTS_OFF:
        exposed = seen.unprotected()
        return f"{exposed} is not protected" if exposed is not None else None
    return None if move.command is None else _refuses_command(move.command, seen)


def _refuses_command(command: str, seen: Seen) -> str | None:
    if command.startswith(EXPOSING) and seen.cut_off():
        return "a node may be cut off"
    if command.startswith(LEAVES):
        moving = seen.in_motion()
        if moving is not None:
            return f"{moving} is in motion"
    if command.startswith(GUEST_ORDERS):
        leaver = seen.leaving()
        if leaver is not None:
            return f"the local resource manager of {leaver} is leaving"
    return None
