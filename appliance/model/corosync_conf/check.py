"""What is wrong with a corosync.conf.

`findings` is the reference system's own check, as mild as it is. `problems` is ours: what would
make corosync refuse the file or members misunderstand each other, to be asked before it is spread.
"""

from __future__ import annotations

import ipaddress
import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from appliance.model.corosync_conf.layout import (
    MAX_LINK,
    ConfNode,
    CorosyncConf,
    link_addresses,
    section_name,
)
from appliance.model.corosync_conf.syntax import Section
from appliance.model.errors import ConfigError
from appliance.model.formats import is_node_name

# All addresses of a host name, in the order of the resolver; none if it is unknown.
Resolve = Callable[[str], Sequence[str]]

ALGORITHMS: Final = ("ffsplit", "lms", "2nodelms", "test")
TLS: Final = ("on", "off", "required")
TRANSPORTS: Final = ("knet", "udp", "udpu")
MAX_NODE_ID: Final = 2**32 - 1
_NOT_WITH_DEVICE: Final = ("two_node", "last_man_standing", "auto_tie_breaker")


@dataclass(frozen=True, slots=True)
class Findings:
    """Errors: the cluster must not go on with this file. Warnings: it could be better."""

    errors: tuple[ConfigError, ...] = ()
    warnings: tuple[ConfigError, ...] = ()


def findings(conf: CorosyncConf, resolve: Resolve) -> Findings:
    """What the reference system (pve-cluster 9) says of the file when the cluster starts."""
    if not conf.root.sections("nodelist"):
        return Findings((_error(conf, "no nodes found", "nodelist"),))
    if not conf.root.sections("totem"):
        return Findings((_error(conf, "no totem section found", "totem"),))
    warnings = [] if _encrypted(conf.totem) else [_error(conf, "is not encrypted", "totem.secauth")]
    nodes = sorted(conf.node_sections(), key=section_name)
    links = {section_name(node): link_addresses(node) for node in nodes}
    for name, addresses in links.items():
        for key, address in addresses.values():
            doubt = _doubt(conf, address, resolve)
            if doubt:
                warnings.append(_error(conf, doubt, f"nodelist.{name}.{key}"))
    return Findings(tuple(_unmatched(conf, links)), tuple(warnings))


def _error(conf: CorosyncConf, message: str, what: str, line: int | None = None) -> ConfigError:
    return ConfigError(message, file=conf.file, line=line, field=what)


def _encrypted(totem: Section) -> bool:
    return totem.get("secauth") == "on" or (totem.get("crypto_cipher") or "none") != "none"


def _unmatched(
    conf: CorosyncConf, links: Mapping[str, Mapping[int, tuple[str, str]]]
) -> Iterator[ConfigError]:
    """Every link must be on all nodes, and if any interface is configured, so must each link be."""
    interfaces = conf.interfaces()
    in_use = {link for addresses in links.values() for link in addresses}
    for link in range(MAX_LINK + 1):
        if link not in in_use and link not in interfaces:
            continue
        if interfaces and link not in interfaces:
            having = (name for name, addresses in links.items() if link in addresses)
            for name in having:
                what = f"nodelist.{name}.{links[name][link][0]}"
                yield _error(conf, f"there is no interface with linknumber {link}", what)
            continue
        for name, addresses in links.items():
            if link not in addresses:
                what = f"nodelist.{name}.ring{link}_addr"
                yield _error(conf, f"is missing, link {link} is configured", what)


def _doubt(conf: CorosyncConf, address: str, resolve: Resolve) -> str | None:
    """Why a link address may not be what people believe; None if it is plain."""
    if _ip_version(address):
        return None
    by_version: dict[int, str] = {}
    for found in resolve(address):
        by_version.setdefault(_ip_version(found), found)
    strategy = (conf.totem.get("ip_version") or "ipv6-4").lower()
    order = {"ipv4": (4,), "ipv6": (6,), "ipv4-6": (4, 6), "ipv6-4": (6, 4)}.get(strategy, ())
    best = next((by_version[version] for version in order if version in by_version), None)
    if best is None:
        return f"'{address}' has no address by the rule {strategy}; corosync may not start again"
    return f"'{address}' is {best} at the moment; a name may come to mean another address"


def _ip_version(text: str) -> int:
    try:
        return ipaddress.ip_address(text).version
    except ValueError:
        return 0


def problems(conf: CorosyncConf) -> tuple[ConfigError, ...]:
    """Everything that forbids to use this file, without asking a resolver."""
    try:
        nodes = conf.nodes()
        checks = (
            _totem_problems(conf),
            _node_problems(conf, nodes),
            _unmatched(conf, {section_name(n): link_addresses(n) for n in conf.node_sections()}),
            _address_problems(conf, nodes),
            _quorum_problems(conf, nodes),
        )
        return tuple(problem for check in checks for problem in check)
    except ConfigError as error:  # a value that is no number
        return (error,)


def _totem_problems(conf: CorosyncConf) -> Iterator[ConfigError]:
    totem = conf.totem
    if totem.get("version") != "2":
        yield _error(conf, "must be 2", "totem.version")
    if not conf.cluster_name:
        yield _error(conf, "is missing", "totem.cluster_name")
    if conf.version < 1:
        yield _error(conf, "must be at least 1", "totem.config_version")
    if conf.token_ms < 1:
        yield _error(conf, "must be at least 1", "totem.token")
    if conf.transport not in TRANSPORTS:
        yield _error(conf, f"is not one of {', '.join(TRANSPORTS)}", "totem.transport")
    elif conf.transport != "knet":
        if _encrypted(totem):
            yield _error(conf, "only knet can encrypt", "totem.transport")
        if conf.links() not in ((), (0,)):
            yield _error(conf, "only knet has links other than 0", "totem.transport")


def _node_problems(conf: CorosyncConf, nodes: Sequence[ConfNode]) -> Iterator[ConfigError]:
    if not nodes:
        yield _error(conf, "no nodes found", "nodelist")
    for node in nodes:
        what = f"nodelist.{node.name}"
        if not is_node_name(node.name):
            yield _error(conf, "needs a name that is a host name without domain", what)
        if not 1 <= node.node_id <= MAX_NODE_ID:
            yield _error(conf, f"must be 1 to {MAX_NODE_ID}", f"{what}.nodeid")
        if not node.addresses:
            yield _error(conf, "has no address", what)
        for link in node.addresses:
            if link > MAX_LINK:
                yield _error(conf, f"links are 0 to {MAX_LINK}", f"{what}.ring{link}_addr")
    for name in _repeated(node.name for node in nodes):
        yield _error(conf, "two nodes have this name", f"nodelist.{name}")
    for number in _repeated(str(node.node_id) for node in nodes):
        yield _error(conf, f"two nodes have the id {number}", "nodelist.nodeid")


def _address_problems(conf: CorosyncConf, nodes: Sequence[ConfNode]) -> Iterator[ConfigError]:
    taken: dict[str, str] = {}
    for node in nodes:
        for link, address in node.addresses.items():
            what = f"nodelist.{node.name}.ring{link}_addr"
            if not is_address(address):
                yield _error(conf, f"'{address}' is no IP address or host name", what)
            if address in taken:
                yield _error(conf, f"{address} is already {taken[address]}", what)
            taken[address] = what


def is_address(text: str) -> bool:
    """Whether a text can be a link's address: an IP address or a host name."""
    return _ip_version(text) != 0 or all(is_node_name(label) for label in text.split("."))


def _quorum_problems(conf: CorosyncConf, nodes: Sequence[ConfNode]) -> Iterator[ConfigError]:
    if conf.quorum.get("provider") != "corosync_votequorum":
        yield _error(conf, "must be corosync_votequorum", "quorum.provider")
    if conf.flag("two_node") and len(nodes) > 2:
        yield _error(conf, f"there are {len(nodes)} nodes", "quorum.two_node")
    section = conf.quorum.section("device")
    device = conf.device()
    if section is None or device is None:
        return
    for key in _NOT_WITH_DEVICE:
        if conf.flag(key):
            yield _error(conf, "cannot be used with a quorum device", f"quorum.{key}")
    if section.get("model") != "net":
        yield _error(conf, "must be net", "quorum.device.model")
    if not is_address(device.host):
        yield _error(conf, "must be an IP address or host name", "quorum.device.net.host")
    if device.algorithm not in ALGORITHMS:
        allowed = ", ".join(ALGORITHMS)
        yield _error(conf, f"is not one of {allowed}", "quorum.device.net.algorithm")
    if device.algorithm == "ffsplit" and device.votes != 1:
        yield _error(conf, "must be 1 with ffsplit", "quorum.device.votes")


def _repeated(values: Iterable[str]) -> list[str]:
    ordered = sorted(values)
    return sorted({one for one, next_ in itertools.pairwise(ordered) if one == next_})
