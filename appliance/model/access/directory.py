"""Users and groups as a directory (LDAP, Active Directory) has them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class DirectoryUser:
    """`dn` is its name in the directory, `attributes` its values by our names for them."""

    dn: str
    name: str
    attributes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class DirectoryGroup:
    """`members` are the distinguished names of its members."""

    dn: str
    name: str
    members: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class DirectoryContent:
    users: tuple[DirectoryUser, ...] = ()
    groups: tuple[DirectoryGroup, ...] = ()
