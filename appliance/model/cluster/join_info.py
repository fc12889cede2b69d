"""Join information: all that a new node must be told to find the cluster and know it is the one.

One word of base64 that holds a JSON object, in the form that Proxmox VE shows and takes:
`ipAddress`, `fingerprint`, `peerLinks` (link number -> address of the node to ask), `ring_addr`
(the same addresses in a list) and `totem`. It holds no secret: the password is asked for.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from appliance.model.corosync_conf import CorosyncConf
from appliance.model.corosync_conf.check import is_address
from appliance.model.corosync_conf.layout import MAX_LINK
from appliance.model.errors import ConfigError

FINGERPRINT_HELP: Final = "32 pairs of hexadecimal digits with colons between them"
_FINGERPRINT: Final = re.compile(r"(?:[0-9A-F]{2}:){31}[0-9A-F]{2}", re.ASCII)
_WHAT: Final = "join information"


@dataclass(frozen=True, slots=True)
class JoinInformation:
    """address: of the node to ask, `HOST` or `HOST:PORT`. totem: as `totem_table` makes it."""

    address: str
    fingerprint: str
    peer_links: Mapping[int, str] = field(default_factory=dict)
    totem: Mapping[str, Any] = field(default_factory=dict)


def check_fingerprint(text: str) -> str:
    """In capitals. ConfigError if it is none."""
    found = text.strip().upper()
    if not _FINGERPRINT.fullmatch(found):
        raise ConfigError(f"must be {FINGERPRINT_HELP}", field="fingerprint")
    return found


def totem_table(conf: CorosyncConf) -> dict[str, Any]:
    """The totem section as the API shows it: values by key, interfaces by link number."""
    found: dict[str, Any] = {entry.key: entry.value for entry in conf.totem.entries()}
    interfaces = {
        str(number): {entry.key: entry.value for entry in section.entries()}
        for number, section in conf.interfaces().items()
    }
    return {**found, "interface": interfaces} if interfaces else found


def format_join_information(information: JoinInformation) -> str:
    links = sorted(information.peer_links.items())
    content = {
        "ipAddress": information.address,
        "fingerprint": information.fingerprint,
        "peerLinks": {str(number): address for number, address in links},
        "ring_addr": [address for _, address in links],
        "totem": information.totem,
    }
    return base64.b64encode(json.dumps(content, separators=(",", ":")).encode()).decode()


def information_of(offer: Mapping[str, Any]) -> JoinInformation:
    """Of what the API says to `GET /cluster/config/join`. ConfigError if that is incomplete."""
    nodes = [
        node for node in offer.get("nodelist", []) if node.get("name") == offer["preferred_node"]
    ]
    if not nodes:
        raise ConfigError("is not in the list of nodes", field="preferred_node")
    links = {link: nodes[0].get(f"ring{link}_addr") for link in range(MAX_LINK + 1)}
    known = {link: str(address) for link, address in links.items() if address}
    return JoinInformation(nodes[0]["pve_addr"], nodes[0]["pve_fp"], known, offer["totem"])


def parse_join_information(text: str) -> JoinInformation:
    """ConfigError that says what is wrong with it. Blanks and line ends in it do not matter."""
    try:
        found = json.loads(base64.b64decode("".join(text.split()), validate=True))
    except (binascii.Error, ValueError, RecursionError):
        raise ConfigError("is not what a cluster shows: copy all of it", field=_WHAT) from None
    if not isinstance(found, dict):
        raise ConfigError("holds no object", field=_WHAT)
    address = found.get("ipAddress")
    if not isinstance(address, str) or not is_address(host_of(address)):
        raise ConfigError("is no address", field=f"{_WHAT}.ipAddress")
    fingerprint, totem = found.get("fingerprint"), found.get("totem", {})
    if not isinstance(fingerprint, str):
        raise ConfigError("is missing", field=f"{_WHAT}.fingerprint")
    if not isinstance(totem, dict):
        raise ConfigError("must be an object", field=f"{_WHAT}.totem")
    return JoinInformation(address, check_fingerprint(fingerprint), _links(found), totem)


def host_of(address: str) -> str:
    """`HOST` of `HOST`, `HOST:PORT`, `[HOST]:PORT`."""
    return split_address(address, 0)[0]


def split_address(address: str, usual: int) -> tuple[str, int]:
    """Host and port. An IPv6 address with a port is in brackets. A bad port is part of the host."""
    if address.startswith("["):
        host, _, rest = address[1:].partition("]")
        port = rest.removeprefix(":")
    elif address.count(":") == 1:
        host, _, port = address.partition(":")
    else:
        return address, usual
    if not port and not address.endswith(":"):
        return host, usual
    if not port.isdecimal() or not port.isascii() or not 0 < int(port) < 65536:
        return address, usual
    return host, int(port)


def _links(found: Mapping[str, Any]) -> dict[int, str]:
    """The links of the node to ask; older information has only a list of addresses."""
    links = found.get("peerLinks")
    if links is None:
        listed = found.get("ring_addr", [])
        links = dict(enumerate(listed)) if isinstance(listed, list) else None
    if not isinstance(links, dict):
        raise ConfigError("must be an object", field=f"{_WHAT}.peerLinks")
    checked = {}
    for key, address in links.items():
        what = f"{_WHAT}.peerLinks.{key}"
        number = int(key) if str(key).isdecimal() and str(key).isascii() else -1
        if not 0 <= number <= MAX_LINK:
            raise ConfigError(f"links are 0 to {MAX_LINK}", field=what)
        if not isinstance(address, str) or not is_address(address):
            raise ConfigError("is no address", field=what)
        checked[number] = address
    return dict(sorted(checked.items()))
