"""Which versions of the store were committed, as all members say who ever ran.

What was acknowledged must be among them, and no version may have two contents.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from appliance.core.store.replica import Replica
from appliance.model.store.changes import Epoch, File, Point
from tests.histories.recorder import Ack


class Committed(NamedTuple):
    """An entry that a member knows to be committed, and the numbers that clients wrote with it."""

    point: Point
    numbers: tuple[int, ...]


def committed_since(replica: Replica, version: int) -> list[Committed]:
    """What this member knows to be committed and is newer than that, oldest first."""
    found = []
    for entry in replica.log.after(version):
        if entry.version > replica.log.committed:
            break
        contents = (cell.content for _, cell in entry.cells if isinstance(cell, File))
        numbers = tuple(int(content) for content in contents if content.strip().isdigit())
        found.append(Committed(entry.point, numbers))
    return found


@dataclass
class Ledger:
    """All of it, by version; and the members of each session in which something was committed."""

    versions: dict[int, Committed] = field(default_factory=dict)
    sessions: dict[Epoch, tuple[str, ...]] = field(default_factory=dict)

    def note(self, node: str, entries: Iterable[Committed]) -> list[str]:
        """What a member knows; where it differs from what is known already."""
        return [
            f"{node}: version {one.point.version} has two contents"
            for one in entries
            if self.versions.setdefault(one.point.version, one).point != one.point
        ]

    def judge(self, acks: Sequence[Ack], shares: Mapping[str, int], lent: int = 0) -> list[str]:
        """Acknowledged writes that are not there, or that not more than half of all votes accepted.

        shares: the votes of each node. lent: those that a quorum device may give to either side.
        """
        wrong = []
        total = sum(shares.values()) + lent
        for ack in acks:
            known = self.versions.get(ack.version)
            if known is None or (known.numbers and ack.number not in known.numbers):
                wrong.append(f"acknowledged write {ack.number} is not version {ack.version}")
                continue
            members = self.sessions.get(known.point.epoch)
            if members and 2 * (sum(shares[name] for name in members) + lent) <= total:
                wrong.append(f"{ack.number} was acknowledged among {', '.join(members)}")
        return wrong
