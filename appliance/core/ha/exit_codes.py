"""How the execution of an order ended, as a node answers it to the manager.

Proxmox VE HA manager 5.2 behaviour.
"""

from __future__ import annotations

CRASHED = -1  # it could not be carried out
DONE = 0
FAILED = 1
TRY_AGAIN = 2  # not now; answered to nobody, the same order is given again
WRONG_NODE = 3  # the configuration lies on another node
UNKNOWN_TYPE = 4
UNKNOWN_ORDER = 5
UNKNOWN_SERVICE = 7  # not configured
NOT_NEEDED = 8
