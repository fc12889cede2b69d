"""All privileges, and the roles that every cluster has.

Privileges stand in areas, and in each area in four ranks: what only the administrator of the whole
cluster gets (root), what administrators, users and auditors of that area get. The built-in roles
follow from that, with the few exceptions at the end.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

NO_ACCESS = "NoAccess"
ADMINISTRATOR = "Administrator"


@dataclass(frozen=True, slots=True)
class Area:
    """The privileges of one area by rank."""

    root: tuple[str, ...] = ()
    admin: tuple[str, ...] = ()
    user: tuple[str, ...] = ()
    audit: tuple[str, ...] = ()


AREAS: Mapping[str, Area] = MappingProxyType(
    {
        "Datastore": Area(
            admin=("Datastore.Allocate", "Datastore.AllocateTemplate"),
            user=("Datastore.AllocateSpace",),
            audit=("Datastore.Audit",),
        ),
        "Mapping": Area(admin=("Mapping.Modify",), user=("Mapping.Use",), audit=("Mapping.Audit",)),
        "Pool": Area(admin=("Pool.Allocate",), user=("Pool.Audit",), audit=("Pool.Audit",)),
        "SDN": Area(admin=("SDN.Allocate", "SDN.Audit"), user=("SDN.Use",), audit=("SDN.Audit",)),
        "Sys": Area(
            root=("Sys.PowerMgmt", "Sys.Modify", "Sys.Incoming", "Sys.AccessNetwork"),
            admin=("Sys.Console", "Sys.Syslog"),
            audit=("Sys.Audit",),
        ),
        "User": Area(
            root=("Realm.Allocate",),
            admin=("User.Modify", "Group.Allocate", "Realm.AllocateUser"),
        ),
        "VM": Area(
            admin=(
                "VM.Allocate",
                "VM.Clone",
                "VM.Config.CPU",
                "VM.Config.Disk",
                "VM.Config.HWType",
                "VM.Config.Memory",
                "VM.Config.Network",
                "VM.Config.Options",
                "VM.GuestAgent.Unrestricted",
                "VM.Migrate",
                "VM.Replicate",
                "VM.Snapshot",
                "VM.Snapshot.Rollback",
            ),
            user=(
                "VM.Backup",
                "VM.Config.CDROM",
                "VM.Config.Cloudinit",
                "VM.Console",
                "VM.GuestAgent.FileRead",
                "VM.GuestAgent.FileSystemMgmt",
                "VM.GuestAgent.FileWrite",
                "VM.PowerMgmt",
            ),
            audit=("VM.Audit", "VM.GuestAgent.Audit"),
        ),
    }
)


def _all_privileges() -> tuple[str, ...]:
    found = {"Permissions.Modify"}
    for area in AREAS.values():
        found.update(area.root, area.admin, area.user, area.audit)
    return tuple(sorted(found))


def _built_in_roles() -> dict[str, frozenset[str]]:
    roles = {NO_ACCESS: frozenset[str](), ADMINISTRATOR: frozenset(PRIVILEGES)}
    everything: set[str] = set()
    auditor: set[str] = set()
    for name, area in AREAS.items():
        admin = frozenset((*area.admin, *area.user, *area.audit))
        roles[f"PVE{name}Admin"] = admin
        if area.user:
            roles[f"PVE{name}User"] = frozenset((*area.user, *area.audit))
        everything |= admin
        auditor.update(area.audit)
    # Mapped devices of the hosts are for Administrator and PVEMappingAdmin alone.
    roles["PVEAdmin"] = frozenset(everything - {"Mapping.Modify"})
    roles["PVEAuditor"] = frozenset(auditor)
    roles["PVETemplateUser"] = frozenset({"VM.Audit", "VM.Clone"})
    return roles


PRIVILEGES = _all_privileges()
IS_PRIVILEGE = frozenset(PRIVILEGES)
BUILT_IN_ROLES: Mapping[str, frozenset[str]] = MappingProxyType(_built_in_roles())
