"""The wires of a cluster: who physically hears whom.

A networkx graph for every link (cluster network): each node has one NIC on it, plugged into the
switch of the node's site; the switches of one link are connected by trunks. Faults take parts
down, block directions, slow a link or lose its packets. Faults overlap: a part is up when every
fault that took it down has healed.

Everything asked is answered from bit masks, one bit a node in the order of names, computed when
asked for the first time after a change.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

from appliance.model.errors import ConfigError
from sim.layout import ClusterLayout, LinkSpec, QuorumSpec
from sim.network.faultcount import DownCount
from sim.network.wires import Vertex, Wires

QDEVICE: Final = "qdevice"  # the quorum device's host, as a member of blocked groups


def effective_token_s(quorum: QuorumSpec, nodes: int) -> float:
    """Corosync's real token timeout: it grows with the number of configured nodes beyond two."""
    return quorum.token_s + max(0, nodes - 2) * quorum.token_coefficient_s


@dataclass(frozen=True, slots=True)
class Block:
    """Members of `deaf` do not hear members of `mute`; link None means every path."""

    deaf: int
    mute: int
    link: str | None


class Fabric:
    """The network of one cluster. Mutators are for faults; each down needs its own up."""

    def __init__(self, layout: ClusterLayout) -> None:
        self.nodes = layout.node_names()
        if QDEVICE in self.nodes:
            raise ConfigError(f"no node may be called {QDEVICE}", field="name")
        self._index = {name: at for at, name in enumerate((*self.nodes, QDEVICE))}
        self._site = {node.name: node.site for node in layout.nodes}
        self._qdevice_site = layout.quorum.qdevice_site
        self._site[QDEVICE] = self._qdevice_site or ""
        # Slower than this a link is of no use to the cluster: its pings (half a token for the
        # round trip) time out, or the token cannot go round in its time.
        token_s = effective_token_s(layout.quorum, len(self.nodes))
        self._dead_latency_s = token_s / max(4, len(self.nodes))
        self._links = {link.name: Wires(link, self._plugs(link)) for link in layout.links}
        self._switches = sorted({s for link in layout.links for s in link.switches.values()})
        sites = {site for link in layout.links for site in link.switches}
        self._sites = sorted(sites.union(site for site in self._site.values() if site))
        self._nic = DownCount[tuple[str, str]]("NIC")
        self._switch = DownCount[str]("switch")
        self._trunk = DownCount[str]("trunk of link")
        self._site_network = DownCount[str]("network of site")
        self._qdevice_path = DownCount[str]("path to the quorum device of node")
        self._blocks: dict[int, tuple[Block, ...]] = {}
        self._handles = 0
        speeds = {link.latency_ms for link in layout.links}
        switches = {len(set(link.switches.values())) for link in layout.links}
        self._even_s = speeds.pop() / 1000 if len(speeds) == 1 and switches == {1} else None
        self._hears: list[int] | None = None
        self._mutual: list[int] = []
        self._rings: dict[
            tuple[tuple[str, ...], frozenset[tuple[str, str]]], tuple[tuple[str, ...], ...]
        ] = {}

    def _plugs(self, link: LinkSpec) -> dict[str, str]:
        """Who has a NIC on a link -> the switch it is plugged into."""
        hosts = list(self.nodes)
        if self._qdevice_site in link.switches:
            hosts.append(QDEVICE)
        plugs = {}
        for host in hosts:
            site = self._site[host]
            if site not in link.switches:
                known = ", ".join(sorted(link.switches))
                raise ConfigError(
                    f"link {link.name} has no switch in site {site} of node {host} (only: {known})",
                    field="switches",
                )
            plugs[host] = link.switches[site]
        return plugs

    # what faults do

    def set_nic(self, node: str, link: str, up: bool) -> None:
        _known(self.nodes, node, "node")
        self._changed([self._wires(link)] if self._nic.set((node, link), up) else [])

    def set_switch(self, name: str, up: bool) -> None:
        """A switch; it may serve several links."""
        _known(self._switches, name, "switch")
        touched = self._switch.set(name, up)
        links = [w for w in self._links.values() if name in w.spec.switches.values()]
        self._changed(links if touched else [])

    def set_trunk(self, link: str, up: bool) -> None:
        """All connections between the switches of that link."""
        wires = self._wires(link)
        self._changed([wires] if self._trunk.set(link, up) else [])

    def set_site_network(self, site: str, up: bool) -> None:
        """Everything at that site: nobody there hears or is heard by anybody."""
        _known(self._sites, site, "site")
        self._changed(self._links.values() if self._site_network.set(site, up) else [])

    def set_qdevice(self, up: bool) -> None:
        """The host of the quorum device."""
        self._qdevice_path.set(QDEVICE, up)
        self._changed([])

    def set_qdevice_path(self, node: str, up: bool) -> None:
        """One node's way to the quorum device, whatever it is."""
        self._qdevice_path.set(_known(self.nodes, node, "node"), up)
        self._changed([])

    def block(self, groups: Sequence[Iterable[str]], link: str | None = None) -> int:
        """Members of different groups do not hear each other; who is in none hears everybody.

        `QDEVICE` may be a member. link None: on every path. Returns the handle for `unblock`.
        """
        masks = [self._mask(group) for group in groups]
        together = 0
        for mask in masks:
            together |= mask
        return self._add_blocks([Block(mask, together & ~mask, link) for mask in masks])

    def block_one_way(
        self, from_group: Iterable[str], to_group: Iterable[str], link: str | None = None
    ) -> int:
        """What `from_group` sends, `to_group` does not hear. Returns the handle for `unblock`."""
        mute, deaf = self._mask(from_group), self._mask(to_group)
        return self._add_blocks([Block(deaf, mute, link)])

    def unblock(self, handle: int) -> None:
        """End what `block` or `block_one_way` began."""
        del self._blocks[handle]
        self._changed([])

    def set_latency(self, link: str, added_ms: float, cause: int = 0) -> None:
        """Latency added one way by that cause (the number of a fault); 0 ends it. Causes add up."""
        _set_cause(self._wires(link).added_ms, cause, added_ms)
        self._changed([])

    def set_loss(self, link: str, share: float, cause: int = 0) -> None:
        """Share of packets lost by that cause; 0 ends it. Each cause loses of what others left."""
        _set_cause(self._wires(link).lost, cause, share)
        self._changed([])

    def _wires(self, link: str) -> Wires:
        return self._links[_known(self._links, link, "link")]

    def _add_blocks(self, blocks: Iterable[Block]) -> int:
        self._handles += 1
        self._blocks[self._handles] = tuple(blocks)
        self._changed([])
        return self._handles

    def _mask(self, group: Iterable[str]) -> int:
        mask = 0
        for name in group:
            mask |= 1 << self._index[_known(self._index, name, "node")]
        return mask

    def _changed(self, rewired: Iterable[Wires]) -> None:
        for wires in rewired:
            wires.dirty = True
        self._hears = None
        self._rings = {}

    # who hears whom

    def hears(self, a: str, b: str) -> bool:
        """Whether a receives what b sends, over any link."""
        return bool(self._heard_masks()[self._index[a]] >> self._index[b] & 1)

    def mutual(self, a: str, b: str) -> bool:
        """Whether both hear each other over one link (a link that carries one way is no link)."""
        self._heard_masks()
        return bool(self._mutual[self._index[a]] >> self._index[b] & 1)

    def path_links(self, a: str, b: str) -> tuple[str, ...]:
        """The links over which both hear each other, in the order of the layout."""
        self._heard_masks()
        at, bt = self._index[a], self._index[b]
        paths = []
        for name, wires in self._links.items():
            heard = wires.heard(self._dead_latency_s)
            if heard[at] >> bt & 1 and not self._blocked(name, at, bt):
                paths.append(name)
        return tuple(paths)

    def latency_s(self, a: str, b: str) -> float:
        """One way over the fastest link between two nodes, infinite when there is none."""
        ways = (self._links[link].latency_s(a, b) for link in self.path_links(a, b))
        return min(ways, default=math.inf)

    def even_latency_s(self) -> float | None:
        """One way between any two that hear each other, where it is the same for all; else None.

        So it is while every link is as fast as the others, nothing slows one down, and nobody's
        path leads through a second switch.
        """
        if self._even_s is not None and not any(w.slowed for w in self._links.values()):
            return self._even_s
        return None

    def bandwidth(self, a: str, b: str) -> float:
        """Bytes per second over the widest link between two nodes, 0 when there is none."""
        ways = (self._links[link].bandwidth_bytes_s() for link in self.path_links(a, b))
        return max(ways, default=0.0)

    def qdevice_reachable(self, node: str) -> bool:
        """Whether node and quorum device can talk.

        A device in a site that has switches is reached over the cluster links; any other over a
        network of its own, which only faults of the device, of the node's path to it or of a
        whole site cut, and blocks that name the device.
        """
        if not all(self._qdevice_path.up(end) for end in (node, QDEVICE)):
            return False
        if not all(self._site_network.up(self._site[end]) for end in (node, QDEVICE)):
            return False
        if any(self._qdevice_site in wires.spec.switches for wires in self._links.values()):
            return self.mutual(node, QDEVICE)
        return not self._blocked(None, self._index[node], self._index[QDEVICE])

    def components(
        self, alive: tuple[str, ...], apart: frozenset[tuple[str, str]] = frozenset()
    ) -> tuple[tuple[str, ...], ...]:
        """The groups that will form one ring each: every member hears every other.

        alive: sorted names. apart: pairs, in order, that would not listen to each other.

        Where hearing is partial (a hears b, b hears c, a does not hear c) several divisions are
        possible; taken is the first that this greedy walk meets: the lowest name not yet in a
        group begins one, and whoever of the rest, in the order of names, hears and is heard by all
        in it so far is added. Real rings settle in some such division too; which one depends on
        whose message came first.
        """
        found = self._rings.get((alive, apart))
        if found is None:
            found = self._rings[alive, apart] = self._divide(alive, apart)
        return found

    def _divide(
        self, alive: tuple[str, ...], apart: frozenset[tuple[str, str]]
    ) -> tuple[tuple[str, ...], ...]:
        self._heard_masks()
        mutual = list(self._mutual)
        for name, other in apart:  # any order: bits are cleared
            mutual[self._index[name]] &= ~(1 << self._index[other])
            mutual[self._index[other]] &= ~(1 << self._index[name])
        left = self._mask(alive)
        groups = []
        for name in alive:
            at = self._index[name]
            if not left >> at & 1:
                continue
            group, candidates = [name], mutual[at] & left
            while candidates:
                nearest = (candidates & -candidates).bit_length() - 1
                group.append(self.nodes[nearest])
                left &= ~(1 << nearest)
                candidates &= mutual[nearest]
            left &= ~(1 << at)
            groups.append(tuple(group))
        return tuple(groups)

    # how it is computed

    def _up(self, link: str, vertex: Vertex) -> bool:
        kind, name = vertex
        if kind == "switch":
            return self._switch.up(name)
        return self._nic.up((name, link)) and self._site_network.up(self._site[name])

    def _heard_masks(self) -> list[int]:
        """For each host the mask of those it hears. Also brings `_mutual` up to date."""
        if self._hears is not None:
            return self._hears
        hears, mutual = [0] * len(self._index), [0] * len(self._index)
        for name, wires in self._links.items():
            if wires.dirty:
                wires.refresh(partial(self._up, name), self._trunk.up(name), self._index)
            heard = wires.heard(self._dead_latency_s)
            both: Sequence[int] = heard  # cables carry both ways, only blocks may not
            blocks = self._blocks_of(name)
            if blocks:
                heard = without(heard, blocks)
                both = mutually(heard)
            hears = [mask | more for mask, more in zip(hears, heard, strict=True)]
            mutual = [mask | more for mask, more in zip(mutual, both, strict=True)]
        self._hears, self._mutual = hears, mutual
        return hears

    def _blocks_of(self, link: str | None) -> list[Block]:
        """The blocks in force on a link; None: those on every path."""
        everywhere = [block for blocks in self._blocks.values() for block in blocks]
        return [block for block in everywhere if block.link is None or block.link == link]

    def _blocked(self, link: str | None, at: int, bt: int) -> bool:
        return any(
            (block.deaf >> at & 1 and block.mute >> bt & 1)
            or (block.deaf >> bt & 1 and block.mute >> at & 1)
            for block in self._blocks_of(link)
        )


def _known(names: Collection[str], name: str, what: str) -> str:
    """The name itself, if it is one of those; else ValueError that says which there are."""
    if name not in names:
        raise ValueError(f"no {what} {name}; there are: {', '.join(names)}")
    return name


def _set_cause(causes: dict[int, float], cause: int, amount: float) -> None:
    if amount:
        causes[cause] = amount
    else:
        causes.pop(cause, None)


def without(heard: Sequence[int], blocks: Iterable[Block]) -> list[int]:
    """Who is still heard when those blocks are in force."""
    left = list(heard)
    for block in blocks:
        for at in range(len(left)):
            if block.deaf >> at & 1:
                left[at] &= ~block.mute
    return left


def mutually(heard: Sequence[int]) -> list[int]:
    """Of those heard, the ones that hear back."""
    back = [0] * len(heard)
    for at, mask in enumerate(heard):
        left = mask
        while left:
            back[(left & -left).bit_length() - 1] |= 1 << at
            left &= left - 1
    return [mask & other for mask, other in zip(heard, back, strict=True)]
