"""/etc/network/interfaces: read as attributes by interface, and written again.

Names of attributes are those of the API (`bridge_ports`, `address6`); what has none stands in
`options` (of IPv6 in `options6`), a line each, and stays. Lines that begin with # inside a part are
its comments.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

Iface = dict[str, Any]

HEADER: Final = (
    "# The network of this node. What is not understood here stays; comments belong to the part\n"
    "# that they stand in.\n\n"
)
_RENAMED: Final = {
    "bridge-ports": "bridge_ports",
    "bridge-stp": "bridge_stp",
    "bridge-fd": "bridge_fd",
    "bridge-vids": "bridge_vids",
    "bond-slaves": "slaves",
    "slaves": "slaves",
    "bond-miimon": "bond_miimon",
    "bond-mode": "bond_mode",
    "bond-xmit-hash-policy": "bond_xmit_hash_policy",
}
_FLAGS: Final = (
    "bridge-learning",
    "bridge-arp-nd-suppress",
    "bridge-unicast-flood",
    "bridge-multicast-flood",
)
_KEPT: Final = (
    "bond-primary",
    "ovs_type",
    "ovs_bridge",
    "ovs_bonds",
    "ovs_ports",
    "mtu",
    "vlan-id",
    "vlan-raw-device",
    "vlan-protocol",
    "vxlan-id",
    "vxlan-svcnodeip",
    "vxlan-physdev",
    "vxlan-local-tunnelip",
    "bridge-access",
    "uplink-id",
)
_PHYSICAL: Final = re.compile(r"(?:eth[0-9]+|(?:en|wl|ib)\w+|nic[0-9]+)", re.ASCII)
_CHILD: Final = re.compile(r"(\S+)[.:][0-9]+", re.ASCII)
_WEIGHTS: Final = {
    "loopback": 1,
    "eth": 2,
    "OVSPort": 2,
    "OVSIntPort": 3,
    "bond": 4,
    "OVSBond": 4,
    "bridge": 5,
    "OVSBridge": 5,
    "vlan": 6,
}
_ON: Final = (1, "1", "on", "yes")
_LAST: Final = 9
_NO_PRIORITY: Final = 1 << 20


@dataclass(slots=True)
class Interfaces:
    """ifaces: by name. options: lines such as `source ...`, each with its place in the file."""

    ifaces: dict[str, Iface] = field(default_factory=dict)
    options: list[tuple[int, str]] = field(default_factory=list)


def parse_interfaces(text: str, links: Mapping[str, str] | None = None) -> Interfaces:
    """Never raises. links: kind (`eth`, `bridge`, ...) of every link that the node has."""
    reader = _Reader()
    for line in _joined(text):
        reader.line(line)
    found = reader.found
    if "lo" not in found.ifaces:
        found.ifaces["lo"] = {"priority": 1, "method": "loopback", "autostart": 1}
        found.ifaces["lo"]["families"] = ["inet"]
    for name, kind in (links or {}).items():
        if kind == "eth" and name not in found.ifaces:
            found.ifaces[name] = {"families": ["inet"]}
    for name, iface in found.ifaces.items():
        _complete(name, iface, links or {})
    return found


def _joined(text: str) -> Iterable[str]:
    """Lines, those that end with a backslash together with the next one."""
    whole = re.sub(r"\\\n", " ", text)
    lines = whole.split("\n")
    while lines and (lines[0].startswith("#") or not lines[0].strip()):
        lines.pop(0)
    return lines


class _Reader:
    def __init__(self) -> None:
        self.found = Interfaces()
        self.auto: dict[str, None] = {}
        self.iface: Iface | None = None
        self.suffix = ""
        self.priority = 2

    def line(self, line: str) -> None:
        words = line.split()
        if line.startswith("#"):
            if self.iface is not None:
                key = f"comments{self.suffix}"
                self.iface[key] = f"{self.iface.get(key, '')}{line[1:]}\n"
        elif not words:
            return
        elif words[0] == "auto" or words[0].startswith("allow-"):
            self.iface = None
            for name in words[1:]:
                self.auto[name] = None
                if name in self.found.ifaces:
                    self.found.ifaces[name]["autostart"] = 1
        elif words[0] == "iface" and len(words) > 1:
            self._begin(words[1:])
        elif self.iface is not None and words[0] not in ("source", "source-directory", "mapping"):
            self._attribute(words[0], line.split(None, 1)[1].strip() if len(words) > 1 else "")
        else:
            self.iface = None
            self.found.options.append((self.priority, line.rstrip()))
            self.priority += 1

    def _begin(self, words: list[str]) -> None:
        name = words[0]
        iface = self.found.ifaces.get(name)
        if iface is None:
            iface = self.found.ifaces[name] = {"priority": self.priority, "families": []}
            self.priority += 1
        if name in self.auto:
            iface["autostart"] = 1
        self.iface, family = iface, words[1] if len(words) > 1 else ""
        self.suffix = "6" if family == "inet6" else ""
        if family:
            iface["families"].append(family)
            iface[f"method{self.suffix}"] = words[2] if len(words) > 2 else "manual"

    def _attribute(self, key: str, value: str) -> None:
        assert self.iface is not None
        name = key.replace("_", "-") if key.startswith(("bridge_", "bond_")) else key
        if key in ("address", "netmask", "gateway"):
            six = self.suffix or ("6" if ":" in value else "")
            self.iface[f"{key}{six}"] = value
        elif name in _RENAMED:
            self.iface[_RENAMED[name]] = value
        elif name == "bridge-vlan-aware":
            self.iface["bridge_vlan_aware"] = 1
        elif name in _FLAGS:
            self.iface[name] = 1 if value == "on" else 0
        elif key == "ovs_mtu":
            self.iface["mtu"] = value
        elif key == "vxlan-remoteip":
            self.iface.setdefault(key, []).append(value)
        elif name in _KEPT:
            self.iface[name] = value
        elif key == "ovs_options":
            self._ovs(value)
        else:
            self.iface.setdefault(f"options{self.suffix}", []).append(f"{key} {value}".strip())

    def _ovs(self, value: str) -> None:
        assert self.iface is not None
        left = []
        for word in value.split():
            key, equals, inner = word.partition("=")
            known = {"tag": "ovs_tag", "bond_mode": "bond_mode"}.get(key)
            if equals and known:
                self.iface[known] = inner
            else:
                left.append(word)
        if left:
            self.iface["ovs_options"] = " ".join(left)


def _complete(name: str, iface: Iface, links: Mapping[str, str]) -> None:
    if not iface["families"]:
        iface["families"] = []
    for six in ("", "6"):
        address = iface.get(f"address{six}")
        if address is None:
            continue
        plain, slash, length = str(address).partition("/")
        mask = length if slash else _length(iface.get(f"netmask{six}"))
        iface[f"address{six}"] = plain
        if mask and mask != "0":
            iface |= {f"netmask{six}": mask, f"cidr{six}": f"{plain}/{mask}"}
        else:
            iface.pop(f"netmask{six}", None)
            iface[f"cidr{six}"] = f"{plain}/{'128' if six else '32'}"
    iface.setdefault("method", "manual")
    iface.setdefault("method6", "manual")
    iface["type"] = _type(name, iface, links)
    if iface["type"] == "vlan" and "vlan-raw-device" not in iface:
        raw, _, tag = name.rpartition(".")
        iface |= {"vlan-raw-device": raw, "vlan-id": tag}
    elif iface["type"] == "vlan" and "vlan-id" not in iface:
        iface["vlan-id"] = re.sub(r"[^0-9]", "", name)
    if iface["type"] == "bridge" and "bridge_ports" in iface:
        iface.setdefault("bridge_stp", "off")
        iface.setdefault("bridge_fd", "0")
    if iface["type"] == "bridge" and iface.get("bridge_ports") == "none":
        iface["bridge_ports"] = ""


def _length(mask: object) -> str:
    """`255.255.255.0` as `24`."""
    text = str(mask or "")
    if "." not in text:
        return text
    try:
        return str(ipaddress.ip_network(f"0.0.0.0/{text}").prefixlen)
    except ValueError:
        return ""


def _type(name: str, iface: Iface, links: Mapping[str, str]) -> str:
    if iface.get("ovs_type"):
        return str(iface["ovs_type"])
    if name == "lo":
        return "loopback"
    for key, kind in (("bridge_ports", "bridge"), ("slaves", "bond"), ("vxlan-id", "vxlan")):
        if key in iface:
            return kind
    if ":" in name:
        return "alias"
    if _CHILD.fullmatch(name) or "vlan-raw-device" in iface:
        return "vlan"
    if links.get(name) == "eth" or _PHYSICAL.fullmatch(name):
        return "eth"
    return "bridge" if name.startswith("vmbr") else "unknown"


# writing


def write_interfaces(found: Interfaces) -> str:
    """The text without its header. Ports of a bridge of Open vSwitch are made such."""
    ifaces = _with_ports(found.ifaces)
    options = sorted(found.options)
    parts: list[str] = []
    for name in sorted(ifaces, key=lambda name: _order(name, ifaces)):
        place = ifaces[name].get("priority", 0)
        while options and options[0][0] < place:
            parts.append(f"{options.pop(0)[1]}\n\n")
        parts.append(_written(name, ifaces[name]))
    parts += [f"{line}\n\n" for _place, line in options]
    return "".join(parts)


def _with_ports(given: Mapping[str, Iface]) -> dict[str, Iface]:
    ifaces = {name: dict(iface) for name, iface in given.items()}
    taken = [
        part
        for iface in ifaces.values()
        for part in f"{iface.get('slaves') or ''} {iface.get('ovs_bonds') or ''}".split()
    ]
    ports = {
        port: name
        for name, iface in ifaces.items()
        if iface.get("type") == "OVSBridge"
        for port in str(iface.get("ovs_ports") or "").split()
    }
    for name, iface in ifaces.items():
        if name in taken and iface.get("type") == "eth":
            iface["autostart"] = 1
        if name in ports and iface.get("type") in ("eth", "OVSPort"):
            iface |= {"type": "OVSPort", "ovs_type": "OVSPort", "ovs_bridge": ports[name]}
            iface |= {"autostart": 1}
        elif iface.get("type") == "OVSPort" and name not in ports:
            # Let go by its bridge: an interface like any other, as if it were new.
            for key in ("ovs_type", "ovs_bridge", "autostart", "priority"):
                iface.pop(key, None)
            iface["type"] = "eth"
    return ifaces


def _order(name: str, ifaces: Mapping[str, Iface]) -> tuple[int, int, int, str]:
    depth, base = 0, name
    while base != "lo" and (match := _CHILD.fullmatch(base)) is not None:
        base, depth = match[1], depth + 1
    kind = str(ifaces.get(base, ifaces[name]).get("type"))
    place = ifaces[name].get("priority") or _NO_PRIORITY
    return _WEIGHTS.get(kind, _LAST), depth, int(place), name


def _written(name: str, iface: Iface) -> str:
    auto = f"auto {name}\n" if iface.get("autostart") else ""
    if _plain(iface) and (iface.get("address") or iface.get("address6")):
        lines = [*_addresses(iface, ""), *_addresses(iface, "6")]
        return auto + _part(f"iface {name}", [*lines, *_special(name, iface)], iface, ("", "6"))
    families = _families(iface)
    parts = []
    for index, family in enumerate(families):
        six = "6" if family == "inet6" else ""
        lines = _addresses(iface, six)
        lines += _special(name, iface) if index == 0 else []
        method = iface.get(f"method{six}") or "manual"
        parts.append(_part(f"iface {name} {family} {method}", lines, iface, (six,)))
    return auto + "".join(parts)


def _plain(iface: Iface) -> bool:
    return iface.get("method") == "manual" and iface.get("method6") == "manual"


def _families(iface: Iface) -> list[str]:
    idle = (None, "manual", "static")  # static without an address is nothing
    four = iface.get("method") not in idle or iface.get("address")
    six = iface.get("method6") not in idle or iface.get("address6")
    if six and not four:
        return ["inet6"]
    return ["inet", "inet6"] if six else ["inet"]


def _part(head: str, lines: list[str], iface: Iface, sixes: tuple[str, ...]) -> str:
    text = "".join(f"\t{line}\n" for line in lines)
    for six in sixes:
        text += "".join(f"\t{line}\n" for line in iface.get(f"options{six}") or ())
    for six in sixes:
        text += "".join(
            f"#{line}\n" for line in str(iface.get(f"comments{six}") or "").splitlines()
        )
    return f"{head}\n{text}\n"


def _addresses(iface: Iface, six: str) -> list[str]:
    address = iface.get(f"address{six}")
    if not address:
        return []
    mask = _length(iface.get(f"netmask{six}"))
    whole = address if "/" in str(address) or not mask else f"{address}/{mask}"
    gateway = iface.get(f"gateway{six}")
    return [f"address {whole}", *([f"gateway {gateway}"] if gateway else [])]


def _special(name: str, iface: Iface) -> list[str]:
    """The lines that belong to the type."""
    kind = iface.get("type")
    lines: list[str] = []
    if kind == "bridge":
        lines += _bridge(iface)
    elif kind == "bond":
        lines += _bond(iface)
    elif kind == "vlan" and iface.get("vlan-raw-device"):
        lines += (
            _vlan(iface) if name != f"{iface['vlan-raw-device']}.{iface.get('vlan-id')}" else []
        )
    elif kind == "vxlan":
        lines += _vxlan(iface)
    elif str(kind).startswith("OVS"):
        return _ovs(iface, str(kind))
    lines += [f"mtu {iface['mtu']}"] if iface.get("mtu") else []
    if kind == "vlan" and iface.get("vlan-protocol"):
        lines.append(f"vlan-protocol {iface['vlan-protocol']}")
    lines += [
        f"{key} {'on' if iface[key] in _ON else 'off'}" for key in sorted(_FLAGS) if key in iface
    ]
    lines += [f"bridge-access {iface['bridge-access']}"] if iface.get("bridge-access") else []
    return lines


def _bridge(iface: Iface) -> list[str]:
    lines = [
        f"bridge-ports {iface.get('bridge_ports') or 'none'}",
        f"bridge-stp {iface.get('bridge_stp') or 'off'}",
        f"bridge-fd {iface.get('bridge_fd') or '0'}",
    ]
    if iface.get("bridge_vlan_aware"):
        lines += ["bridge-vlan-aware yes", f"bridge-vids {iface.get('bridge_vids') or '2-4094'}"]
    return lines


def _bond(iface: Iface) -> list[str]:
    lines = [f"bond-slaves {iface.get('slaves') or 'none'}"]
    lines.append(f"bond-miimon {iface.get('bond_miimon') or 100}")
    mode = iface.get("bond_mode")
    lines += [f"bond-mode {mode}"] if mode else []
    if mode == "active-backup" and iface.get("bond-primary"):
        lines.append(f"bond-primary {iface['bond-primary']}")
    if mode in ("802.3ad", "balance-xor") and iface.get("bond_xmit_hash_policy"):
        lines.append(f"bond-xmit-hash-policy {iface['bond_xmit_hash_policy']}")
    return lines


def _vlan(iface: Iface) -> list[str]:
    """A name such as `eth0.5` says it all."""
    return [f"vlan-id {iface['vlan-id']}", f"vlan-raw-device {iface['vlan-raw-device']}"]


def _vxlan(iface: Iface) -> list[str]:
    keys = ("vxlan-id", "vxlan-svcnodeip", "vxlan-physdev", "vxlan-local-tunnelip")
    lines = [f"{key} {iface[key]}" for key in keys if iface.get(key)]
    return lines + [f"vxlan-remoteip {address}" for address in iface.get("vxlan-remoteip") or ()]


def _ovs(iface: Iface, kind: str) -> list[str]:
    lines = [f"ovs_bonds {iface['ovs_bonds']}"] if iface.get("ovs_bonds") else []
    lines.append(f"ovs_type {kind}")
    lines += [f"ovs_bridge {iface['ovs_bridge']}"] if iface.get("ovs_bridge") else []
    lines += [f"ovs_ports {iface['ovs_ports']}"] if iface.get("ovs_ports") else []
    mtu = iface.get("mtu") or iface.get("ovs_mtu")
    lines += [f"ovs_mtu {mtu}"] if mtu else []
    options = [f"tag={iface['ovs_tag']}"] if iface.get("ovs_tag") else []
    options += [f"bond_mode={iface['bond_mode']}"] if iface.get("bond_mode") else []
    options += [str(iface["ovs_options"])] if iface.get("ovs_options") else []
    return lines + ([f"ovs_options {' '.join(options)}"] if options else [])
