"""Who may use which volume: the one place where that is decided."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from appliance.core.access.permissions import Access
from appliance.model.access.ids import ROOT
from appliance.model.errors import ConfigError, ForbiddenError
from appliance.model.storage.volumes import VolumeName

_DISKS: Final = ("images", "rootdir")
_READABLE: Final = ("iso", "vztmpl", "import")  # whoever may look at the storage may use these
LOOK: Final = ("Datastore.Audit", "Datastore.AllocateSpace")


class Rights:
    """Of one user or token."""

    def __init__(self, access: Access, user: str) -> None:
        self._access, self.user = access, user

    def has(self, path: str, *wanted: str) -> bool:
        """Whether all of these privileges are there."""
        return self.user == ROOT or self._access.has(self.user, path, wanted)

    def has_any(self, path: str, wanted: Iterable[str]) -> bool:
        return self.user == ROOT or self._access.has_any(self.user, path, wanted)

    def need(self, path: str, *wanted: str) -> None:
        """ForbiddenError."""
        if not self.has(path, *wanted):
            raise ForbiddenError(f"Permission check failed ({path}, {', '.join(wanted)})")

    def need_any(self, path: str, wanted: tuple[str, ...]) -> None:
        """ForbiddenError."""
        if not self.has_any(path, wanted):
            raise ForbiddenError(f"Permission check failed ({path}, {'|'.join(wanted)})")

    def sees(self, storage: str) -> bool:
        """Whether the storage is there at all for this user."""
        return self.has_any(f"/storage/{storage}", LOOK)


def check_volume(
    rights: Rights,
    storage: str,
    name: VolumeName,
    *,
    vmid: int | None = None,
    content: str | None = None,
) -> None:
    """ForbiddenError unless it may be used, for that guest and as that kind of content.

    vmid: the guest that it is used for, whose right was asked before. ConfigError: the volume is
    of another kind.
    """
    fits = content in (None, name.content) or (content in _DISKS and name.content in _DISKS)
    if not fits:
        raise ConfigError(f"volume '{storage}:{name.text}' is no {content}", field="volume")
    path, owner = f"/storage/{storage}", name.vmid
    if rights.has(path, "Datastore.Allocate"):
        return
    if name.content in _READABLE:
        rights.need_any(path, LOOK)
    elif owner is not None and owner == vmid:
        return
    elif name.content == "backup" and owner:
        rights.need(path, "Datastore.AllocateSpace")
        rights.need(f"/vms/{owner}", "VM.Backup")
    elif name.content in _DISKS and owner:
        rights.need(path, "Datastore.Audit")
        rights.need(f"/vms/{owner}", "VM.Config.Disk")
    else:
        raise ForbiddenError(f"missing privileges to access {storage}:{name.text}")


def check_file(rights: Rights) -> None:
    """ForbiddenError: a path of the node itself is for root alone."""
    if rights.user != ROOT:
        raise ForbiddenError("Only root can pass arbitrary filesystem paths.")


def may_use(rights: Rights, storage: str, name: VolumeName, vmid: int | None = None) -> bool:
    """As `check_volume`, for lists."""
    try:
        check_volume(rights, storage, name, vmid=vmid)
    except ForbiddenError:
        return False
    return True
