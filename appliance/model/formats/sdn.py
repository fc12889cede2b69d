"""Names and values of software-defined networks."""

from __future__ import annotations

import ipaddress
import re

from appliance.model.formats.form import checked, matching
from appliance.model.formats.network import is_cidr, is_ip

SHORT_ID = r"[a-zA-Z][a-zA-Z0-9]*[a-zA-Z0-9]"
LONG_ID = r"[a-zA-Z][a-zA-Z0-9_-]*[a-zA-Z0-9]"
FABRIC_ID = r"[a-zA-Z0-9][a-zA-Z0-9-]{0,6}[a-zA-Z0-9]"
ISIS_NET = r"[a-fA-F0-9]{2}(\.[a-fA-F0-9]{4}){3,9}\.[a-fA-F0-9]{2}"

_RANGE = re.compile(
    r"start-address=([^,]+),end-address=([^,]+)|end-address=([^,]+),start-address=([^,]+)"
)
_SUBNET = re.compile(rf"(?:{SHORT_ID})-([0-9A-Fa-f:.]+)-([0-9]{{1,3}})", re.ASCII)


def _is_range(text: str) -> bool:
    match = _RANGE.fullmatch(text)
    if match is None:
        return False
    ends = (match[1] or match[4], match[2] or match[3])
    return all(is_ip(end) for end in ends) and ("." in ends[0]) == ("." in ends[1])


def range_of(text: str) -> tuple[str, str]:
    """First and last address of a range that is valid."""
    match = _RANGE.fullmatch(text)
    assert match is not None
    return match[1] or match[4], match[2] or match[3]


def _is_subnet(text: str) -> bool:
    if is_cidr(text):
        return True
    match = _SUBNET.fullmatch(text)
    return match is not None and is_cidr(f"{match[1]}/{match[2]}")


def subnet_id(zone: str, cidr: str) -> str:
    """`10.0.0.0/24` of zone `z1` is `z1-10.0.0.0-24`."""
    return f"{zone}-{cidr.replace('/', '-')}"


def network_of(identity: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network:
    """The network that the id of a subnet names. ValueError."""
    match = _SUBNET.fullmatch(identity)
    if match is None:
        raise ValueError(f"{identity} is no subnet")
    return ipaddress.ip_network(f"{match[1]}/{match[2]}", strict=False)


ZONE = matching("pve-sdn-zone-id", "two to eight letters or digits, a letter first",
                rf"(?=.{{2,8}}\Z){SHORT_ID}")  # fmt: skip
VNET = matching("pve-sdn-vnet-id", ZONE.allowed, rf"(?=.{{2,8}}\Z){SHORT_ID}")
PLAIN = matching("pve-sdn-id", "letters and digits, a letter first", SHORT_ID)
CONTROLLER = matching(
    "pve-sdn-controller-id",
    "two to 64 letters, digits, '-' or '_', a letter first",
    rf"(?=.{{2,64}}\Z){LONG_ID}",
)
FABRIC = matching(
    "pve-sdn-fabric-id", "two to eight letters, digits or '-'", rf"(?=.{{2,8}}\Z){FABRIC_ID}"
)
ROUTE_MAP = matching("pve-sdn-route-map-id", "letters, digits, '-' or '_'", r"[A-Za-z0-9_-]{1,32}")
ROUTE_TARGET = matching("pve-sdn-bgp-rt", "<number>:<number>", r"[0-9]{1,10}:[0-9]{1,10}")
NET = matching("pve-sdn-isis-net", "an IS-IS network entity title", ISIS_NET)
SUBNET = checked("pve-sdn-subnet-id", "a network, such as 10.0.0.0/24", _is_subnet)
DHCP_RANGE = checked(
    "pve-sdn-dhcp-range", "start-address=<address>,end-address=<address>", _is_range
)

FORMS = (FABRIC, ROUTE_MAP, ROUTE_TARGET, NET, SUBNET, DHCP_RANGE)
