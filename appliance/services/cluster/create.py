"""Make a cluster of this node alone."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping

from appliance.model import corosync_conf
from appliance.model.corosync_conf import CorosyncConf, Link
from appliance.model.errors import MissingError, QuorateError, RefusedError
from appliance.model.store.changes import Delete, Put
from appliance.services.cluster.layout import KEY, LAYOUT, refuse_problems, settle
from appliance.services.cluster.links import local_links
from appliance.services.cluster.ports import ClusterPorts


async def create(
    ports: ClusterPorts,
    name: str,
    links: Mapping[int, Link] | None = None,
    *,
    node_id: int = 1,
    votes: int = 1,
    token_coefficient_ms: int | None = None,
) -> CorosyncConf:
    """A cluster of that name; the store of this node becomes the cluster's.

    Without links, link 0 has this node's first address. Returns when the store works again. An
    error leaves the node alone as it was, unless it says otherwise. Interrupted, it is run again.
    """
    present = ports.service.layout()
    if present is not None:
        raise RefusedError(f"{ports.node} is in cluster '{present.cluster_name}' already")
    chosen = await local_links(ports, links or _default_links(ports))
    conf = corosync_conf.create(
        name,
        ports.node,
        chosen,
        node_id=node_id,
        votes=votes,
        token_coefficient_ms=token_coefficient_ms,
    ).bumped()
    refuse_problems(conf)
    key = ports.service.make_key()
    # What stands in the store of a node alone means nothing yet: whoever comes here after a crash
    # finds the node alone and begins anew.
    await ports.store.change(Put(LAYOUT, conf.text().encode()), Put(KEY, key))
    try:
        await ports.service.found(conf, key)
    except QuorateError:
        with contextlib.suppress(QuorateError):
            await _forget(ports)
        raise
    await settle(ports)
    return conf


def _default_links(ports: ClusterPorts) -> dict[int, Link]:
    own = ports.host.addresses()
    if not own:
        raise RefusedError(f"{ports.node} has no address that others could reach; give --link0")
    return {0: Link(own[0])}


async def _forget(ports: ClusterPorts) -> None:
    for path in (LAYOUT, KEY):
        with contextlib.suppress(MissingError):
            await ports.store.change(Delete(path))
