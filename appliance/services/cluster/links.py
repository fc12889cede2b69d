"""Addresses of cluster links: which are this node's, which are taken; links added and removed."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping

from appliance.model.corosync_conf import (
    CorosyncConf,
    Link,
    add_link,
    parse_link,
    remove_link,
)
from appliance.model.errors import ConfigError, RefusedError
from appliance.services.cluster.layout import change_layout, need_quorum
from appliance.services.cluster.ports import ClusterPorts


async def local_links(ports: ClusterPorts, links: Mapping[int, Link]) -> dict[int, Link]:
    """These links of this node, checked: each address must be one of its own.

    ConfigError names the link.
    """
    own, seen = ports.host.addresses(), dict[str, int]()
    for number, link in sorted(links.items()):
        field = f"link{number}"
        found = await ports.host.resolve(link.address)
        if not found:
            raise ConfigError(f"'{link.address}' cannot be resolved", field=field)
        if not any(address in own for address in found):
            have = ", ".join(own) or "none"
            raise ConfigError(
                f"{link.address} is not an address of {ports.node}, which has {have}", field=field
            )
        for address in found:
            if seen.setdefault(address, number) != number:
                raise ConfigError(f"{address} is link {seen[address]} already", field=field)
    return dict(sorted(links.items()))


def nearest(own: tuple[str, ...], to: str) -> str | None:
    """Of one's own addresses the one that has the longest beginning in common with another."""
    try:
        target = ipaddress.ip_address(to)
    except ValueError:
        return own[0] if own else None

    def common_bits(text: str) -> int:
        address = ipaddress.ip_address(text)
        if address.version != target.version:
            return -1
        return address.max_prefixlen - (int(address) ^ int(target)).bit_length()

    return max(own, key=common_bits, default=None)


async def refuse_taken(
    ports: ClusterPorts, conf: CorosyncConf, addresses: Mapping[int, str], newcomer: str
) -> None:
    """ConfigError for an address that cannot be resolved, or is another node's by another name."""
    taken: dict[str, str] = {}
    for node in conf.nodes():
        for link, address in node.addresses.items():
            for found in await ports.host.resolve(address) if node.name != newcomer else ():
                taken[found] = f"link {link} of {node.name}"
    for link, address in addresses.items():
        resolved = await ports.host.resolve(address)
        if not resolved:
            raise ConfigError(f"'{address}' cannot be resolved", field=f"link{link}")
        for found in resolved:
            if found in taken:
                raise ConfigError(f"{address} is {taken[found]}", field=f"link{link}")


async def add(
    ports: ClusterPorts, number: int, addresses: Mapping[str, str], *, priority: int = 0
) -> CorosyncConf:
    """One link more for the whole cluster; addresses: of every node, by its name."""
    need_quorum(ports)
    for name, address in sorted(addresses.items()):
        parse_link(f"address={address},priority={priority}", number)
        if not await ports.host.resolve(address):
            raise ConfigError(f"'{address}' of {name} cannot be resolved", field=f"link{number}")

    def change(conf: CorosyncConf) -> CorosyncConf:
        return add_link(conf, number, addresses, priority=priority)

    return await change_layout(ports, change)


async def remove(ports: ClusterPorts, number: int) -> CorosyncConf:
    """One link less. The last one stays."""
    need_quorum(ports)
    _refuse_while_nodes_are_away(ports)
    return await change_layout(ports, lambda conf: remove_link(conf, number))


def _refuse_while_nodes_are_away(ports: ClusterPorts) -> None:
    """A node that is only reached over the link to be removed would be cut off for good."""
    view = ports.membership.view()
    away = [name for name in view.members if name not in view.online]
    if away:
        raise RefusedError(
            f"{', '.join(away)} is not online: it would not learn of the links that are left; "
            "bring it up first"
        )
