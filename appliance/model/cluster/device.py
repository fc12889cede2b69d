"""Files by which the quorum device's client and its host know each other.

The names are those that corosync's own tools give them.
"""

from __future__ import annotations

from typing import Final

AUTHORITY: Final = "qnetd-cacert.crt"  # who signs, as a certificate
NODE: Final = "qdevice-net-node.p12"  # the cluster's certificate with its key
