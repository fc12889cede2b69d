"""corosync.conf: read, write, check, change. Nodes, links, votes, quorum device, token timings."""

from appliance.model.corosync_conf.check import Findings, Resolve, findings, problems
from appliance.model.corosync_conf.edit import (
    Link,
    add_link,
    add_node,
    create,
    free_node_id,
    parse_link,
    remove_device,
    remove_link,
    remove_node,
    set_device,
    set_token,
    set_votes,
)
from appliance.model.corosync_conf.layout import (
    ConfNode,
    CorosyncConf,
    QuorumDevice,
    parse_corosync_conf,
)

__all__ = [
    "ConfNode",
    "CorosyncConf",
    "Findings",
    "Link",
    "QuorumDevice",
    "Resolve",
    "add_link",
    "add_node",
    "create",
    "findings",
    "free_node_id",
    "parse_corosync_conf",
    "parse_link",
    "problems",
    "remove_device",
    "remove_link",
    "remove_node",
    "set_device",
    "set_token",
    "set_votes",
]
