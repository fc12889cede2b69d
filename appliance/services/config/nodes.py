"""Which nodes the cluster has, from what every node's store knows."""

from __future__ import annotations

from appliance.model.corosync_conf import parse_corosync_conf
from appliance.model.errors import ConfigError
from appliance.ports.config_store import ConfigStore
from appliance.services.config.texts import read_text

LAYOUT = "corosync.conf"


def cluster_nodes(store: ConfigStore, own: str) -> tuple[str, ...]:
    """The names, sorted. A node in no cluster, or with an unreadable layout, knows itself."""
    try:
        found = [node.name for node in parse_corosync_conf(read_text(store, LAYOUT)).nodes()]
    except ConfigError:
        found = []
    return tuple(sorted({*found, own}))


def known_node(store: ConfigStore, own: str, name: str, field: str) -> None:
    """ConfigError unless the cluster has that node."""
    nodes = cluster_nodes(store, own)
    if name not in nodes:
        raise ConfigError(f"there is no node '{name}', but {', '.join(nodes)}", field=field)
