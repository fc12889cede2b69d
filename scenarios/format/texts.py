"""The texts in Proxmox VE's formats inside a scenario: rules, groups and datacenter options."""

from __future__ import annotations

from collections.abc import Mapping

from scenarios.format.fields import Place, Table
from sim.layout import ClusterLayout


def check_texts(cluster: Table, layout: ClusterLayout, places: Mapping[str, Place]) -> None:
    """Raises ConfigError, with the line in the scenario file, where a text breaks a rule."""
    for guest in layout.guests:
        if guest.group is not None and f"group: {guest.group}" not in layout.groups_cfg:
            places[guest.sid].fail(
                f"'{guest.sid}' is in group '{guest.group}', which is not in groups"
            )
