"""The simulated corosync of all nodes as it is asked, and as an operator changes it."""

from __future__ import annotations

from dataclasses import replace

from appliance.model.corosync_conf import CorosyncConf
from appliance.ports.membership import View, Votes
from sim.network.engine import MembershipListener, RingEngine
from sim.network.layouts import Counting
from sim.network.quorum import flags_of, lowered, may_expect, reread
from sim.network.rings import Member

__all__ = ["MembershipEngine", "MembershipListener"]


class MembershipEngine(RingEngine):
    """All nodes' corosync. ConfigError if the layout's quorum options exclude each other.

    outside: machines that are in no cluster yet, and have no corosync.conf.
    """

    # what is asked

    @property
    def machines(self) -> tuple[str, ...]:
        """All that could run corosync, sorted; a layout may name others, which never come."""
        return self._names

    def view(self, node: str) -> View:
        """What that node believes. Without corosync: nobody is online."""
        return self._members[node].view

    def settled(self, node: str) -> bool:
        """Whether what it sends is delivered to its ring."""
        return self._members[node].settled

    def tally(self, node: str) -> Votes:
        """How that node counts quorum now."""
        votes, running = self._members[node].votes, self._layouts.running(node)
        flags = flags_of(running.rules, votes)
        return Votes(votes.expected, self._present(node), votes.quorum, flags, running.version)

    def _present(self, node: str) -> int:
        votes = self._members[node].votes
        lent = self._layouts.running(node).rules.device_votes if votes.casts else 0
        return lent + sum(self._layouts.votes(name) for name in votes.members)

    # what an operator changes

    def layout(self, node: str) -> CorosyncConf | None:
        """The corosync.conf in place on that node."""
        return self._layouts.file(node)

    def put_layout(self, node: str, conf: CorosyncConf) -> None:
        """Put a file in place; nothing else happens yet. Refuses as `LiveMembership.apply`."""
        self._layouts.put(node, conf)

    def drop_layout(self, node: str) -> None:
        """Take the file away from a node whose corosync does not run."""
        self._layouts.drop(node)
        member = self._members[node]
        member.view = replace(member.view, members=())

    def reload(self, node: str) -> None:
        """All nodes of its ring read their files again."""
        members = [m for m in self._of(self.group(node)) if m.audible]
        told = self._reread(tuple(member.name for member in members))
        if not told:
            return
        for name in told:
            self._members[name].votes = reread(
                self._layouts.running(name).rules, self._members[name].votes
            )
        self._set_device()
        self._count_again(lowered, members)
        self._reconsider()

    def expect(self, node: str, votes: int) -> bool:
        """Set the votes expected in the node's ring; False if that would make no sense."""
        if not may_expect(votes, self._present(node)):
            return False
        members = [m for m in self._of(self.group(node)) if m.audible]
        for member in members:
            member.votes = replace(member.votes, expected=votes)
        self._count_again(lowered, members)
        return True

    def _count_again(self, counting: Counting, members: list[Member]) -> None:
        group = tuple(member.name for member in members)
        states = {member.name: member.votes for member in members}
        casting = [member.name for member in members if member.votes.casts and self._device]
        counted = self._layouts.count(counting, states, group, casting)
        for member in members:
            self._vote(member, counted[member.name], epochs=1)
        if members and all(member.settled and member.reform is None for member in members):
            self._tell(members)
