"""Times and counts of the HA daemons. All of them bound one another: see each line."""

from __future__ import annotations

# A lock's life. A node is fenced by obtaining its lock, so nothing may run on a node whose lock
# has run out: the watchdog limit must be well below it.
LOCK_LIFE_S = 120.0
# A client of the watchdog silent for so long resets its node.
WATCHDOG_LIMIT_S = 60.0
# A node offline for less may come back unharmed.
FENCE_DELAY_S = 60.0
# A gone node is forgotten after this.
FORGET_DELAY_S = 3600.0
# Rounds without anything to manage after which a daemon gives up lock and watchdog.
LRM_IDLE_ROUNDS = 60
CRM_IDLE_ROUNDS = 90
# A restarting LRM without its lock gives up after this; its watchdog should have fired long ago.
LOST_LOCK_PATIENCE_S = 90.0
# How a holder of a lock tries to keep it within one round.
LOCK_TRIES = 6
LOCK_RETRY_S = 1.0
LOCK_TRY_SPAN_S = 5.0
# Beginning of a round to beginning of the next.
ACTIVE_PERIOD_S = 10.0
MAINTENANCE_PERIOD_S = 5.0
WAITING_PERIOD_S = 5.0
SLAVE_PERIOD_S = 10.0
# A round waits so long for the orders that it started; the others end in later rounds.
WORKER_SPAN_S = 8.0
# Manager rounds until the first try to turn legacy groups into rules, and between tries.
GROUPS_FIRST_TRY = 3
GROUPS_RETRY = 6

MANAGER_LOCK = "ha_manager_lock"


def agent_lock(node: str) -> str:
    """The lock that a node holds while it may run services."""
    return f"ha_agent_{node}_lock"
