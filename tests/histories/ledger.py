"""Which versions of the store were committed, as all members say who ever ran.

What was acknowledged must be among them, and no version may have two contents.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import NamedTuple

from appliance.core.store.electorates import brought_by
from appliance.core.store.replica import Replica
from appliance.model.store.changes import Epoch, File, Point
from appliance.model.store.electorate import Electorate
from tests.histories.recorder import Ack


class Committed(NamedTuple):
    """An entry that a member knows to be committed, the numbers that clients wrote with it, and who
    decides after it, if it says so.
    """

    point: Point
    numbers: tuple[int, ...]
    electorate: Electorate | None = None


def committed_since(replica: Replica, version: int) -> list[Committed]:
    """What this member knows to be committed and is newer than that, oldest first."""
    found = []
    for entry in replica.log.after(version):
        if entry.version > replica.log.committed:
            break
        contents = (cell.content for _, cell in entry.cells if isinstance(cell, File))
        numbers = tuple(int(content) for content in contents if content.strip().isdigit())
        found.append(Committed(entry.point, numbers, brought_by(entry.cells)))
    return found


@dataclass
class Ledger:
    """All of it, by version; the members of each session in which something was committed.

    Where commits are watched: those among whom each version was first known to be committed; and
    who went on one after another, each with the first version of theirs.
    """

    versions: dict[int, Committed] = field(default_factory=dict)
    sessions: dict[Epoch, tuple[str, ...]] = field(default_factory=dict)
    decided: dict[int, tuple[str, ...]] = field(default_factory=dict)
    acted: list[tuple[int, tuple[str, ...]]] = field(default_factory=list)

    def note(self, node: str, entries: Iterable[Committed]) -> list[str]:
        """What a member knows; where it differs from what is known already."""
        return [
            f"{node}: version {one.point.version} has two contents"
            for one in entries
            if self.versions.setdefault(one.point.version, one).point != one.point
        ]

    def decide(self, version: int, members: tuple[str, ...]) -> None:
        """A member of that session learned that it is committed."""
        self.decided.setdefault(version, members)
        if not self.acted or self.acted[-1][1] != members:
            self.acted.append((version, members))

    def judge(self, acks: Sequence[Ack], shares: Mapping[str, int], lent: int = 0) -> list[str]:
        """Acknowledged writes that are not there, or that not more than half of all votes accepted.

        shares: the votes of each node. lent: those that a quorum device may give to either side.
        """
        wrong = self.lost(acks)
        total = sum(shares.values()) + lent
        for ack in acks:
            known = self.versions.get(ack.version)
            members = self.sessions.get(known.point.epoch) if known else None
            if members and 2 * (sum(shares[name] for name in members) + lent) <= total:
                wrong.append(f"{ack.number} was acknowledged among {', '.join(members)}")
        return wrong

    def lost(self, acks: Sequence[Ack]) -> list[str]:
        """Acknowledged writes that are not there."""
        wrong = []
        for ack in acks:
            known = self.versions.get(ack.version)
            if known is None or (known.numbers and ack.number not in known.numbers):
                wrong.append(f"acknowledged write {ack.number} is not version {ack.version}")
        return wrong

    def by_few(self, first: Electorate) -> Iterator[str]:
        """Versions that were committed without more than half of the votes of their own time.

        first: who decided at the beginning. A device's votes count for whoever acted.
        """
        electorate = first
        for version in sorted({*self.versions, *self.decided}):
            members = self.decided.get(version)
            if members is not None:
                votes = sum(map(electorate.of, members)) + electorate.device
                if 2 * votes <= electorate.total:
                    yield f"version {version} was committed among {', '.join(members)}"
            known = self.versions.get(version)
            electorate = (known.electorate if known else None) or electorate

    def partings(self) -> Iterator[str]:
        """Where those who went on share nobody with those who decided before."""
        for (_, before), (version, members) in pairwise(self.acted):
            if not any(name in before for name in members):
                yield f"version {version}: {', '.join(members)} went on without {', '.join(before)}"
