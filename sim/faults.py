"""What can go wrong. A fault begins at an instant and either heals or is declared permanent.

`kind` and the string arguments are the words of scenario files and of journals.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault. Which fields count depends on the kind (see `KINDS`).

    heal_after_s None: permanent unless healed by name. `value` is the kind's number: seconds of a
    clock jump, milliseconds of added latency, share of lost packets, period of a flap in seconds,
    factor of slow I/O.
    """

    kind: str
    node: str | None = None
    link: str | None = None
    switch: str | None = None
    site: str | None = None
    storage: str | None = None
    guest: str | None = None
    groups: tuple[tuple[str, ...], ...] = ()
    value: float | None = None
    heal_after_s: float | None = None


# kind -> fields it needs (optional ones with a trailing "?")
KINDS: dict[str, tuple[str, ...]] = {
    "power": ("node",),  # power cut; healing = power returns and the node boots
    "reset": ("node",),  # reset button: off and booting at once; heals itself
    "hang": ("node",),  # kernel hang: nothing runs; a hardware watchdog resets it
    "pause": ("node",),  # CPU stall: everything of the node stops, later goes on
    "nic": ("node", "link"),  # one NIC down
    "nic_flap": ("node", "link", "value"),  # NIC down and up every `value` seconds
    "isolate": ("node",),  # all cluster links of one node
    "switch": ("switch",),
    "trunk": ("link",),  # the connection between the sites' switches of one link
    "site": ("site",),  # power and network of everything there
    "partition": ("groups", "link?"),  # nodes of different groups do not hear each other
    "one_way": ("groups", "link?"),  # two groups: the first is not heard by the second
    "latency": ("link", "value"),
    "loss": ("link", "value"),
    "qdevice": (),  # the quorum device's host is down
    "qdevice_cut": ("node",),  # one node cannot reach the quorum device
    "storage": ("storage", "node?"),  # outage, everywhere or for one node
    "storage_slow": ("storage", "value"),
    "disk_full": ("storage", "node?"),
    "clock_jump": ("node", "value"),  # wall clock; happens at once, nothing to heal
    "guest_crash": ("guest",),  # happens at once, nothing to heal
    "watchdog_broken": ("node",),  # the watchdog does not fire
}

# Kinds that are over as soon as they happened.
INSTANT = frozenset({"reset", "clock_jump", "guest_crash"})
