"""A twin as a scenario file: its cluster, and one failure to begin with."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Final

from scenarios.explore.toml import cluster_lines, plain, quoted
from scenarios.twin.layout import Twin
from sim.layout import ClusterLayout

DURATION: Final = "20m"
_CUT: Final = ("4m", "10m")  # when the power goes, and how long it stays away


def scenario_text(twin: Twin) -> str:
    """The whole file. What it is not like stands at its top."""
    layout = twin.layout
    lines = [
        *(f"# {note}" for note in twin.notes),
        *([""] if twin.notes else []),
        "[scenario]",
        f"name = {quoted(f'{layout.name}: the fullest node loses power')}",
        f"why = {quoted('What would happen to this cluster? Its own steps go in their place.')}",
        f'duration = "{DURATION}"',
        "",
        *cluster_lines(layout),
        *_story(layout),
    ]
    return "\n".join(lines).rstrip("\n") + "\n"


def _story(layout: ClusterLayout) -> Iterator[str]:
    node = fullest(layout)
    yield from ("[[step]]", 'name = "power-cut"', f'at = "{_CUT[0]}"', 'fault = "power"')
    yield from (f"node = {quoted(node)}", f'heal_after = "{_CUT[1]}"', "")
    kept = [guest.sid for guest in layout.guests if guest.ha and guest.state == "started"]
    if kept:
        every = f"each guest in [{', '.join(kept)}]: running(guest)"
        yield from ("[[expect]]", f"that = {plain(every)}")
        yield from ('why = "HA keeps them running"', 'after = "power-cut"', 'within = "6m"')


def fullest(layout: ClusterLayout) -> str:
    """The node with the most guests that HA keeps running; then with the most guests."""
    kept = Counter(guest.node for guest in layout.guests if guest.ha and guest.state == "started")
    every = Counter(guest.node for guest in layout.guests)
    return min(layout.node_names(), key=lambda name: (-kept[name], -every[name], name))
