"""Names of what a loop reads and renews, so that a quiet loop can sleep until one changes.

A reader names the narrowest topic it depends on; a writer publishes every topic that it touched.
"""

from __future__ import annotations

MEMBERSHIP = "membership"  # this node's view: members, online, quorate
HA_CONFIG = "ha_config"  # resources, rules, groups, HA options, where guests' configurations lie
CRM_COMMANDS = "crm_commands"
LRM_STATUSES = "lrm_status"  # any node's
STATS = "stats"  # load of nodes and guests, as far as the scheduler uses it
MANAGER_STATUS = "manager_status"  # anything in it but round and timestamp
GUESTS = "guests"  # running state of this node's own guests


def manager_slice(node: str) -> str:
    """The part of the manager status that concerns one node.

    Its services, its node state and maintenance request, and the disarm entry.
    """
    return f"manager_status/{node}"


def lock(name: str) -> str:
    """The lease of that name: taken, given up, or its holder no longer renewing."""
    return f"lock/{name}"


def watchdog(client: str) -> str:
    """A watchdog client's feeding (only ever renewed)."""
    return f"watchdog/{client}"


MANAGER_ROUND = "manager_round"  # the round counter of the manager status (only ever renewed)
CHECKED_ROUND = "checked_round"  # the LRM's answer to it (only ever renewed)
