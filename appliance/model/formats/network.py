"""Addresses, networks, interfaces, mail addresses."""

from __future__ import annotations

import ipaddress
import re

from appliance.model.formats.form import checked, matching, takes

_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?"
# The local part and the domain of a mail address may be of any script.
_LOCAL = r"[\w+~-]+(?:\.[\w+~-]+)*"


def is_ipv4(text: str) -> bool:
    """Four numbers with dots between them, none with a leading zero."""
    return _is(ipaddress.IPv4Address, text)


def is_ipv6(text: str) -> bool:
    """An IPv6 address without a zone."""
    return "%" not in text and _is(ipaddress.IPv6Address, text)


def _is(kind: type[ipaddress.IPv4Address | ipaddress.IPv6Address], text: str) -> bool:
    try:
        kind(text)
    except ValueError:
        return False
    return text.isascii()


def is_cidr(text: str, version: int | None = None) -> bool:
    """An address with the length of its network, at least 8; bits behind the prefix may be set."""
    address, slash, length = text.partition("/")
    bits = 32 if is_ipv4(address) else 128 if is_ipv6(address) else 0
    if not slash or not bits or not re.fullmatch(r"[0-9]{1,3}", length, re.ASCII):
        return False
    fits = version is None or (version == 4) == (bits == 32)
    return fits and 8 <= int(length) <= bits


def _mask(text: str) -> bool:
    if not is_ipv4(text):
        return False
    free = 0xFFFFFFFF ^ int(ipaddress.IPv4Address(text))
    return free & (free + 1) == 0


def _ip_with_zone(text: str) -> bool:
    address, percent, zone = text.partition("%")
    link_local = address.lower().startswith(("fe8", "fe9", "fea", "feb"))
    return is_ip(text) or bool(percent and link_local and is_ipv6(address) and takes(IFACE, zone))


def is_ip(text: str) -> bool:
    """An IPv4 or IPv6 address."""
    return is_ipv4(text) or is_ipv6(text)


def _portal(text: str) -> bool:
    return is_ipv6(text) or _PORTAL.fullmatch(text) is not None


_PORTAL = re.compile(r"(?:(?:[^\W_]|[.-])+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?")

IP = checked("ip", "an IPv4 or IPv6 address", is_ip)
IPV4 = checked("ipv4", "an IPv4 address", is_ipv4)
IPV6 = checked("ipv6", "an IPv6 address", is_ipv6)
IPV4_MASK = checked("ipv4mask", "an IPv4 network mask", _mask)
CIDR = checked("CIDR", "<address>/<8 or more>", is_cidr)
CIDR_V4 = checked("CIDRv4", "<IPv4 address>/<8 to 32>", lambda text: is_cidr(text, 4))
CIDR_V6 = checked("CIDRv6", "<IPv6 address>/<8 to 128>", lambda text: is_cidr(text, 6))
IP_OR_CIDR = checked("IPorCIDR", "an address or a network", lambda t: is_ip(t) or is_cidr(t))
DNS_NAME = matching("dns-name", "a host name", rf"(?:{_LABEL}\.)*{_LABEL}")
ADDRESS = checked(
    "address", "an IP address or a host name", lambda text: is_ip(text) or takes(DNS_NAME, text)
)
GRAPHITE_PATH = matching(
    "graphite-path", "names with '.' between them", rf"(?:{_LABEL}\.)*{_LABEL}"
)
IFACE = matching(
    "pve-iface",
    "a network interface, up to 21 characters, possibly with a number behind '.' or ':'",
    r"[A-Za-z][A-Za-z0-9_]{1,20}(?:[:.][0-9]+)?",
)
BRIDGE = matching("pve-bridge-id", "letters, digits, '-', '_' or '.'", r"[\w.-]+", 0)
MAC = matching(
    "mac-addr",
    "a unicast MAC address, such as BC:24:11:00:00:01",
    r"[0-9A-Fa-f][02468ACEace](?::[0-9A-Fa-f]{2}){5}",
)
MAC_PREFIX = matching(
    "mac-prefix",
    "the first three bytes of a unicast MAC address, such as BC:24:11",
    r"[0-9A-Fa-f][02468ACEace]"
    r"(?::(?:[0-9A-Fa-f]{1,2}(?::(?:[0-9A-Fa-f]{1,2}(?::[0-9A-Fa-f]?)?)?)?)?)?",
)
IPV4_CONFIG = checked(
    "pve-ipv4-config",
    "dhcp, manual or <IPv4 address>/<length>",
    lambda text: text in ("dhcp", "manual") or is_cidr(text, 4),
)
IPV6_CONFIG = checked(
    "pve-ipv6-config",
    "auto, dhcp, manual or <IPv6 address>/<length>",
    lambda text: text in ("auto", "dhcp", "manual") or is_cidr(text, 6),
)
IP_WITH_ZONE = checked(
    "lxc-ip-with-ll-iface",
    "an IP address, a link-local one possibly with %<interface>",
    _ip_with_zone,
)
EMAIL = matching("email", "a mail address", rf"{_LOCAL}@{_LABEL}(?:\.{_LABEL})*", 0)
EMAIL_OR_USER = matching(
    "email-or-username",
    "a mail address or a user name",
    rf"{_LOCAL}(?:@{_LABEL}(?:\.{_LABEL})*)?",
    0,
)
PORTAL = checked(
    "pve-storage-portal-dns", "an IP address or host name, possibly with :<port>", _portal
)
SERVER = checked("pve-storage-server", ADDRESS.allowed, lambda text: takes(ADDRESS, text))
_DOMAIN_LABEL = r"[A-Za-z0-9_](?:[A-Za-z0-9_-]*[A-Za-z0-9_])?"
ACME_DOMAIN = matching(
    "pve-acme-domain", "a domain name", rf"(?:{_DOMAIN_LABEL}\.)+{_DOMAIN_LABEL}"
)
ACME_ALIAS = matching("pve-acme-alias", "a domain name", rf"(?:{_DOMAIN_LABEL}\.)+{_DOMAIN_LABEL}")


FORMS = (
    IP,
    IPV4,
    IPV6,
    IPV4_MASK,
    CIDR,
    CIDR_V4,
    CIDR_V6,
    IP_OR_CIDR,
    DNS_NAME,
    ADDRESS,
    GRAPHITE_PATH,
    IFACE,
    BRIDGE,
    MAC,
    MAC_PREFIX,
    IPV4_CONFIG,
    IPV6_CONFIG,
    IP_WITH_ZONE,
    EMAIL,
    EMAIL_OR_USER,
    PORTAL,
    SERVER,
    ACME_DOMAIN,
    ACME_ALIAS,
)
