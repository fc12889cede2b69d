"""The cluster's replicated tree of small files and leases, as one node sees and changes it.

Reads are local and immediate, of what is committed as far as this node knows; on a node that is cut
off they are old. Changes go through the cluster: all steps of one are made or none.

Every method but `watch` and `unwatch` raises UnavailableError while the node's copy is not open.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Protocol

from appliance.model.store.changes import File, Lease, Step

TIMEOUT_S: Final = 15.0


class StoreWatch(Protocol):
    """Committed changes below a prefix, from the moment on at which it was made."""

    async def next(self) -> tuple[str, ...]:
        """The files changed since the last call, removed ones included; waits for one."""
        ...


class ConfigStore(Protocol):
    def read(self, path: str, *, privileged: bool = False) -> File:
        """A file. The same object until it changes. MissingError, ForbiddenError."""
        ...

    def paths(self, prefix: str = "", *, privileged: bool = False) -> tuple[str, ...]:
        """The names of files that begin so, sorted; private ones for privileged readers only."""
        ...

    def guests(self) -> Mapping[int, str]:
        """Each guest's number and the file that configures it.

        The same object until a guest comes, goes or moves; nothing changes it in place.
        """
        ...

    async def change(self, *steps: Step, timeout_s: float = TIMEOUT_S) -> int:
        """Make a change; the version of the store with it.

        Nothing was changed: NotQuorateError, UnavailableError, and what the steps say (StaleError,
        MissingError, ExistsError, RefusedError, TooLargeError, ConfigError). It may have been
        changed or not: OutcomeUnknownError.
        """
        ...

    async def catch_up(self, *, timeout_s: float = TIMEOUT_S) -> None:
        """What is read after this is at least as new as when it was called, cluster-wide."""
        ...

    def watch(self, prefix: str = "") -> StoreWatch:
        """Changes below a prefix from now on; private files too, by name only."""
        ...

    def unwatch(self, watch: StoreWatch) -> None: ...

    def leases(self) -> tuple[str, ...]:
        """The names of all leases that somebody holds, sorted."""
        ...

    def lease(self, name: str) -> Lease | None:
        """Who holds it, None: nobody. Whether its life is over is not said here."""
        ...

    def lease_seen_s(self, name: str) -> float | None:
        """When this node learned of the lease's last change, on its monotonic clock."""
        ...
