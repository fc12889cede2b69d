"""From who hears whom to what each node believes: rings, views and quorum over time.

A ring is a group of nodes that share a token; corosync calls each new one a membership. When a
member falls silent the token stops and nothing that any member sends is delivered (its members are
*unsettled*) until a new ring is installed. Merging rings go on working until the last moment. How
long all that takes was measured (see `timing`); messages are not simulated.

Nothing here is periodic: the engine does work when something changes and when a change is due.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from functools import partial
from typing import Protocol

from appliance.ports.membership import View
from sim.entropy import Entropy
from sim.kernel import ORDER_NETWORK, Kernel, to_us
from sim.layout import ClusterLayout
from sim.network.device import DeviceLinks
from sim.network.fabric import Fabric
from sim.network.layouts import Layouts
from sim.network.plan import Planner
from sim.network.quorum import (
    VoteState,
    close_window,
    first_state,
    opens_window,
    recount,
    regroup,
)
from sim.network.rings import Group, Member, Reform, Ring, reforms_of, rings_of
from sim.network.timing import IPC_UP_US, LEAVE_US, Timing


class MembershipListener(Protocol):
    """Who is told. Calls come in simulated time, at the instant they speak of."""

    def unsettled(self, nodes: tuple[str, ...]) -> None:
        """What these nodes send waits from now on; sorted names."""
        ...

    def installed(self, group: tuple[str, ...], views: Mapping[str, View]) -> None:
        """The group shares a ring and is settled from now on.

        views: of every member. Views that are the same as before mean that nothing but a stall
        is over, or that quorum changed for another member only.
        """
        ...


class RingEngine:
    """Rings and votes of all nodes' corosync."""

    def __init__(
        self,
        kernel: Kernel,
        fabric: Fabric,
        layout: ClusterLayout,
        entropy: Entropy,
        listener: MembershipListener,
        outside: Collection[str] = (),
    ) -> None:
        self._kernel, self._fabric, self._listener = kernel, fabric, listener
        self._names = layout.node_names()
        self._layouts = layouts = Layouts(layout, outside)
        self._timing = Timing(entropy, layout.quorum, len(layouts.newest.names))
        self._members = {}
        for name in self._names:
            running = layouts.running(name)
            nobody = View(running.names, (), quorate=False, epoch=0)
            self._members[name] = Member(name, nobody, first_state(running.rules))
        self._planner = Planner(kernel, fabric, self._timing, self._members)
        self._targets: tuple[Group, ...] = ()
        self._device: DeviceLinks | None = None
        self._set_device()

    def started(self, node: str) -> bool:
        """Whether corosync answers on that node (also while the node is paused)."""
        return self._members[node].ring is not None

    def group(self, node: str) -> tuple[str, ...]:
        """The ring that was installed last for that node, quorate or not; () when not started."""
        ring = self._members[node].ring
        return ring.members if ring else ()

    def configured(self, node: str) -> bool:
        """Whether the node has a corosync.conf, without which its corosync does not start."""
        return self._layouts.file(node) is not None

    # what happens to nodes

    def begin(self, nodes: Iterable[str]) -> None:
        """The world begins with these nodes running, as if for long and once all together."""
        for name in sorted(nodes):
            member = self._members[name]
            member.ring = Ring((name,))
            rules = self._layouts.running(name).rules
            member.votes = replace(first_state(rules), waiting=False)
            if self._device:
                self._device.connected(name)
        self._targets = self._components()
        for group in self._targets:
            self._install(Reform(group, 0, 0))

    def start_node(self, node: str) -> None:
        """Corosync starts: first a ring of one, then the others."""
        member, now = self._members[node], self._kernel.now_us
        if member.ring is not None or member.boot is not None:
            raise ValueError(f"corosync runs already on {node}")
        if not self.configured(node):
            raise ValueError(f"{node} has no corosync.conf")
        self._reread((node,))
        member.ready_us = now + self._timing.start(node, now)
        member.boot = self._kernel.call_in(IPC_UP_US, partial(self._ipc_up, member), ORDER_NETWORK)
        if self._device:
            self._device.started(node, member.ready_us)

    def _ipc_up(self, member: Member) -> None:
        self._await_ready(member)
        rules = self._layouts.running(member.name).rules
        member.votes, member.window_us = first_state(rules), None
        self._enter((member,), frozenset())

    def _await_ready(self, member: Member) -> None:
        due_us = member.ready_us - LEAVE_US
        member.boot = self._kernel.call_at(due_us, partial(self._ready, member), ORDER_NETWORK)

    def _ready(self, member: Member) -> None:
        """Its links are up: from now on the others hear it."""
        member.boot = None
        self._reconsider()

    def stop_node(self, node: str) -> None:
        """A clean stop: the others are told."""
        member = self._members[node]
        if member.ring is not None:
            member.ring.left_us[node] = self._kernel.now_us
        if self._device:
            self._device.stopped(node)
        self._off(member)

    def kill_node(self, node: str) -> None:
        """Power is gone: the others have to find out."""
        if self._device:
            self._device.silenced(node)
        self._off(self._members[node])

    def _off(self, member: Member) -> None:
        if member.boot is not None:
            member.boot.cancel()
            member.boot = None
        ran = member.ring is not None
        member.ring, member.settled, member.paused = None, False, False
        epoch = member.view.epoch + ran
        member.view = replace(member.view, online=(), quorate=False, epoch=epoch)
        if ran:
            self._reconsider()

    def pause_node(self, node: str) -> None:
        """It neither hears nor answers, and knows nothing of it."""
        member = self._members[node]
        if member.paused or (member.ring is None and member.boot is None):
            return
        member.paused = True
        if member.boot is not None:
            member.boot.cancel()  # goes on when it is resumed
        if self._device:
            self._device.silenced(node)
        self._reconsider(paused=member)

    def resume_node(self, node: str) -> None:
        """It goes on with the view that it had, or with its start."""
        member, now = self._members[node], self._kernel.now_us
        if not member.paused:
            return
        member.paused = False
        if member.ring is None:
            member.boot = None
            self.start_node(node)
            return
        member.ready_us = now + self._timing.resume(node, now)
        if member.boot is not None:
            self._await_ready(member)
        if self._device and self._fabric.qdevice_reachable(node):
            self._device.heard(node)
        self._reconsider()

    def fabric_changed(self) -> None:
        """The network changed. If nobody hears more or less than before, nothing happens."""
        if self._device:
            for name in self._audible():
                if self._fabric.qdevice_reachable(name):
                    self._device.heard(name)
                else:
                    self._device.silenced(name)
        self._reconsider()

    # which rings are on their way

    def _audible(self) -> Group:
        return tuple(name for name in self._names if self._members[name].audible)

    def _of(self, group: Iterable[str]) -> list[Member]:
        return [self._members[name] for name in group]

    def _components(self) -> tuple[Group, ...]:
        return self._fabric.components(self._audible(), self._layouts.apart)

    def _reconsider(self, *, paused: Member | None = None) -> None:
        """Compare the rings that there are with those that there should be."""
        targets, before = self._components(), self._targets
        changed = [group for group in targets if group not in before]
        self._targets = targets
        dropped = self._drop_all_but(targets)
        stalled = [paused] if paused and len(self.group(paused.name)) > 1 else []
        for group in changed:
            stalled += self._stalled(group)
        self._stall(stalled)
        for group in changed:
            ring = self._planner.there_already(group)
            if ring:
                self._recover(ring)
            else:
                old = [r for r in dropped if any(name in r.group for name in group)]
                self._await(self._planner.reform(group, old))
        self._hold_again()

    def _drop_all_but(self, targets: tuple[Group, ...]) -> list[Reform]:
        """Rings on their way that will not be, forgotten."""
        dropped = [
            reform for reform in reforms_of(self._members.values()) if reform.group not in targets
        ]
        for reform in dropped:
            reform.cancel()
            for member in self._of(reform.group):
                member.reform = None
        return dropped

    def _stalled(self, group: Group) -> list[Member]:
        """Members whose ring lost somebody; the rings learn that their token is lost."""
        now = self._kernel.now_us
        found: list[Member] = []
        for ring in rings_of(self._of(group)):
            missing = [name for name in ring.members if name not in group]
            if not missing:
                continue
            if ring.stalled_us is None and any(name not in ring.left_us for name in missing):
                ring.stalled_us = now
            found += [member for member in self._of(group) if member.ring is ring]
        return found

    def _stall(self, members: Iterable[Member]) -> None:
        """They are unsettled from now on, and whoever listens is told, once."""
        names = sorted(member.name for member in members if member.settled)
        if names:
            for name in names:
                self._members[name].settled = False
            self._listener.unsettled(tuple(names))

    def _recover(self, ring: Ring) -> None:
        """The token was found again: nothing has changed."""
        ring.stalled_us = None
        members = self._of(ring.members)
        if not all(member.settled for member in members):
            self._tell(members)

    def _await(self, reform: Reform) -> None:
        """Install it when it is due; who is not stalled yet stalls shortly before."""
        members = self._of(reform.group)
        reform.due_us = self._held_us(reform)
        for member in members:
            member.reform = reform
        quiet_us = reform.due_us - LEAVE_US
        if any(member.settled for member in members):
            call, due_us = partial(self._gather, reform), max(quiet_us, self._kernel.now_us)
        else:
            call, due_us = partial(self._install, reform), reform.due_us
        reform.timer = self._kernel.call_at(due_us, call, ORDER_NETWORK)

    def _gather(self, reform: Reform) -> None:
        """The rings that merge stop their tokens."""
        self._stall(self._of(reform.group))
        call = partial(self._install, reform)
        reform.timer = self._kernel.call_at(reform.due_us, call, ORDER_NETWORK)

    def _held_us(self, reform: Reform) -> int:
        """When it is installed: not before the quorum device has answered, if somebody is lost."""
        if self._device is None:
            return reform.agreed_us
        rings = rings_of(self._of(reform.group))
        missed = [n for ring in rings for n in ring.members if n not in reform.group]
        if not missed:
            return reform.agreed_us
        return self._device.hold_us(reform.group, self._targets, missed, reform.agreed_us)

    def _hold_again(self) -> None:
        """What happened to one group may change how long the device keeps another waiting."""
        if self._device is None:
            return
        for reform in reforms_of(self._members.values()):
            due_us = max(self._held_us(reform), self._kernel.now_us)
            if due_us != reform.due_us:
                reform.cancel()
                self._await(reform)

    # rings are installed

    def _install(self, reform: Reform) -> None:
        """The group shares a ring from now on."""
        members = self._of(reform.group)
        casting: frozenset[str] = frozenset()
        if self._device:
            casting = self._device.casting(reform.group, self._targets)
        self._enter(members, casting)

    def _enter(self, members: Iterable[Member], casting: frozenset[str]) -> None:
        members = tuple(members)
        group = tuple(member.name for member in members)
        states = {member.name: member.votes for member in members}
        counted = self._layouts.count(regroup, states, group, casting)
        ring = Ring(group)
        replaced = [old for old in rings_of(members) if _replaced(old, members)]
        for member in members:
            epochs = 2 if any(member.ring is old for old in replaced) else 1
            self._vote(member, counted[member.name], epochs)
        for member in members:
            member.ring, member.reform = ring, None
        rules = {name: self._layouts.running(name).rules for name in group}
        opening = [m for m in members if opens_window(rules[m.name], states[m.name], group)]
        self._open_windows(opening)
        self._tell(members)

    def _vote(self, member: Member, votes: VoteState, epochs: int) -> None:
        """A node's new state and the view that follows from it."""
        member.votes = votes
        online = votes.members if votes.quorate else ()
        names = self._layouts.running(member.name).names
        member.view = View(names, online, votes.quorate, member.view.epoch + epochs)

    def _tell(self, members: Iterable[Member]) -> None:
        members = tuple(members)
        for member in members:
            member.settled = True
        group = tuple(member.name for member in members)
        self._listener.installed(group, {member.name: member.view for member in members})

    # quorum without a new ring

    def _review(self) -> None:
        """Count again after the quorum device's vote may have moved."""
        if self._device is None:
            return
        self._hold_again()
        for group in self._targets:
            members = self._of(group)
            if any(member.reform is not None for member in members):
                continue  # counted when the ring is installed
            self._recount(group, members, self._device)

    def _recount(self, group: Group, members: list[Member], device: DeviceLinks) -> None:
        given = device.casting(group, self._targets)
        keeps = {m.name for m in members if m.votes.casts and not device.talks(m.name)}
        casting = given.union(name for name in keeps if device.believed(name))
        states = {member.name: member.votes for member in members}
        counted = self._layouts.count(recount, states, group, casting)
        turned = [m for m in members if counted[m.name].quorate != m.votes.quorate]
        for member in members:
            if member in turned:
                self._vote(member, counted[member.name], epochs=1)
            else:
                member.votes = counted[member.name]
        if turned:
            self._tell(members)

    def _open_windows(self, members: list[Member]) -> None:
        """Last man standing: start the window anew for these."""
        if not members:
            return
        spec = self._layouts.running(members[0].name).layout.quorum
        due_us = self._kernel.now_us + to_us(spec.last_man_standing_window_s)
        for member in members:
            member.window_us = due_us
        names = [member.name for member in members]
        self._kernel.call_at(due_us, partial(self._close_windows, names), ORDER_NETWORK)

    def _close_windows(self, names: list[str]) -> None:
        for member in self._of(names):
            if member.window_us == self._kernel.now_us and member.ring is not None:
                member.window_us = None
                rules = self._layouts.running(member.name).rules
                member.votes = close_window(rules, member.votes)

    # what the layout says

    def _reread(self, nodes: Iterable[str]) -> tuple[str, ...]:
        """Who read something new."""
        told = tuple(name for name in nodes if self._layouts.read(name))
        if told:
            newest = self._layouts.newest
            self._timing.retime(newest.layout.quorum, len(newest.names))
        return told

    def _set_device(self) -> None:
        """Connections to the quorum device are there while a layout has one."""
        rules = self._layouts.newest.rules
        if not rules.device_votes:
            self._device = None
        elif self._device is not None:
            self._device.rules = rules
        else:
            links = DeviceLinks(
                self._kernel, self._fabric, rules, self._names, self._timing, self._review
            )
            self._device = links
            for name in self._names:
                if self.started(name):
                    links.started(name, self._kernel.now_us)


def _replaced(ring: Ring, members: Iterable[Member]) -> bool:
    """Whether some of that ring's members are in another by now.

    Whoever is still in it, because it was paused or cut off, then learns at once that they left
    and that they are back: one new ring, two changes.
    """
    return any(member.ring is not ring and member.name in ring.members for member in members)
