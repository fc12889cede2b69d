"""What a node finds out about a storage and its volumes."""

from __future__ import annotations

from dataclasses import dataclass

from appliance.model.storage.config import Storage
from appliance.model.storage.volumes import VolumeName


@dataclass(frozen=True, slots=True)
class PoolInfo:
    """What a storage can do, as data. Nothing here is asked of a back end.

    storage   its section of storage.cfg
    node      the node that looks
    """

    storage: Storage
    node: str

    @property
    def id(self) -> str:
        return self.storage.id

    @property
    def type(self) -> str:
        return self.storage.type

    @property
    def content(self) -> tuple[str, ...]:
        return self.storage.content

    @property
    def formats(self) -> tuple[str, ...]:
        """Of images, the usual one first; empty where no images can be made."""
        return self.storage.formats

    @property
    def shared(self) -> bool:
        return self.storage.shared

    @property
    def nodes(self) -> tuple[str, ...]:
        return self.storage.nodes

    @property
    def usable(self) -> bool:
        """Whether this node is meant to use it."""
        return self.storage.used_on(self.node)

    def can(self, what: str, name: VolumeName, snapshot: str | None = None) -> bool:
        """See `Storage.can`: snapshot, clone, template, copy, sparseinit, replicate, rename."""
        return self.storage.can(what, name, snapshot)


@dataclass(frozen=True, slots=True)
class PoolStatus:
    """How full it is; an inactive one does not answer, and its sizes are 0."""

    active: bool
    total_bytes: int = 0
    used_bytes: int = 0
    available_bytes: int = 0


@dataclass(frozen=True, slots=True)
class Volume:
    """A volume as its storage tells it.

    size_bytes  what the guest sees, or the length of a file
    used_bytes  what it takes of the storage, where that is known
    created_s   since 1970
    parent      the base image that a linked clone needs
    """

    id: str
    name: VolumeName
    size_bytes: int
    used_bytes: int | None = None
    created_s: int | None = None
    parent: str | None = None
    notes: str = ""
    protected: bool = False

    @property
    def content(self) -> str:
        return self.name.content

    @property
    def vmid(self) -> int | None:
        return self.name.vmid


@dataclass(frozen=True, slots=True)
class VolumeSnapshot:
    """A snapshot of one volume. parent: the snapshot before it, None for the first."""

    name: str
    taken_s: int
    parent: str | None = None


@dataclass(frozen=True, slots=True)
class Archive:
    """What a backup holds beside the disks.

    kind        vm or ct
    config      the guest's configuration, as text
    firewall    its firewall file, as text
    disks       key of the configuration (`scsi0`, `rootfs`) -> size in bytes
    """

    kind: str
    vmid: int
    config: str
    firewall: str = ""
    disks: tuple[tuple[str, int], ...] = ()
    created_s: int = 0
