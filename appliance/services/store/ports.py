"""What the store of one node runs on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from appliance.model.store.messages import Census
from appliance.ports.clock import Clock
from appliance.ports.entropy import Entropy
from appliance.ports.group_channel import GroupChannel
from appliance.ports.local_disk import LocalDisk
from appliance.ports.membership import LiveMembership, View, Votes
from appliance.ports.signals import Signals
from appliance.ports.tasks import Tasks


@dataclass(frozen=True, slots=True)
class StorePorts:
    """shares: votes of each configured node, while the store has no corosync.conf of its own, which
    says so from then on. The disk is the store's own. alone: the node is in no cluster, nobody else
    can be in its group, and the corosync.conf in its store means nothing yet.
    """

    node: str
    clock: Clock
    tasks: Tasks
    signals: Signals
    entropy: Entropy
    channel: GroupChannel
    disk: LocalDisk
    membership: LiveMembership
    shares: Mapping[str, int]
    alone: bool = False


def census_of(node: str, view: View, votes: Votes, shares: Mapping[str, int]) -> Census:
    """What the core needs to know of quorum.

    The total never sinks below what is configured, whatever was agreed to be expected: a change is
    committed by more than half of that, so that any later half has it.
    """
    online = sum(shares.get(name, 0) for name in view.online)
    lent = max(0, votes.present - online) if view.quorate else 0
    total = max(votes.expected, sum(shares.values()) + lent)
    own = shares.get(node, 0)
    # With a tie breaker fewer than a quorum may be quorate: then all that are present are needed.
    needed = min(votes.needed, votes.present) if view.quorate else votes.needed
    return Census(
        quorate=view.quorate,
        online=view.online,
        votes=own,
        total=total,
        needed=max(1, needed),
        lent=lent,
        layout=votes.layout,
        present=votes.present,
        lowered=votes.by_hand,
    )
