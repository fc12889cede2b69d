"""What firewall rules match: addresses, ports, protocols, kinds of ICMP."""

from __future__ import annotations

import ipaddress
import re

from appliance.model.formats.form import checked
from appliance.model.formats.network import is_cidr, is_ip
from appliance.model.options.make import words

NAME = r"[A-Za-z][A-Za-z0-9\-\_]+"
_NAMED = re.compile(rf"(?:(?:dc|guest)/)?{NAME}", re.ASCII)
_SET = re.compile(rf"\+(?:(?:dc|guest|sdn)/)?{NAME}", re.ASCII)
_PORT = re.compile(r"[0-9]{1,5}(?::[0-9]{1,5})?", re.ASCII)
_SERVICE = re.compile(r"[A-Za-z][A-Za-z0-9+./_-]*", re.ASCII)
_MAX_PORT = 65535
_MAX_PORTS = 15

PROTOCOLS = words(
    """
    ip icmp igmp ggp ipencap st tcp egp igp pup udp hmp xns-idp rdp iso-tp4 dccp xtp ddp idpr-cmtp
    ipv6 ipv6-route ipv6-frag idrp rsvp gre esp ah skip ipv6-icmp icmpv6 ipv6-nonxt ipv6-opts rspf
    vmtp eigrp ospf ax.25 ipip etherip encap pim ipcomp vrrp l2tp isis sctp fc mobility-header
    udplite mpls-in-ip hip shim6 wesp rohc ethernet
    """
)
WITH_PORTS = words("tcp udp dccp sctp udplite 6 17 33 132 136")
ICMP = words("icmp 1")
ICMP_V6 = words("icmpv6 ipv6-icmp 58")
ICMP_TYPES = words(
    """
    any echo-reply destination-unreachable network-unreachable host-unreachable
    protocol-unreachable port-unreachable fragmentation-needed source-route-failed network-unknown
    host-unknown network-prohibited host-prohibited TOS-network-unreachable TOS-host-unreachable
    communication-prohibited host-precedence-violation precedence-cutoff source-quench redirect
    network-redirect host-redirect TOS-network-redirect TOS-host-redirect echo-request
    router-advertisement router-solicitation time-exceeded ttl-zero-during-transit
    ttl-zero-during-reassembly parameter-problem ip-header-bad required-option-missing
    timestamp-request timestamp-reply address-mask-request address-mask-reply
    """
)
ICMP_TYPES_V6 = words(
    """
    destination-unreachable no-route communication-prohibited beyond-scope address-unreachable
    port-unreachable failed-policy reject-route packet-too-big time-exceeded
    ttl-zero-during-transit ttl-zero-during-reassembly parameter-problem bad-header
    unknown-header-type unknown-option echo-request echo-reply router-solicitation
    router-advertisement neighbor-solicitation neighbour-solicitation neighbor-advertisement
    neighbour-advertisement redirect
    """
)
CONNTRACK_HELPERS = words("amanda ftp irc netbios-ns pptp sane sip snmp tftp")


def is_alias(text: str) -> bool:
    """The name of an alias, possibly with where it is: `dc/` or `guest/`."""
    return _NAMED.fullmatch(text) is not None


def is_set(text: str) -> bool:
    """`+NAME`, an IP set."""
    return _SET.fullmatch(text) is not None


def is_network(text: str) -> bool:
    """An address, or one with the length of its network, which may be short."""
    address, slash, length = text.partition("/")
    if not slash:
        return is_ip(text)
    return is_cidr(text) or (
        is_ip(address) and re.fullmatch(r"[1-7]", length, re.ASCII) is not None
    )


def is_range(text: str) -> bool:
    """Two addresses of one kind with a dash between them, the lower one first."""
    first, dash, last = text.partition("-")
    if not dash or not is_ip(first) or not is_ip(last):
        return False
    low, high = ipaddress.ip_address(first), ipaddress.ip_address(last)
    return low.version == high.version and int(low) <= int(high)


def versions(text: str) -> frozenset[int]:
    """The IP versions of the addresses in a list of them."""
    plain = [part.partition("-")[0].partition("/")[0] for part in text.split(",")]
    return frozenset(ipaddress.ip_address(part).version for part in plain if is_ip(part))


def _addresses(text: str) -> bool:
    if is_set(text) or is_alias(text):
        return True
    parts = [part.strip() for part in text.split(",")]
    good = all(is_network(part) or is_range(part) for part in parts)
    return good and len(versions(text)) == 1


def _ports(text: str) -> bool:
    parts = text.split(",")
    return len(parts) <= _MAX_PORTS and all(_port(part) for part in parts)


def _port(text: str) -> bool:
    if _PORT.fullmatch(text) is None:
        return _SERVICE.fullmatch(text) is not None
    ends = [int(end) for end in text.split(":")]
    return ends == sorted(ends) and ends[-1] <= _MAX_PORT


def _dest_ports(text: str) -> bool:
    return text in ICMP_TYPES or text in ICMP_TYPES_V6 or _ports(text)


def _protocol(text: str) -> bool:
    return text in PROTOCOLS or (text.isdecimal() and text.isascii() and int(text) <= 255)


def _icmp_type(text: str) -> bool:
    if text in ICMP_TYPES or text in ICMP_TYPES_V6:
        return True
    return text.isdecimal() and text.isascii() and int(text) <= 255


ADDRESSES = checked(
    "pve-fw-addr-spec", "addresses, networks and ranges, +<IP set>, or an alias", _addresses
)
SOURCE_PORTS = checked("pve-fw-sport-spec", "ports, names of services and ranges low:high", _ports)
DEST_PORTS = checked(
    "pve-fw-dport-spec", "ports, names of services, ranges low:high, or a kind of ICMP", _dest_ports
)
PROTOCOL = checked("pve-fw-protocol-spec", "the name or number of a protocol", _protocol)
ICMP_TYPE = checked("pve-fw-icmp-type-spec", "the name or number of a kind of ICMP", _icmp_type)
CONNTRACK_HELPER = checked(
    "pve-fw-conntrack-helper",
    f"of {', '.join(CONNTRACK_HELPERS)}, with commas between them",
    lambda text: all(part in CONNTRACK_HELPERS for part in text.split(",")),
)
NETWORK_OR_ALIAS = checked(
    "IPorCIDRorAlias",
    "an address, a network or an alias",
    lambda text: is_network(text) or is_alias(text),
)

FORMS = (
    ADDRESSES,
    SOURCE_PORTS,
    DEST_PORTS,
    PROTOCOL,
    ICMP_TYPE,
    CONNTRACK_HELPER,
    NETWORK_OR_ALIAS,
)
