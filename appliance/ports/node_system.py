"""The operating system of a node, as far as it is configured through the API.

Files go by short names. What they mean is not known here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal, Protocol

HOSTS: Final = "hosts"
RESOLVER: Final = "resolv.conf"
TIMEZONE: Final = "timezone"
INTERFACES: Final = "interfaces"
NEW_INTERFACES: Final = "interfaces.new"  # those that wait to be put in force
SUBSCRIPTION: Final = "subscription"
FILES: Final = (HOSTS, RESOLVER, TIMEZONE, INTERFACES, NEW_INTERFACES, SUBSCRIPTION)

Verb = Literal["start", "stop", "restart", "reload"]


@dataclass(frozen=True, slots=True)
class Link:
    """A network interface that the node has. kind: `eth`, `bridge`, `bond`, `vlan`, ..."""

    kind: str
    up: bool


@dataclass(frozen=True, slots=True)
class Service:
    """A service of the node. enabled: it starts with the node."""

    name: str
    about: str
    running: bool
    enabled: bool = True


@dataclass(frozen=True, slots=True)
class LogLine:
    """at_s: seconds since 1970. unit: who wrote it."""

    at_s: float
    unit: str
    text: str


@dataclass(frozen=True, slots=True)
class Package:
    """Installed software. newer: a version that could be installed, empty for none."""

    name: str
    version: str
    about: str
    newer: str = ""


@dataclass(frozen=True, slots=True)
class PciDevice:
    """address: such as `0000:01:00.0`. Numbers as `0x10de`, the class as `0x030000`."""

    address: str
    kind: str
    vendor: str
    device: str
    vendor_name: str
    device_name: str
    iommu_group: int = -1


@dataclass(frozen=True, slots=True)
class UsbDevice:
    """path: such as `1-2`. Numbers of vendor and product in hexadecimal, without 0x."""

    path: str
    bus: int
    number: int
    port: int
    vendor: str
    product: str
    maker: str
    name: str
    kind: int = 0
    level: int = 1
    speed: str = "480"


@dataclass(frozen=True, slots=True)
class Devices:
    """What is plugged into the node, each by its address."""

    pci: tuple[PciDevice, ...] = ()
    usb: tuple[UsbDevice, ...] = ()


class NodeSystem(Protocol):
    """All of it outlives boots, but for what runs."""

    async def read(self, name: str) -> str:
        """A file of `FILES`, empty where there is none. UnavailableError."""
        ...

    async def write(self, name: str, text: str) -> None:
        """The whole file; an empty one is removed. DiskError."""
        ...

    def links(self) -> Mapping[str, Link]:
        """By name, as they are at the moment."""
        ...

    async def reload_network(self) -> None:
        """Make the links what `INTERFACES` says. RefusedError when it cannot be."""
        ...

    def services(self) -> tuple[Service, ...]:
        """By name."""
        ...

    async def control(self, service: str, verb: Verb) -> None:
        """MissingError; RefusedError for what must not be stopped this way."""
        ...

    def log(self) -> tuple[LogLine, ...]:
        """The last lines of the node's journal, oldest first."""
        ...

    def packages(self) -> tuple[Package, ...]:
        """By name."""
        ...

    def devices(self) -> Devices: ...

    async def wake(self, mac: str) -> None:
        """Send a packet that wakes another machine in this node's network."""
        ...
