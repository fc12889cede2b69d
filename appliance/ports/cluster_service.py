"""The cluster service of this node: corosync's files and processes, and whom the store talks to.

A node is alone, or a member of a cluster. Alone it has no corosync.conf, corosync does not run, and
its store orders its own writes. A step from one to the other holds across a crash: what stands on
the disk afterwards is the one or the other, and the node comes up as that. `layout` tells which.

The `ConfigStore` and the `LiveMembership` that services hold stay valid: from the step on they are
those of the new state. Writes that are on their way meanwhile end with an error.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from appliance.model.corosync_conf import CorosyncConf


class ClusterService(Protocol):
    def layout(self) -> CorosyncConf | None:
        """The corosync.conf in place on this node; None when it is alone."""
        ...

    def make_key(self) -> bytes:
        """A fresh key by which the nodes of a cluster know each other. Kept nowhere yet."""
        ...

    async def found(self, layout: CorosyncConf, key: bytes) -> None:
        """From alone to a cluster of this node. The store keeps what is in it.

        On an error the node is alone as before. UnavailableError when corosync does not start.
        """
        ...

    async def enter(self, layout: CorosyncConf, key: bytes) -> str:
        """Become a member of a cluster that runs, whose layout has this node already.

        What the store contains is put aside, the name of that backup is returned, and the store
        begins as a member that gets everything from the others. Also from a cluster that the node
        is in (its files are replaced). On an error the node is what it was, with its store.
        """
        ...

    async def leave(self) -> None:
        """Back to alone, from whatever is there: corosync ends, its files go.

        The store keeps what is in it. Harmless when alone.
        """
        ...

    async def device_files(self, host: str, cluster: str) -> Mapping[str, bytes]:
        """A certificate for the quorum device's client, signed by the authority of that host.

        cluster: its name, which the certificate carries. By the names that `follow_device` takes.
        UnavailableError, with what can be done, if the host does not answer or does not sign.
        """
        ...

    async def follow_device(self, files: Mapping[str, bytes]) -> None:
        """Let the quorum device's client run if the layout in place has a device, else not.

        files: what TLS needs, by the names of `model.cluster.device`; empty without TLS. Harmless
        when it does so already. UnavailableError if it does not start.
        """
        ...
