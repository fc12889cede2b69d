"""The cluster that a seed is tried on: of the size asked for, with drawn options and rules."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from sim.entropy import Entropy
from sim.layout import ClusterLayout, GuestSpec, NodeSpec

SHUTDOWN_POLICIES = ("conditional", "freeze", "failover", "migrate")
SCHEDULERS = ("basic", "static", "dynamic")
GROUP = 3  # guests that share one rule


def pick(choices: Sequence[str], entropy: Entropy, *key: str | int) -> str:
    """One of the choices."""
    return choices[int(entropy.unit(*key) * len(choices))]


def drawn_cluster(nodes: int, guests: int, entropy: Entropy) -> ClusterLayout:
    """So many nodes and guests, shared storage, two links; the rest is drawn."""
    names = [f"node{number + 1}" for number in range(nodes)]
    specs = tuple(_node(name, entropy) for name in names)
    made = tuple(_guest(number, names, entropy) for number in range(guests))
    layout = ClusterLayout(specs, guests=made)
    if nodes > 2 and entropy.unit("groups") < 0.1:
        layout = _with_group(layout, names, entropy)
    return with_options(layout, entropy)


def _with_group(layout: ClusterLayout, names: Sequence[str], entropy: Entropy) -> ClusterLayout:
    """A legacy group of some nodes with the last guests in it; it becomes a rule by itself."""
    chosen = _some(list(names), 2 + int(entropy.unit("group nodes") * 2), 0, entropy)
    restricted = int(entropy.unit("group restricted") < 0.5)
    text = f"group: some\n\tnodes {','.join(chosen)}\n\trestricted {restricted}\n"
    first = len(layout.guests) - GROUP
    guests = tuple(
        replace(guest, group="some") if number >= first else guest
        for number, guest in enumerate(layout.guests)
    )
    return replace(layout, guests=guests, groups_cfg=text)


def with_options(layout: ClusterLayout, entropy: Entropy) -> ClusterLayout:
    """The cluster with a drawn shutdown policy, scheduler and rules where it names none."""
    rules = layout.rules_cfg or _rules(layout, entropy)
    datacenter = layout.datacenter_cfg or _datacenter(entropy)
    return replace(layout, rules_cfg=rules, datacenter_cfg=datacenter)


def _node(name: str, entropy: Entropy) -> NodeSpec:
    # Drifting clocks cost coasting some of its skips, so not every seed has them.
    drifts = entropy.unit("drifts") < 0.3
    drift_ppm = round(entropy.between(-50, 50, "drift", name)) if drifts else 0
    skew_s = round(entropy.between(-2, 2, "skew", name), 3)
    return NodeSpec(name, drift_ppm=drift_ppm, skew_s=skew_s)


def _guest(number: int, names: Sequence[str], entropy: Entropy) -> GuestSpec:
    kind = "ct" if entropy.unit("kind", number) < 0.25 else "vm"
    busy = round(entropy.between(0.05, 0.6, "busy", number), 2)
    dirty_bytes_s = round(entropy.between(5e6, 200e6, "dirty", number), -6)
    bad_node = pick(names, entropy, "bad node", number)
    bad = len(names) > 1 and entropy.unit("bad start", number) < 0.04
    return GuestSpec(
        f"{kind}:{100 + number}",
        names[number % len(names)],
        busy=busy,
        dirty_bytes_s=dirty_bytes_s,
        start_fails={bad_node: 2} if bad else {},
        migration_fails=int(entropy.unit("bad move", number) < 0.1),
        failback=entropy.unit("failback", number) < 0.8,
    )


def _datacenter(entropy: Entropy) -> str:
    lines = [f"ha: shutdown_policy={pick(SHUTDOWN_POLICIES, entropy, 'policy')}"]
    mode = pick(SCHEDULERS, entropy, "scheduler")
    crs = [f"ha={mode}"]
    if entropy.unit("rebalance on start") < 0.3:
        crs.append("ha-rebalance-on-start=1")
    if mode != "basic" and entropy.unit("auto rebalance") < 0.3:
        crs.append("ha-auto-rebalance=1")
    lines.append(f"crs: {','.join(crs)}")
    return "\n".join(lines) + "\n"


def _rules(layout: ClusterLayout, entropy: Entropy) -> str:
    """Each run of three guests may have one rule of its own, so that no two rules conflict."""
    sids = [guest.sid for guest in layout.guests if guest.ha and guest.group is None]
    names = list(layout.node_names())
    sections = []
    for number, start in enumerate(range(0, len(sids) - 1, GROUP)):
        members = sids[start : start + GROUP]
        section = _rule(number, members, names, entropy)
        if section:
            sections.append(section)
    return "\n".join(sections)


def _rule(number: int, members: list[str], names: list[str], entropy: Entropy) -> str:
    draw, listed = entropy.unit("rule", number), ",".join(members)
    if draw < 0.25 and len(names) >= 3:
        chosen = _some(names, 2 + int(entropy.unit("rule nodes", number) * 2), number, entropy)
        strict = int(entropy.unit("rule strict", number) < 0.7)
        return (
            f"node-affinity: place{number}\n"
            f"\tresources {listed}\n\tnodes {','.join(chosen)}\n\tstrict {strict}\n"
        )
    if draw < 0.5 and len(members) <= len(names) - 1:
        return f"resource-affinity: apart{number}\n\tresources {listed}\n\taffinity negative\n"
    if draw < 0.6:
        return f"resource-affinity: together{number}\n\tresources {listed}\n\taffinity positive\n"
    return ""


def _some(names: list[str], count: int, number: int, entropy: Entropy) -> list[str]:
    ranked = sorted(names, key=lambda name: (entropy.unit("rule node", number, name), name))
    return sorted(ranked[:count])
