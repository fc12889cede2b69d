"""This machine's name and addresses."""

from __future__ import annotations

import asyncio
import ctypes
import ipaddress
import socket
from typing import Any, Final

_FAMILIES: Final = {socket.AF_INET: (4, 4), socket.AF_INET6: (8, 16)}  # offset, size in bytes


class _Address(ctypes.Structure):
    """What getifaddrs lists, as far as it is needed."""


_Address._fields_ = (
    ("next", ctypes.POINTER(_Address)),
    ("name", ctypes.c_char_p),
    ("flags", ctypes.c_uint),
    ("address", ctypes.c_void_p),
)


class SystemHost:
    """Implements the `ThisHost` port. certificate: PEM, of this node's API."""

    def __init__(self, certificate: bytes) -> None:
        self._certificate = certificate

    def addresses(self) -> tuple[str, ...]:
        """IPv4 before IPv6, in the order of the interfaces; without loopback and link-local."""
        found = dict.fromkeys(interface_addresses())
        usable = [
            address
            for address in map(ipaddress.ip_address, found)
            if not address.is_loopback and not address.is_link_local
        ]
        return tuple(map(str, sorted(usable, key=lambda address: address.version)))

    async def resolve(self, name: str) -> tuple[str, ...]:
        loop = asyncio.get_running_loop()
        try:
            found = await loop.getaddrinfo(name, None, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError):
            return ()
        return tuple(dict.fromkeys(str(entry[4][0]) for entry in found))

    def certificate(self) -> bytes:
        return self._certificate


def node_name() -> str:
    """The host's name without its domain."""
    return socket.gethostname().partition(".")[0]


def interface_addresses() -> list[str]:
    """The IP addresses of all interfaces."""
    libc: Any = ctypes.CDLL(None, use_errno=True)
    first = ctypes.POINTER(_Address)()
    if libc.getifaddrs(ctypes.byref(first)) != 0:
        return []
    found = []
    try:
        entry = first
        while entry:  # type: ignore[truthy-bool] # a null pointer is false
            text = _text(entry.contents.address)
            if text is not None:
                found.append(text)
            entry = entry.contents.next
    finally:
        libc.freeifaddrs(first)
    return found


def _text(place: int | None) -> str | None:
    """A socket address as text; None if it is of another family."""
    if not place:
        return None
    family = ctypes.c_ushort.from_address(place).value
    if family not in _FAMILIES:
        return None
    offset, size = _FAMILIES[socket.AddressFamily(family)]
    return str(ipaddress.ip_address(ctypes.string_at(place + offset, size)))
