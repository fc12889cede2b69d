"""Changes of a corosync.conf. Each gives a new one with the next version, or says why not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from appliance.model.corosync_conf.check import (
    ALGORITHMS,
    MAX_NODE_ID,
    TLS,
    is_address,
)
from appliance.model.corosync_conf.layout import (
    MAX_LINK,
    ConfNode,
    CorosyncConf,
    QuorumDevice,
    section_name,
)
from appliance.model.corosync_conf.syntax import Entry, Section
from appliance.model.errors import ConfigError
from appliance.model.formats import is_node_name
from appliance.model.option import Format, Option
from appliance.model.property_string import parse_property_string

MAX_CLUSTER_NAME: Final = 15


def _address(text: str) -> str:
    if not is_address(text):
        raise ValueError(text)
    return text


ADDRESS = Format("address", "an IP address or a host name", _address)
LINK_OPTIONS = (
    Option("address", "Address of this node on the link.", format=ADDRESS, required=True),
    Option(
        "priority",
        "Which link is used first in passive mode: the one with the greatest number.",
        "integer",
        0,
        minimum=0,
        maximum=255,
    ),
)


@dataclass(frozen=True, slots=True)
class Link:
    """A node's end of a cluster link. priority counts when the link is created only."""

    address: str
    priority: int = 0


def parse_link(text: str, number: int) -> Link:
    """`ADDRESS[,priority=N]`. ConfigError names `linkN` and the part."""
    if not 0 <= number <= MAX_LINK:
        raise ConfigError(f"links are 0 to {MAX_LINK}", field=f"link{number}")
    try:
        found = parse_property_string(text, LINK_OPTIONS, default_key="address")
    except ConfigError as error:
        what = f"link{number}.{error.field}" if error.field else f"link{number}"
        raise ConfigError(error.message, field=what) from None
    if found.unknown:
        known = ", ".join(option.name for option in LINK_OPTIONS)
        raise ConfigError(f"is not one of {known}", field=f"link{number}.{found.unknown[0][0]}")
    priority = found.values.get("priority", 0)
    assert isinstance(priority, int)
    return Link(str(found.values["address"]), priority)


def create(
    cluster_name: str,
    node: str,
    links: Mapping[int, Link],
    *,
    node_id: int = 1,
    votes: int = 1,
    token_coefficient_ms: int | None = None,
) -> CorosyncConf:
    """The file of a new cluster of one node, version 0: `bumped` before it is used.

    Corosync's own default of the token coefficient holds where none is given.
    """
    if not is_node_name(cluster_name) or len(cluster_name) > MAX_CLUSTER_NAME:
        raise ConfigError(
            f"must be a host name without domain of at most {MAX_CLUSTER_NAME} characters",
            field="cluster_name",
        )
    totem = _section(
        "totem",
        cluster_name=cluster_name,
        config_version="0",
        ip_version="ipv4-6",
        link_mode="passive",
        secauth="on",
        token_coefficient=None if token_coefficient_ms is None else str(token_coefficient_ms),
        version="2",
    ).with_sections("interface", _interfaces(links))
    logging = _section("logging", debug="off", to_syslog="yes")
    quorum = _section("quorum", provider="corosync_votequorum")
    empty = CorosyncConf(Section("", (logging, quorum, totem)))
    addresses = {number: link.address for number, link in links.items()}
    first = ConfNode(node, node_id, votes, addresses)
    _check_new(empty, first)
    return empty.with_nodes((_node_section(first),))


def _section(name: str, /, **values: str | None) -> Section:
    return Section(
        name, tuple(Entry(key, value) for key, value in values.items() if value is not None)
    )


def _interfaces(links: Mapping[int, Link]) -> tuple[Section, ...]:
    return tuple(_interface(number, link.priority) for number, link in sorted(links.items()))


def _interface(number: int, priority: int) -> Section:
    return _section(
        "interface",
        knet_link_priority=str(priority) if priority else None,
        linknumber=str(number),
    )


def _node_section(node: ConfNode) -> Section:
    section = _section(
        "node", name=node.name, nodeid=str(node.node_id), quorum_votes=str(node.votes)
    )
    for link, address in sorted(node.addresses.items()):
        section = section.with_value(f"ring{link}_addr", address)
    return section


# nodes


def free_node_id(conf: CorosyncConf) -> int:
    """The smallest id that no node has."""
    taken = [node.node_id for node in conf.nodes()]
    return next(number for number in range(1, len(taken) + 2) if number not in taken)


def add_node(
    conf: CorosyncConf,
    name: str,
    addresses: Mapping[int, str],
    *,
    node_id: int | None = None,
    votes: int = 1,
) -> CorosyncConf:
    """With one node more, which needs an address on each link that the cluster has."""
    _refuse_with_device(conf, "add a node")
    chosen = free_node_id(conf) if node_id is None else node_id
    node = ConfNode(name, chosen, votes, addresses)
    _check_new(conf, node)
    wanted = conf.links()
    missing = [link for link in wanted if link not in addresses]
    extra = [link for link in addresses if wanted and link not in wanted]
    if missing:
        raise ConfigError("the cluster has this link, give an address", field=f"link{missing[0]}")
    if extra:
        raise ConfigError("the cluster does not have this link", field=f"link{extra[0]}")
    without_two_node = conf.with_section(conf.quorum.with_value("two_node", None))
    grown = without_two_node if len(conf.node_sections()) >= 2 else conf
    return grown.with_nodes((*conf.node_sections(), _node_section(node))).bumped()


def remove_node(conf: CorosyncConf, name: str) -> CorosyncConf:
    """With one node less. The last one cannot go."""
    _refuse_with_device(conf, "remove a node")
    _known(conf, name)
    kept = tuple(node for node in conf.node_sections() if section_name(node) != name)
    if not kept:
        raise ConfigError("is the last node of the cluster", field=name)
    fewer = conf if len(kept) > 1 else conf.with_section(conf.quorum.with_value("two_node", None))
    return fewer.with_nodes(kept).bumped()


def _check_new(conf: CorosyncConf, node: ConfNode) -> None:
    if not is_node_name(node.name):
        raise ConfigError("must be a host name without domain", field=node.name)
    if not 1 <= node.node_id <= MAX_NODE_ID:
        raise ConfigError(f"must be 1 to {MAX_NODE_ID}", field="nodeid")
    if not node.addresses:
        raise ConfigError("a node needs an address on at least one link", field="link0")
    if node.votes < 0:
        raise ConfigError("must not be negative", field="votes")
    for other in conf.nodes():
        if other.name == node.name:
            raise ConfigError("a node of this name is already in the cluster", field=node.name)
        if other.node_id == node.node_id:
            raise ConfigError(f"{node.node_id} is the id of {other.name}", field="nodeid")
    for link, address in node.addresses.items():
        _check_address(conf, link, address)


def _check_address(conf: CorosyncConf, link: int, address: str) -> None:
    field = f"link{link}"
    if not 0 <= link <= MAX_LINK:
        raise ConfigError(f"links are 0 to {MAX_LINK}", field=field)
    if not is_address(address):
        raise ConfigError(f"'{address}' is no IP address or host name", field=field)
    for other in conf.nodes():
        for number, taken in other.addresses.items():
            if taken == address:
                raise ConfigError(f"{address} is link {number} of {other.name}", field=field)


def _known(conf: CorosyncConf, name: str) -> None:
    if conf.node(name) is None:
        raise ConfigError("is not a node of this cluster", field=name)


def _refuse_with_device(conf: CorosyncConf, what: str) -> None:
    """The device's votes and algorithm were chosen for the number of nodes that there is."""
    if conf.device():
        raise ConfigError(f"remove the quorum device first, then {what}", field="quorum.device")


# links


def add_link(
    conf: CorosyncConf, number: int, addresses: Mapping[str, str], *, priority: int = 0
) -> CorosyncConf:
    """With one link more; addresses: node -> address, one for every node."""
    field = f"link{number}"
    if number in conf.links() or number in conf.interfaces():
        raise ConfigError("the cluster already has this link", field=field)
    if conf.transport != "knet":
        raise ConfigError("only the transport knet has more than one link", field=field)
    for name in addresses:
        _known(conf, name)
    for node in conf.nodes():
        if node.name not in addresses:
            raise ConfigError(f"give an address of {node.name}", field=field)
    values = sorted(addresses.values())
    for address, following in zip(values, [*values[1:], ""], strict=True):
        _check_address(conf, number, address)
        if address == following:
            raise ConfigError(f"{address} is given for two nodes", field=field)
    sections = tuple(
        node.with_value(f"ring{number}_addr", addresses[section_name(node)])
        for node in conf.node_sections()
    )
    changed = conf.with_nodes(sections)
    if conf.interfaces():
        interfaces = (*conf.totem.sections("interface"), _interface(number, priority))
        changed = changed.with_section(conf.totem.with_sections("interface", interfaces))
    return changed.bumped()


def remove_link(conf: CorosyncConf, number: int) -> CorosyncConf:
    """With one link less. The last one cannot go."""
    field = f"link{number}"
    if number not in conf.links():
        raise ConfigError("the cluster does not have this link", field=field)
    if len(conf.links()) == 1:
        raise ConfigError("is the only link of the cluster", field=field)
    keys = (f"ring{number}_addr", f"link{number}_addr")
    sections = tuple(
        node.with_value(keys[0], None).with_value(keys[1], None) for node in conf.node_sections()
    )
    kept = tuple(section for link, section in conf.interfaces().items() if link != number)
    totem = conf.totem.with_sections("interface", kept)
    return conf.with_nodes(sections).with_section(totem).bumped()


# quorum and timings


def set_votes(conf: CorosyncConf, name: str, votes: int) -> CorosyncConf:
    """With so many votes for that node."""
    _known(conf, name)
    if votes < 0:
        raise ConfigError("must not be negative", field=f"nodelist.{name}.quorum_votes")
    sections = tuple(
        section.with_value("quorum_votes", str(votes)) if section_name(section) == name else section
        for section in conf.node_sections()
    )
    return conf.with_nodes(sections).bumped()


def set_device(
    conf: CorosyncConf, host: str, *, algorithm: str | None = None, tls: str = "on"
) -> CorosyncConf:
    """With a quorum device on that host.

    Without an algorithm the one that fits: ffsplit (one vote, exactly one half survives) for an
    even number of nodes, lms (all but one vote, the last node survives) for an odd one.
    """
    if conf.device():
        raise ConfigError("there is one already", field="quorum.device")
    if not is_address(host):
        raise ConfigError(f"'{host}' is no IP address or host name", field="quorum.device.net.host")
    count = len(conf.node_sections())
    chosen = algorithm or ("lms" if count % 2 else "ffsplit")
    if chosen not in ALGORITHMS:
        allowed = ", ".join(ALGORITHMS)
        raise ConfigError(f"is not one of {allowed}", field="quorum.device.net.algorithm")
    if tls not in TLS:
        raise ConfigError(f"is not one of {', '.join(TLS)}", field="quorum.device.net.tls")
    votes = count - 1 if chosen == "lms" else 1
    device = _section("device", model="net", votes=str(votes)).with_sections(
        "net", (_section("net", algorithm=chosen, host=host, tls=tls),)
    )
    quorum = conf.quorum.with_value("two_node", None).with_sections("device", (device,))
    return conf.with_section(quorum).bumped()


def remove_device(conf: CorosyncConf) -> tuple[CorosyncConf, QuorumDevice]:
    """Without its quorum device, and the device that it had."""
    device = conf.device()
    if device is None:
        raise ConfigError("there is none", field="quorum.device")
    return conf.with_section(conf.quorum.with_sections("device", ())).bumped(), device


def set_token(
    conf: CorosyncConf, *, token_ms: int | None = None, coefficient_ms: int | None = None
) -> CorosyncConf:
    """With other token timings. None leaves a value as it is."""
    totem = conf.totem
    if token_ms is not None:
        if token_ms < 1:
            raise ConfigError("must be at least 1", field="totem.token")
        totem = totem.with_value("token", str(token_ms))
    if coefficient_ms is not None:
        if coefficient_ms < 0:
            raise ConfigError("must not be negative", field="totem.token_coefficient")
        totem = totem.with_value("token_coefficient", str(coefficient_ms))
    return conf.with_section(totem).bumped()
