"""What `--sim` of a command reaches (entry point group `quorate.worlds`)."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from scenarios.operated import SimConnection


def connect(
    scenario: str, at_s: float | None, node: str | None, *, new: bool = False
) -> SimConnection:
    """To a node of the scenario's cluster. ConfigError for a bad file or an unknown node."""
    from scenarios.format import load
    from scenarios.operated import SimConnection, chosen_node, operated
    from scenarios.shipped import locate

    loaded = load(locate(scenario))
    chosen = chosen_node(loaded.layout, node, new=new)
    outside = () if chosen in loaded.layout.node_names() else (chosen,)
    cluster, notes = operated(loaded, at_s, outside)
    return SimConnection(cluster, chosen, notes)
