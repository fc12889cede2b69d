"""Votes: how many are expected, and the quorum device that adds some."""

from __future__ import annotations

from appliance.model.corosync_conf import (
    CorosyncConf,
    QuorumDevice,
    remove_device,
    set_device,
)
from appliance.model.errors import ConfigError, RefusedError
from appliance.model.store.changes import Delete, Put, Step
from appliance.ports.membership import Votes
from appliance.services.cluster.layout import (
    DEVICE_FILES,
    change_layout,
    current,
    need_quorum,
)
from appliance.services.cluster.ports import ClusterPorts


async def expect(ports: ClusterPorts, votes: int) -> Votes:
    """Count quorum against so many votes, until more are seen: an operator's way out.

    Whoever lowers it says that the missing nodes are off. If they are not, two sides may act.
    """
    conf = current(ports)
    device = conf.device()
    total = sum(node.votes for node in conf.nodes()) + (device.votes if device else 0)
    present = (await ports.membership.votes()).present
    if votes < max(1, present):
        raise ConfigError(
            f"{present} votes are present, fewer cannot be expected", field="expected"
        )
    if votes > total:
        raise ConfigError(f"the whole cluster has {total} votes", field="expected")
    await ports.membership.expect(votes)
    return await ports.membership.votes()


async def add_device(
    ports: ClusterPorts,
    host: str,
    *,
    algorithm: str | None = None,
    tls: str = "on",
    force: bool = False,
) -> CorosyncConf:
    """Give the cluster a vote from outside, counted by corosync-qnetd on that host.

    With TLS that host signs a certificate, which all nodes get through the store; what lies there
    already is taken as it is. force: also for an odd number of nodes, where the device must have
    all votes but one, so that its loss costs nearly all the safety that the nodes have by
    themselves.
    """
    need_quorum(ports)
    _refuse_unless_all_are_here(ports)
    conf = current(ports)
    await _refuse_host(ports, conf, host)

    def change(conf: CorosyncConf) -> CorosyncConf:
        count = len(conf.nodes())
        if conf.device() is None and count % 2 and not force:
            raise RefusedError(
                f"the cluster has {count} nodes: with an odd number a quorum device is more likely "
                "to do harm; --force adds it all the same"
            )
        return set_device(conf, host, algorithm=algorithm, tls=tls)

    change(conf)  # what it refuses, it refuses before the host is bothered
    there = ports.store.paths(DEVICE_FILES, privileged=True)
    asks = tls != "off" and not there
    files = await ports.service.device_files(host, conf.cluster_name) if asks else {}
    steps = [Put(f"{DEVICE_FILES}{name}", data) for name, data in sorted(files.items())]
    return await change_layout(ports, change, *steps)


async def remove_the_device(ports: ClusterPorts) -> QuorumDevice:
    """Take it away; the device that it was."""
    need_quorum(ports)
    _refuse_unless_all_are_here(ports)
    gone: list[QuorumDevice] = []

    def change(conf: CorosyncConf) -> CorosyncConf:
        changed, device = remove_device(conf)
        gone.append(device)
        return changed

    paths = ports.store.paths(DEVICE_FILES, privileged=True)
    steps: list[Step] = [Delete(path) for path in paths]
    await change_layout(ports, change, *steps)
    return gone[-1]


def _refuse_unless_all_are_here(ports: ClusterPorts) -> None:
    view = ports.membership.view()
    away = [name for name in view.members if name not in view.online]
    if away:
        raise RefusedError(f"all nodes must be online, {', '.join(away)} is not")


async def _refuse_host(ports: ClusterPorts, conf: CorosyncConf, host: str) -> None:
    field = "quorum.device.net.host"
    found = await ports.host.resolve(host)
    if not found:
        raise ConfigError(f"'{host}' cannot be resolved", field=field)
    for node in conf.nodes():
        for address in node.addresses.values():
            if any(one in found for one in await ports.host.resolve(address)):
                raise ConfigError(
                    f"{host} is {node.name}; the device must be outside of the cluster", field=field
                )
