"""The disks of this node, and what its network offers as storage."""

from __future__ import annotations

from typing import Literal, Protocol, TypeAlias

from appliance.model.storage.disks import Disk, Mount, New, Smart, VolumeGroup, Zpool

Made: TypeAlias = Literal["directory", "lvm", "lvmthin", "zfs"]


class Disks(Protocol):
    """Everything names devices by their path. MissingError for one that is not there.

    What changes a device is refused (RefusedError) while it is used for anything.
    """

    async def list(self) -> tuple[Disk, ...]:
        """Disks and their partitions, each disk before its partitions."""
        ...

    async def smart(self, device: str) -> Smart: ...

    async def init_gpt(self, device: str, uuid: str | None = None) -> None:
        """Give it an empty partition table."""
        ...

    async def wipe(self, device: str) -> None:
        """Make it as if nothing had ever been on it."""
        ...

    async def groups(self) -> tuple[VolumeGroup, ...]:
        """LVM volume groups, by name."""
        ...

    async def zpools(self) -> tuple[Zpool, ...]:
        """ZFS pools, by name."""
        ...

    async def mounts(self) -> tuple[Mount, ...]:
        """Disks mounted as directories by `create`, by name."""
        ...

    async def create(self, new: New) -> None:
        """ExistsError if there is one of that name. Half of one is not left behind."""
        ...

    async def destroy(
        self, made: Made, name: str, *, group: str | None = None, wipe: bool = False
    ) -> None:
        """Remove it with all that is in it. group: of a thin pool. RefusedError while in use."""
        ...


class Scan(Protocol):
    """What servers offer. UnavailableError for one that does not answer."""

    async def nfs(self, server: str) -> tuple[tuple[str, str], ...]:
        """Exported paths, each with whom it is for."""
        ...

    async def cifs(
        self, server: str, username: str | None, password: str | None, domain: str | None
    ) -> tuple[tuple[str, str], ...]:
        """Shares, each with its description. RefusedError: it does not let us in."""
        ...

    async def iscsi(self, portal: str) -> tuple[tuple[str, str], ...]:
        """Targets, each with its portal."""
        ...

    async def pbs(
        self, server: str, port: int, username: str, password: str, fingerprint: str | None
    ) -> tuple[tuple[str, str], ...]:
        """Datastores, each with its comment. RefusedError: it does not let us in."""
        ...
