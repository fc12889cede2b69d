"""Who hears whom: shapes of networks, and faults that overlap."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.model.errors import ConfigError
from sim.layout import ClusterLayout, LinkSpec, NodeSpec, QuorumSpec
from sim.network.fabric import QDEVICE, Fabric, effective_token_s

ONE_SITE = tuple(NodeSpec(f"n{number}") for number in range(1, 6))
TWO_SITES = (*(NodeSpec(f"a{n}", site="east") for n in (1, 2)), NodeSpec("b1", site="west"))
TWO_SITE_LINKS = (
    LinkSpec("link0", {"east": "e0", "west": "w0"}, latency_ms=0.5),
    LinkSpec("link1", {"east": "e1", "west": "w1"}, latency_ms=2.0, bandwidth_bytes_s=1e8),
)


def flat() -> Fabric:
    return Fabric(ClusterLayout(nodes=ONE_SITE))


def two_sites(quorum: QuorumSpec | None = None) -> Fabric:
    layout = ClusterLayout(nodes=TWO_SITES, links=TWO_SITE_LINKS, quorum=quorum or QuorumSpec())
    return Fabric(layout)


def rings(fabric: Fabric) -> tuple[tuple[str, ...], ...]:
    return fabric.components(fabric.nodes)


def test_everybody_hears_everybody_at_first() -> None:
    fabric = flat()
    assert rings(fabric) == (("n1", "n2", "n3", "n4", "n5"),)
    assert fabric.path_links("n1", "n2") == ("link0", "link1")
    assert not fabric.hears("n1", "n1")


def test_one_of_two_links_is_not_missed() -> None:
    fabric = flat()
    fabric.set_nic("n1", "link0", up=False)
    assert fabric.path_links("n1", "n2") == ("link1",)
    assert rings(fabric) == (fabric.nodes,)
    fabric.set_switch("switch2", up=False)
    assert rings(fabric) == (("n1",), ("n2", "n3", "n4", "n5"))


def test_a_switch_serves_every_link_it_is_named_in() -> None:
    links = (LinkSpec("link0", {"site1": "sw"}), LinkSpec("link1", {"site1": "sw"}))
    fabric = Fabric(ClusterLayout(nodes=ONE_SITE, links=links))
    fabric.set_switch("sw", up=False)
    assert rings(fabric) == tuple((name,) for name in fabric.nodes)


def test_trunks_divide_sites_when_the_last_is_cut() -> None:
    fabric = two_sites()
    fabric.set_trunk("link0", up=False)
    assert fabric.path_links("a1", "b1") == ("link1",)
    fabric.set_trunk("link1", up=False)
    assert rings(fabric) == (("a1", "a2"), ("b1",))


def test_a_site_without_network_is_dark_inside_too() -> None:
    fabric = two_sites()
    fabric.set_site_network("east", up=False)
    assert rings(fabric) == (("a1",), ("a2",), ("b1",))
    fabric.set_site_network("east", up=True)
    assert rings(fabric) == (("a1", "a2", "b1"),)


def test_overlapping_faults_heal_when_the_last_one_does() -> None:
    fabric = flat()
    for link in ("link0", "link1"):
        fabric.set_nic("n1", link, up=False)
        fabric.set_nic("n1", link, up=False)
        fabric.set_nic("n1", link, up=True)
    assert not fabric.mutual("n1", "n2")
    fabric.set_nic("n1", "link1", up=True)
    assert fabric.mutual("n1", "n2")


def test_healing_what_is_not_down_is_a_defect() -> None:
    fabric = flat()
    with pytest.raises(ValueError, match="is not down"):
        fabric.set_nic("n1", "link0", up=True)
    fabric.set_switch("switch1", up=False)
    fabric.set_switch("switch1", up=True)
    with pytest.raises(ValueError, match="switch switch1 is not down"):
        fabric.set_switch("switch1", up=True)


@pytest.mark.parametrize(
    "call",
    [
        lambda fabric: fabric.set_nic("nope", "link0", False),
        lambda fabric: fabric.set_nic("n1", "nope", False),
        lambda fabric: fabric.set_switch("nope", False),
        lambda fabric: fabric.set_trunk("nope", False),
        lambda fabric: fabric.set_site_network("nope", False),
        lambda fabric: fabric.set_qdevice_path("nope", False),
        lambda fabric: fabric.block([["nope"], ["n1"]]),
        lambda fabric: fabric.set_loss("nope", 0.1),
    ],
)
def test_unknown_names_are_told(call: Callable[[Fabric], object]) -> None:
    with pytest.raises(ValueError, match=r"no .* nope; there are: "):
        call(flat())


def test_a_node_needs_a_switch_in_its_site() -> None:
    links = (LinkSpec("link0", {"elsewhere": "sw"}),)
    with pytest.raises(ConfigError, match="switches: link link0 has no switch in site site1"):
        Fabric(ClusterLayout(nodes=ONE_SITE, links=links))


def test_the_device_has_its_name_for_itself() -> None:
    with pytest.raises(ConfigError, match="name: no node may be called qdevice"):
        Fabric(ClusterLayout(nodes=(NodeSpec(QDEVICE),)))


def test_partition_of_any_shape() -> None:
    fabric = flat()
    handle = fabric.block([["n1", "n2"], ["n3", "n4"]])
    assert not fabric.hears("n1", "n3")
    assert fabric.mutual("n5", "n1")
    assert fabric.mutual("n5", "n3")
    assert rings(fabric) == (("n1", "n2", "n5"), ("n3", "n4"))
    other = fabric.block([["n5"], ["n1", "n2"]])
    assert rings(fabric) == (("n1", "n2"), ("n3", "n4", "n5"))
    fabric.unblock(handle)
    assert rings(fabric) == (("n1", "n2", "n3", "n4"), ("n5",))
    fabric.unblock(other)
    assert rings(fabric) == (fabric.nodes,)


def test_partition_of_one_link_leaves_the_other() -> None:
    fabric = flat()
    fabric.block([["n1"], ["n2", "n3", "n4", "n5"]], link="link0")
    assert fabric.path_links("n1", "n2") == ("link1",)
    assert rings(fabric) == (fabric.nodes,)


def test_one_way() -> None:
    fabric = flat()
    handle = fabric.block_one_way(["n1"], ["n2"])
    assert fabric.hears("n1", "n2")
    assert not fabric.hears("n2", "n1")
    assert not fabric.mutual("n1", "n2")
    assert rings(fabric) == (("n1", "n3", "n4", "n5"), ("n2",))
    fabric.unblock(handle)
    assert fabric.mutual("n1", "n2")


def test_two_half_links_make_no_whole_one() -> None:
    fabric = flat()
    fabric.block_one_way(["n1"], ["n2"], link="link0")
    fabric.block_one_way(["n2"], ["n1"], link="link1")
    assert fabric.hears("n1", "n2")
    assert fabric.hears("n2", "n1")
    assert not fabric.mutual("n1", "n2")
    assert fabric.path_links("n1", "n2") == ()


def test_latency() -> None:
    fabric = two_sites()
    assert fabric.latency_s("a1", "a2") == pytest.approx(0.0005)
    assert fabric.latency_s("a1", "b1") == pytest.approx(0.001)
    fabric.set_latency("link0", 30, cause=1)
    fabric.set_latency("link0", 20, cause=2)
    assert fabric.latency_s("a1", "a2") == pytest.approx(0.002)  # link1 is faster now
    fabric.set_trunk("link1", up=False)
    assert fabric.latency_s("a1", "b1") == pytest.approx(0.051)
    fabric.set_latency("link0", 0, cause=1)
    assert fabric.latency_s("a1", "b1") == pytest.approx(0.021)
    fabric.set_trunk("link0", up=False)
    assert math.isinf(fabric.latency_s("a1", "b1"))


def test_a_link_slower_than_its_pings_may_be_is_dead() -> None:
    fabric = two_sites()
    quarter_ms = effective_token_s(QuorumSpec(), 3) / 4 * 1000
    for link in ("link0", "link1"):
        fabric.set_latency(link, quarter_ms - 1)
    assert fabric.mutual("a1", "b1")
    for link in ("link0", "link1"):
        fabric.set_latency(link, quarter_ms)
    assert not fabric.mutual("a1", "b1")


def test_loss_costs_time_and_kills_in_the_end() -> None:
    fabric = flat()
    fabric.set_switch("switch2", up=False)
    before_s, wide = fabric.latency_s("n1", "n2"), fabric.bandwidth("n1", "n2")
    fabric.set_loss("link0", 0.5, cause=1)
    assert fabric.latency_s("n1", "n2") == pytest.approx(before_s + 0.2)
    assert fabric.bandwidth("n1", "n2") == pytest.approx(wide / 2)
    fabric.set_loss("link0", 0.8, cause=2)  # together 0.9
    assert not fabric.hears("n1", "n2")
    fabric.set_loss("link0", 0, cause=1)
    assert fabric.hears("n1", "n2")


def test_bandwidth_is_that_of_the_widest_link() -> None:
    fabric = two_sites()
    assert fabric.bandwidth("a1", "b1") == 1.25e9
    fabric.set_nic("b1", "link0", up=False)
    assert fabric.bandwidth("a1", "b1") == 1e8
    fabric.set_nic("b1", "link1", up=False)
    assert fabric.bandwidth("a1", "b1") == 0


def test_effective_token() -> None:
    assert effective_token_s(QuorumSpec(), 2) == 3.0
    assert effective_token_s(QuorumSpec(), 3) == 3.65
    assert effective_token_s(QuorumSpec(token_s=1.0), 3) == 1.65
    assert effective_token_s(QuorumSpec(token_coefficient_s=0), 32) == 3.0


def test_quorum_device_apart_from_the_cluster_links() -> None:
    fabric = two_sites(QuorumSpec(qdevice=True))
    for link in ("link0", "link1"):
        fabric.set_nic("b1", link, up=False)
    assert fabric.qdevice_reachable("b1")
    fabric.set_qdevice_path("b1", up=False)
    assert not fabric.qdevice_reachable("b1")
    assert fabric.qdevice_reachable("a1")
    fabric.set_qdevice(up=False)
    assert not fabric.qdevice_reachable("a1")
    fabric.set_qdevice(up=True)
    assert fabric.qdevice_reachable("a1")
    fabric.set_site_network("east", up=False)
    assert not fabric.qdevice_reachable("a1")


def test_quorum_device_in_a_site_is_reached_over_its_switches() -> None:
    fabric = two_sites(QuorumSpec(qdevice=True, qdevice_site="west"))
    assert fabric.qdevice_reachable("a1")
    fabric.set_trunk("link0", up=False)
    fabric.set_trunk("link1", up=False)
    assert not fabric.qdevice_reachable("a1")
    assert fabric.qdevice_reachable("b1")
    assert rings(fabric) == (("a1", "a2"), ("b1",))


def test_quorum_device_can_be_in_a_partition() -> None:
    for site in (None, "west"):
        fabric = two_sites(QuorumSpec(qdevice=True, qdevice_site=site))
        fabric.block([["a1"], ["a2", "b1", QDEVICE]])
        assert not fabric.qdevice_reachable("a1")
        assert fabric.qdevice_reachable("a2")


def test_only_who_is_alive_is_in_a_group() -> None:
    fabric = flat()
    assert fabric.components(("n2", "n4")) == (("n2", "n4"),)
    assert fabric.components(()) == ()


PARTS = st.lists(
    st.one_of(
        st.tuples(st.just("nic"), st.sampled_from("12345"), st.sampled_from(["link0", "link1"])),
        st.tuples(st.just("switch"), st.sampled_from(["switch1", "switch2"]), st.just("")),
        st.tuples(st.just("way"), st.sampled_from("12345"), st.sampled_from("12345")),
    ),
    max_size=12,
)


@given(parts=PARTS)
def test_groups_are_whole_disjoint_and_mutual_and_all_heals(
    parts: list[tuple[str, str, str]],
) -> None:
    fabric = flat()
    heal: list[Callable[[], object]] = []
    for kind, one, two in parts:
        if kind == "nic":
            fabric.set_nic(f"n{one}", two, up=False)
            heal.append(partial(fabric.set_nic, f"n{one}", two, up=True))
        elif kind == "switch":
            fabric.set_switch(one, up=False)
            heal.append(partial(fabric.set_switch, one, up=True))
        elif one != two:
            handle = fabric.block_one_way([f"n{one}"], [f"n{two}"])
            heal.append(partial(fabric.unblock, handle))
    groups = rings(fabric)
    assert sorted(name for group in groups for name in group) == list(fabric.nodes)
    for group in groups:
        assert all(fabric.mutual(a, b) for a in group for b in group if a != b)
        outside = [name for name in fabric.nodes if name > group[0] and name not in group]
        for name in outside:  # nobody is left out who could have been in, unless taken before
            taken = next(g for g in groups if name in g)
            assert taken < group or not all(fabric.mutual(name, member) for member in group)
    for undo in heal:
        undo()
    assert rings(fabric) == (fabric.nodes,)
