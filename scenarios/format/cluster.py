"""`[cluster]`, `[[node]]`, `[[link]]`, `[quorum]`, `[[storage]]`: what the cluster is made of."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from scenarios.format.fields import Table
from scenarios.format.names import NAME_HELP, is_node_name, spread_names
from scenarios.suggest import did_you_mean
from sim.layout import ClusterLayout, LinkSpec, NodeSpec, QuorumSpec, StorageSpec

WATCHDOGS = ("hardware", "softdog", "broken")
_MOST_NODES = 200
_MOST_LINKS = 8  # as corosync has
MIB = 1 << 20


@dataclass(frozen=True, slots=True)
class Cluster:
    """The layout without guests, and where its texts stand."""

    layout: ClusterLayout
    table: Table


def read_cluster(root: Table) -> Cluster:
    """All tables about the cluster itself. Raises ConfigError."""
    table = root.table("cluster")
    nodes = _nodes(root, table)
    nodes = _sited(table, nodes)
    links = _links(root, table, nodes)
    layout = ClusterLayout(
        nodes=tuple(nodes.values()),
        links=links,
        quorum=_quorum(root.table("quorum"), nodes),
        storages=_storages(root, nodes),
        rules_cfg=table.text("rules", ""),
        groups_cfg=table.text("groups", ""),
        datacenter_cfg=table.text("datacenter", ""),
        name=table.text("name", "cluster"),
    )
    table.end()
    return Cluster(layout, table)


def node_names(table: Table, key: str, known: Iterable[str]) -> list[str]:
    """A key that names nodes that exist: `node1`, `node1..node3`, a list of them, or `*`."""
    known = list(known)
    found: list[str] = []
    for item in table.items(key):
        names = known if item == "*" else spread_names(item)
        if names is None:
            table.fail(key, f"'{item}' is no node, range such as node1..node3, or '*'")
        for name in names:
            if name not in known:
                table.fail(key, f"there is no node '{name}'" + did_you_mean(name, known))
        found += names
    return found


# nodes


def _nodes(root: Table, cluster: Table) -> dict[str, NodeSpec]:
    refinements = root.tables("node")
    raw = cluster.raw("nodes")
    if raw is None and not refinements:
        cluster.fail(None, "say how many nodes there are: nodes = 5, or a list of names")
    if raw is None:
        found = [name for table in refinements for name in _new_names(table, "name")]
        names = list(dict.fromkeys(found))
    elif isinstance(raw, int) and not isinstance(raw, bool):
        names = [f"node{number}" for number in range(1, cluster.integer("nodes", least=1) + 1)]
    else:
        names = _new_names(cluster, "nodes")
    if len(names) > _MOST_NODES:
        cluster.fail("nodes", f"at most {_MOST_NODES} nodes are allowed")
    nodes: dict[str, NodeSpec] = {}
    for name in names:
        if name in nodes:
            cluster.fail("nodes", f"node '{name}' is there twice")
        nodes[name] = NodeSpec(name)
    for table in refinements:
        for name in node_names(table, "name", nodes):
            nodes[name] = _refined_node(table, nodes[name])
        table.end()
    return nodes


def _new_names(table: Table, key: str) -> list[str]:
    found = []
    for item in table.items(key):
        for name in spread_names(item) or [item]:
            if not is_node_name(name):
                table.fail(key, f"'{name}' cannot be a node's name: {NAME_HELP}")
            found.append(name)
    if not found:
        table.fail(key if key in table else None, "at least one node is needed")
    return found


def _refined_node(table: Table, node: NodeSpec) -> NodeSpec:
    return replace(
        node,
        site=table.text("site", node.site),
        cpus=table.integer("cpus", node.cpus, least=1),
        memory_bytes=table.size_bytes("memory", node.memory_bytes, least=MIB),
        votes=table.integer("votes", node.votes),
        boot_s=table.duration_s("boot_time", node.boot_s),
        shutdown_s=table.duration_s("shutdown_time", node.shutdown_s),
        watchdog=table.choice("watchdog", WATCHDOGS, node.watchdog),
        drift_ppm=int(table.number("drift_ppm", node.drift_ppm, least=-10_000, most=10_000)),
        skew_s=table.duration_s("skew", node.skew_s, signed=True),
        version=table.text("version", node.version),
        initially_on=table.flag("on", node.initially_on),
    )


def _sited(cluster: Table, nodes: dict[str, NodeSpec]) -> dict[str, NodeSpec]:
    """The nodes at the sites that `sites` says."""
    if "sites" not in cluster:
        cluster.raw("sites")
        return nodes
    table = cluster.table("sites")
    sites: dict[str, str] = {}
    for site in table.written():
        for name in node_names(table, site, nodes):
            if name in sites:
                table.fail(site, f"'{name}' is at site '{sites[name]}' already")
            sites[name] = site
    homeless = [name for name in nodes if name not in sites]
    if homeless:
        cluster.fail("sites", f"no site has {', '.join(homeless)}")
    return {name: replace(node, site=sites[name]) for name, node in nodes.items()}


# links


def _links(root: Table, cluster: Table, nodes: dict[str, NodeSpec]) -> tuple[LinkSpec, ...]:
    sites = sorted({node.site for node in nodes.values()})
    refinements = root.tables("link")
    raw = cluster.raw("links")
    if raw is None and refinements:
        names = [table.text("name") for table in refinements]
    elif raw is None:
        names = ["link0", "link1"]
    elif isinstance(raw, int) and not isinstance(raw, bool):
        count = cluster.integer("links", least=1, most=_MOST_LINKS)
        names = [f"link{number}" for number in range(count)]
    else:
        names = cluster.items("links")
    if not 1 <= len(names) <= _MOST_LINKS or len(set(names)) < len(names):
        cluster.fail("links", f"1 to {_MOST_LINKS} links with different names are needed")
    links = {name: LinkSpec(name, _switches(number, sites)) for number, name in enumerate(names, 1)}
    for table in refinements:
        name = table.choice("name", links)
        links[name] = _refined_link(table, links[name], sites)
        table.end()
    _one_link_a_switch(cluster, links.values())
    return tuple(links.values())


def _switches(number: int, sites: list[str]) -> dict[str, str]:
    """switch1 for the first link; switch1-SITE where there are more sites than one."""
    if len(sites) == 1:
        return {sites[0]: f"switch{number}"}
    return {site: f"switch{number}-{site}" for site in sites}


def _refined_link(table: Table, link: LinkSpec, sites: list[str]) -> LinkSpec:
    switches = dict(link.switches)
    if "switches" in table:
        inner = table.table("switches")
        for site in inner.written():
            if site not in sites:
                inner.fail(site, f"there is no site '{site}'" + did_you_mean(site, sites))
            switches[site] = inner.text(site)
    return replace(
        link,
        switches=switches,
        latency_ms=table.duration_s("latency", link.latency_ms / 1000) * 1000,
        bandwidth_bytes_s=table.rate_bytes_s("bandwidth", link.bandwidth_bytes_s),
    )


def _one_link_a_switch(cluster: Table, links: Iterable[LinkSpec]) -> None:
    used: dict[str, str] = {}
    for link in links:
        for switch in link.switches.values():
            if used.setdefault(switch, link.name) != link.name:
                cluster.fail(
                    "links", f"switch '{switch}' is on '{used[switch]}' and on '{link.name}'"
                )


# quorum and storage


def _quorum(table: Table, nodes: dict[str, NodeSpec]) -> QuorumSpec:
    usual = QuorumSpec()
    found = QuorumSpec(
        two_node=table.flag("two_node", usual.two_node),
        wait_for_all=table.optional_flag("wait_for_all"),
        last_man_standing=table.flag("last_man_standing", usual.last_man_standing),
        last_man_standing_window_s=table.duration_s(
            "last_man_standing_window", usual.last_man_standing_window_s
        ),
        auto_tie_breaker=table.flag("auto_tie_breaker", usual.auto_tie_breaker),
        auto_tie_breaker_node=table.text("auto_tie_breaker_node", usual.auto_tie_breaker_node),
        qdevice=table.flag("qdevice", usual.qdevice),
        qdevice_site=table.optional_text("qdevice_site"),
        qdevice_algorithm=table.choice(
            "qdevice_algorithm", ("ffsplit", "lms"), usual.qdevice_algorithm
        ),
        qdevice_timeout_s=table.duration_s("qdevice_timeout", usual.qdevice_timeout_s),
        qdevice_sync_timeout_s=table.duration_s(
            "qdevice_sync_timeout", usual.qdevice_sync_timeout_s
        ),
        token_s=table.duration_s("token", usual.token_s),
        token_coefficient_s=table.duration_s("token_coefficient", usual.token_coefficient_s),
    )
    table.end()
    _possible_quorum(table, found, nodes)
    return found


def _possible_quorum(table: Table, quorum: QuorumSpec, nodes: dict[str, NodeSpec]) -> None:
    """What corosync refuses, and what cannot mean anything."""
    if quorum.two_node and len(nodes) != 2:
        table.fail("two_node", f"this is for two nodes, the cluster has {len(nodes)}")
    if quorum.two_node and quorum.qdevice:
        table.fail("qdevice", "a quorum device and two_node exclude each other")
    if quorum.qdevice and quorum.last_man_standing:
        table.fail("last_man_standing", "last_man_standing does not work with a quorum device")
    if quorum.qdevice and quorum.auto_tie_breaker:
        table.fail("auto_tie_breaker", "auto_tie_breaker does not work with a quorum device")
    if quorum.auto_tie_breaker_node not in ("lowest", "highest"):
        for name in quorum.auto_tie_breaker_node.split(","):
            if name.strip() not in nodes:
                better = did_you_mean(name, (*nodes, "lowest", "highest"))
                table.fail("auto_tie_breaker_node", f"there is no node '{name.strip()}'{better}")
    _possible_device(table, quorum, {node.site for node in nodes.values()})


def _possible_device(table: Table, quorum: QuorumSpec, sites: set[str]) -> None:
    for key in ("qdevice_site", "qdevice_algorithm"):
        if key in table and not quorum.qdevice:
            table.fail(key, "this needs qdevice = true")
    if quorum.qdevice_site is not None and quorum.qdevice_site not in sites:
        better = did_you_mean(quorum.qdevice_site, sites)
        table.fail("qdevice_site", f"there is no site '{quorum.qdevice_site}'{better}")


def _storages(root: Table, nodes: dict[str, NodeSpec]) -> tuple[StorageSpec, ...]:
    storages = {storage.name: storage for storage in ClusterLayout(nodes=()).storages}
    for table in root.tables("storage"):
        name = table.text("name")
        if not is_node_name(name):
            table.fail("name", f"'{name}' cannot be a storage's name: {NAME_HELP}")
        usual = storages.get(name, StorageSpec(name))
        storages[name] = replace(
            usual,
            shared=table.flag("shared", usual.shared),
            capacity_bytes=table.size_bytes("capacity", usual.capacity_bytes),
            nodes=tuple(node_names(table, "nodes", nodes)),
            bandwidth_bytes_s=table.rate_bytes_s("bandwidth", usual.bandwidth_bytes_s),
        )
        table.end()
    return tuple(storages.values())
