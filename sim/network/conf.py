"""A simulated cluster's layout as a corosync.conf, and back."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from appliance.model.corosync_conf import (
    CorosyncConf,
    Link,
    add_node,
    create,
    set_device,
    set_token,
    set_votes,
)
from sim.layout import ClusterLayout, NodeSpec, QuorumSpec

DEVICE_HOST: Final = "10.76.0.1"
MAX_NAME: Final = 15
_FLAGS: Final = ("two_node", "last_man_standing", "auto_tie_breaker")


def address_of(number: int, link: int) -> str:
    """The address of a node, by its number from 1, on a link from 0."""
    return f"10.{77 + link}.{number // 250}.{number % 250}"


def conf_of(layout: ClusterLayout) -> CorosyncConf:
    """The file of that cluster; its version is the number of its nodes."""
    links = range(len(layout.links))
    conf: CorosyncConf | None = None
    for number, name in enumerate(layout.node_names(), 1):
        addresses = {link: address_of(number, link) for link in links}
        if conf is None:
            own = {link: Link(address) for link, address in addresses.items()}
            conf = create(layout.name[:MAX_NAME], name, own).bumped()
        else:
            conf = add_node(conf, name, addresses)
    assert conf is not None, "a cluster has nodes"
    version = conf.version
    for node in layout.nodes:
        if node.votes != 1:
            conf = set_votes(conf, node.name, node.votes)
    conf = _with_options(conf, layout.quorum)
    totem = conf.totem.with_value("config_version", str(version))
    return conf.with_section(totem)


def _with_options(conf: CorosyncConf, spec: QuorumSpec) -> CorosyncConf:
    conf = set_token(
        conf,
        token_ms=_ms(spec.token_s),
        coefficient_ms=_ms(spec.token_coefficient_s),
    )
    if spec.qdevice:
        conf = set_device(conf, DEVICE_HOST, algorithm=spec.qdevice_algorithm)
        device = conf.quorum.section("device")
        assert device is not None
        device = device.with_value("timeout", str(_ms(spec.qdevice_timeout_s)))
        device = device.with_value("sync_timeout", str(_ms(spec.qdevice_sync_timeout_s)))
        conf = conf.with_section(conf.quorum.with_sections("device", (device,)))
    quorum = conf.quorum
    for key in _FLAGS:
        if getattr(spec, key):
            quorum = quorum.with_value(key, "1")
    if spec.wait_for_all is not None:
        quorum = quorum.with_value("wait_for_all", str(int(spec.wait_for_all)))
    if spec.last_man_standing:
        window_ms = _ms(spec.last_man_standing_window_s)
        quorum = quorum.with_value("last_man_standing_window", str(window_ms))
    if spec.auto_tie_breaker:
        quorum = quorum.with_value("auto_tie_breaker_node", _ids(conf, spec.auto_tie_breaker_node))
    return conf.with_section(quorum)


def _ms(seconds: float) -> int:
    return round(seconds * 1000)


def _ids(conf: CorosyncConf, who: str) -> str:
    """The file has numbers where the layout has names."""
    numbers = {node.name: str(node.node_id) for node in conf.nodes()}
    return " ".join(numbers.get(name.strip(), name.strip()) for name in who.split(","))


def _names(conf: CorosyncConf, who: str) -> str:
    names = {str(node.node_id): node.name for node in conf.nodes()}
    return ",".join(names.get(number, number) for number in who.split())


def layout_of(conf: CorosyncConf, base: ClusterLayout) -> ClusterLayout:
    """Nodes, votes and quorum of that file; the rest as in `base`, for nodes that it knows."""
    known = {node.name: node for node in base.nodes}
    nodes = tuple(
        replace(known.get(node.name, NodeSpec(node.name)), votes=node.votes)
        for node in conf.nodes()
    )
    return replace(base, nodes=nodes, quorum=_spec_of(conf, base.quorum))


def _spec_of(conf: CorosyncConf, base: QuorumSpec) -> QuorumSpec:
    device, quorum, totem = conf.device(), conf.quorum, conf.totem
    waits = conf.flag("wait_for_all") if quorum.get("wait_for_all") else None
    spec = QuorumSpec(
        two_node=conf.flag("two_node"),
        wait_for_all=waits,
        last_man_standing=conf.flag("last_man_standing"),
        last_man_standing_window_s=conf.number(quorum, "last_man_standing_window", 10_000) / 1000,
        auto_tie_breaker=conf.flag("auto_tie_breaker"),
        auto_tie_breaker_node=_names(conf, quorum.get("auto_tie_breaker_node") or "lowest"),
        qdevice_site=base.qdevice_site,
        token_s=conf.number(totem, "token", 3000) / 1000,
        token_coefficient_s=conf.number(totem, "token_coefficient", 650) / 1000,
    )
    if device is None:
        return spec
    return replace(
        spec,
        qdevice=True,
        qdevice_algorithm=device.algorithm,
        qdevice_timeout_s=device.timeout_ms / 1000,
        qdevice_sync_timeout_s=device.sync_timeout_ms / 1000,
    )
