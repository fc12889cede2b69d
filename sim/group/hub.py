"""Corosync's process group in simulated time: one order a ring, views, and what is lost between.

Driven by the membership engine (it is a listener of it) and by the fate of nodes. While a ring is
whole each message is one event, which delivers it to all members. When it stalls:

* what is on its way stays where it is; the node that holds the token may deliver its own messages
  and those before them, alone;
* when new rings are installed, those who come along together deliver the same: a drawn beginning
  of what was on its way, at least as much as any of them has already;
* the rest goes on in the sender's new ring, if the sender lives; large messages are dropped;
* a node that lost some and finds others gets two views, "left" and "joined", one after the other.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final, Protocol

from appliance.ports.group_channel import Delivered, Dropped, GroupEvent, GroupView
from appliance.ports.membership import View
from sim.entropy import Entropy
from sim.group.ring import Kind, Ring, Sent
from sim.kernel import ORDER_NETWORK, Kernel, to_us

OWN_DELIVERY_S: Final = (0.00038, 0.0011)  # 1 KiB, three nodes, encrypted; measured p50 and p99
GAP_S: Final = 0.00005  # at most some 20,000 messages a second
BYTES_PER_S: Final = 67e6
WHOLE_BYTES: Final = 1_000_000  # larger ones travel in pieces
LAST_TOKEN_US: Final = 50_000  # how long a stalled ring still takes messages
GONE_US: Final = 15_000  # until the others hear that a process died


class Endpoint(Protocol):
    """A process of the group on one node."""

    def take(self, event: GroupEvent) -> None: ...
    def go_on(self) -> None:
        """What it wants to send may go out now."""
        ...


class GroupHub:
    """All nodes' group service, for one group."""

    def __init__(self, kernel: Kernel, entropy: Entropy) -> None:
        self._kernel, self._entropy = kernel, entropy
        self.rings: dict[str, Ring] = {}
        self._endpoints: dict[str, Endpoint] = {}
        self._active: dict[str, Endpoint] = {}  # whose joining was delivered
        self._dying_us: dict[str, int] = {}
        self._draws = 0
        self.messages = 0

    def _draw(self, *key: str | int) -> float:
        self._draws += 1
        return self._entropy.unit(*key, self._kernel.now_us, self._draws)

    def take_rings(self, other: GroupHub) -> None:
        """Begin with the rings that there are, none of whose nodes is in this group yet."""
        new: dict[tuple[str, ...], Ring] = {}
        for node, ring in other.rings.items():
            kept = new.setdefault(ring.nodes, Ring(ring.nodes))
            kept.stalled_us, kept.holder = ring.stalled_us, ring.holder
            self.rings[node] = kept

    # processes

    def join(self, node: str, endpoint: Endpoint) -> None:
        """The process joins; its first view comes in order. Without a ring: once there is one."""
        self._endpoints[node] = endpoint
        due_us = self._dying_us.get(node, 0) + 1  # the others hear of a predecessor's end first
        if node in self.rings:
            sent = Sent(Kind.JOIN, node, endpoint)
            if due_us > self._kernel.now_us:
                self._kernel.call_at(due_us, lambda: self._post(node, sent), ORDER_NETWORK)
            else:
                self._post(node, sent)

    def running(self, node: str) -> bool:
        return node in self.rings

    def accepts(self, node: str) -> bool:
        """Whether the ring takes messages now."""
        ring = self.rings.get(node)
        if ring is None:
            return False
        stalled_us = ring.stalled_us
        return stalled_us is None or self._kernel.now_us - stalled_us <= LAST_TOKEN_US

    def send(self, node: str, payload: bytes, ticket: int) -> None:
        """Put it into the order. Only when `accepts`."""
        self._post(node, Sent(Kind.PAYLOAD, node, self._endpoints[node], payload, ticket))

    def leave(self, node: str) -> None:
        """The process leaves cleanly."""
        endpoint = self._endpoints.get(node)
        if endpoint is not None and node in self.rings:
            self._post(node, Sent(Kind.LEAVE, node, endpoint))

    def died(self, node: str) -> None:
        """The process died; its node goes on."""
        endpoint = self._endpoints.pop(node, None)
        self._active.pop(node, None)
        if endpoint is not None and node in self.rings:
            gone = Sent(Kind.LEAVE, node, endpoint)
            self._dying_us[node] = self._kernel.now_us + GONE_US
            self._kernel.call_in(GONE_US, lambda: self._post(node, gone), ORDER_NETWORK)

    def _post(self, node: str, sent: Sent) -> None:
        ring = self.rings.get(node)
        if ring is None:
            return
        ring.order.append(sent)
        self._schedule(ring, sent)

    def _schedule(self, ring: Ring, sent: Sent) -> None:
        self.messages += 1
        size_s = len(sent.payload) / BYTES_PER_S
        low, high = OWN_DELIVERY_S
        drawn_s = low + (high - low) * self._draw("delivery", sent.sender) ** 4
        soonest = self._kernel.now_us + to_us(drawn_s + size_s)
        ring.last_us = max(soonest, ring.last_us + to_us(GAP_S + size_s))
        self._kernel.call_at(ring.last_us, lambda: self._ordered(ring), ORDER_NETWORK)

    # order

    def _ordered(self, ring: Ring) -> None:
        """The next message of the ring is due."""
        if ring.stalled_us is None:
            if ring.done < len(ring.order):
                self._deliver_next(ring)
        elif self._kernel.now_us - ring.stalled_us <= LAST_TOKEN_US:
            self._deliver_early(ring)

    def _deliver_next(self, ring: Ring) -> None:
        sent = ring.order[ring.done]
        ring.done += 1
        before = ring.joined
        ring.joined = _after(before, sent)
        for node in dict.fromkeys((*before, *ring.joined)):
            self._hand_over(node, sent, ring.joined)
        ring.trim()

    def _deliver_early(self, ring: Ring) -> None:
        """Who holds the token of a stalled ring delivers up to its own last message."""
        holder = ring.holder
        if self.rings.get(holder) is not ring:
            return
        own = [at for at, sent in enumerate(ring.order) if sent.sender == holder]
        if own and own[-1] >= ring.position(holder):
            self._deliver_up_to(ring, holder, own[-1] + 1)

    def _deliver_up_to(self, ring: Ring, node: str, end: int) -> None:
        """In the old view."""
        for sent in ring.order[ring.position(node) : end]:
            if sent.moved:
                continue
            joined = ring.views[node] = _after(ring.joined_at(node), sent)
            self._hand_over(node, sent, joined)
        ring.ahead[node] = max(end, ring.position(node))
        ring.fixed = max(ring.fixed, end)

    def _hand_over(self, node: str, sent: Sent, joined: tuple[str, ...]) -> None:
        endpoint = self._endpoints.get(node)
        if endpoint is None:
            return
        own = sent.sender == node and sent.boot is endpoint
        if sent.kind is Kind.PAYLOAD:
            if self._active.get(node) is endpoint:
                endpoint.take(Delivered(sent.sender, sent.payload, sent.ticket if own else None))
        elif sent.kind is Kind.LEAVE and own:
            del self._endpoints[node]
            self._active.pop(node, None)
            endpoint.take(GroupView((), ()))
        elif own or self._active.get(node) is endpoint:
            self._active[node] = endpoint
            together = tuple(name for name in joined if name != sent.sender or node == name)
            endpoint.take(GroupView(joined, (node,) if sent.sender == node else together))

    # nodes and rings

    def lost(self, node: str) -> None:
        """The node, or its corosync, is gone at once: whoever is left there is outside."""
        self.rings.pop(node, None)
        self._active.pop(node, None)
        endpoint = self._endpoints.get(node)
        if endpoint is not None:
            endpoint.take(GroupView((), ()))

    def forget(self, node: str) -> None:
        """The node lost its power: with its processes."""
        self._endpoints.pop(node, None)
        self._active.pop(node, None)
        self.rings.pop(node, None)

    def unsettled(self, nodes: tuple[str, ...]) -> None:
        """The rings of these nodes stall. Implements `MembershipListener`."""
        for node in nodes:
            ring = self.rings.get(node)
            if ring is not None and ring.stalled_us is None:
                ring.stalled_us = self._kernel.now_us
                at = int(self._draw("token", node) * len(ring.nodes))
                ring.holder = ring.nodes[at]

    def installed(self, group: tuple[str, ...], views: Mapping[str, View]) -> None:
        """A ring of these nodes. Implements `MembershipListener`."""
        rings = {name: self.rings.get(name) for name in group}
        first = rings[group[0]]
        if first is not None and first.nodes == group and all(r is first for r in rings.values()):
            self._recovered(first)
        else:
            self._regroup(group, rings)
        for name in group:
            endpoint = self._endpoints.get(name)
            if endpoint is not None:
                endpoint.go_on()

    def _recovered(self, ring: Ring) -> None:
        """The token was found again: all deliver what some did, and go on."""
        if ring.stalled_us is None:
            return
        for node in ring.nodes:
            self._deliver_up_to(ring, node, ring.fixed)
        if ring.fixed > ring.done:
            ring.done, ring.joined = ring.fixed, ring.joined_at(ring.nodes[0])
        ring.stalled_us = None
        ring.ahead.clear()
        ring.views.clear()
        self._again(ring, len(ring.order) - ring.done)

    def _again(self, ring: Ring, count: int) -> None:
        ring.last_us = max(ring.last_us, self._kernel.now_us)
        for _ in range(count):
            ring.last_us += to_us(GAP_S)
            self._kernel.call_at(ring.last_us, lambda: self._ordered(ring), ORDER_NETWORK)

    def _regroup(self, group: tuple[str, ...], rings: Mapping[str, Ring | None]) -> None:
        new = Ring(group)
        olds: list[Ring] = []
        for ring in rings.values():
            if ring is not None and all(ring is not old for old in olds):
                olds.append(ring)
        parts = [tuple(name for name in group if rings[name] is old) for old in olds]
        for old, part in zip(olds, parts, strict=True):
            self._close(old, part, new)
        came: dict[str, tuple[str, ...]] = dict.fromkeys(group, ())
        knew: dict[str, tuple[str, ...]] = dict.fromkeys(group, ())
        for old, part in zip(olds, parts, strict=True):
            joined = old.joined_at(part[0])
            along = tuple(name for name in joined if name in part)
            came.update(dict.fromkeys(part, along))
            knew.update(dict.fromkeys(part, joined))
        new.joined = tuple(sorted(name for name in group if name in came[name]))
        self._tell_views(new, knew, came)
        for name in group:
            self.rings[name] = new
            endpoint = self._endpoints.get(name)
            if rings[name] is None and endpoint is not None:
                new.order.append(Sent(Kind.JOIN, name, endpoint))
        self._again(new, len(new.order))

    def _close(self, old: Ring, part: tuple[str, ...], new: Ring) -> None:
        """These go on in another ring: first they deliver the same of the old one."""
        if old.stalled_us is None:
            old.stalled_us = self._kernel.now_us
        least = max(old.position(name) for name in part)
        for at in range(old.fixed - 1, least - 1, -1):
            if old.order[at].sender in part:  # one's own that others delivered was on the wire
                least = at + 1
                break
        end = least + int(self._draw("close", part[0]) * (len(old.order) - least + 1))
        for name in part:
            self._deliver_up_to(old, name, end)
        for sent in old.order[end:]:
            if sent.sender in part and not sent.moved:
                sent.moved = True
                self._move(sent, new)

    def _move(self, sent: Sent, new: Ring) -> None:
        if len(sent.payload) > WHOLE_BYTES:
            endpoint = self._endpoints.get(sent.sender)
            if endpoint is sent.boot and endpoint is not None:
                endpoint.take(Dropped(sent.ticket))
            return
        new.order.append(Sent(sent.kind, sent.sender, sent.boot, sent.payload, sent.ticket))

    def _tell_views(
        self, new: Ring, knew: Mapping[str, tuple[str, ...]], came: Mapping[str, tuple[str, ...]]
    ) -> None:
        for name in new.joined:
            endpoint, along = self._active.get(name), came[name]
            if endpoint is None:
                continue  # it died, and its leaving is on its way
            lost = any(other not in along for other in knew[name])
            gained = any(other not in along for other in new.joined)
            if lost:
                endpoint.take(GroupView(along, along))
            if gained:
                endpoint.take(GroupView(new.joined, along))


def _after(joined: tuple[str, ...], sent: Sent) -> tuple[str, ...]:
    """The group with this change."""
    if sent.kind is Kind.PAYLOAD:
        return joined
    others: Iterable[str] = (name for name in joined if name != sent.sender)
    return tuple(sorted((*others, sent.sender))) if sent.kind is Kind.JOIN else tuple(others)
