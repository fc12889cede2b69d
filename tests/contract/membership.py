"""What every live membership promises."""

from __future__ import annotations

from collections.abc import Sequence

from appliance.model.corosync_conf import (
    add_node,
    parse_corosync_conf,
    remove_node,
    set_token,
    set_votes,
)
from appliance.ports.membership import View
from tests.contract.worlds import Call, ClusterWorld


class MembershipContract:
    """Needs a fixture `world`, a `ClusterWorld` of exactly three nodes with one vote each."""

    # helpers

    def last(self, world: ClusterWorld, node: str) -> View:
        views = world.daemon(node).views
        return views[-1] if views else View((), (), quorate=False, epoch=0)

    def agree(self, world: ClusterWorld, nodes: Sequence[str], online: Sequence[str]) -> None:
        """Wait until these nodes have quorum and see exactly those online."""
        expected = tuple(sorted(online))
        world.until(
            lambda: all(
                view.quorate and view.online == expected
                for view in (self.last(world, node) for node in nodes)
            ),
            f"{nodes} to see {online} online",
        )

    def lonely(self, world: ClusterWorld, node: str) -> None:
        """Wait until this node has no quorum, and sees nobody for that reason."""
        world.until(lambda: not self.last(world, node).quorate, f"{node} to lose quorum")
        assert self.last(world, node).online == ()

    def done(self, world: ClusterWorld, call: Call) -> Call:
        world.until(lambda: call.done, "an answer")
        return call

    # tests

    def test_a_whole_cluster(self, world: ClusterWorld) -> None:
        self.agree(world, world.names, world.names)
        for node in world.names:
            assert self.last(world, node).members == tuple(sorted(world.names))
            assert self.done(world, world.daemon(node).refresh()).value is True

    def test_epochs_grow_with_every_change(self, world: ClusterWorld) -> None:
        a, b, c = world.names
        self.agree(world, world.names, world.names)
        world.power_off(c)
        self.agree(world, (a, b), (a, b))
        world.power_on(c)
        self.agree(world, world.names, world.names)
        for node in (a, b):
            epochs = [view.epoch for view in world.daemon(node).views]
            assert epochs == sorted(set(epochs))

    def test_waiting_for_a_change(self, world: ClusterWorld) -> None:
        a, _, c = world.names
        self.agree(world, world.names, world.names)
        epoch = self.last(world, a).epoch
        past, future = world.daemon(a).changed(epoch - 1), world.daemon(a).changed(epoch)
        assert self.done(world, past).value == epoch
        world.sleep(0.2)
        assert not future.done
        world.power_off(c)
        assert self.done(world, future).value > epoch

    def test_two_of_three_have_quorum_one_has_none(self, world: ClusterWorld) -> None:
        a, b, c = world.names
        self.agree(world, world.names, world.names)
        world.partition((a,), (b, c))
        self.agree(world, (b, c), (b, c))
        self.lonely(world, a)
        assert self.last(world, a).members == tuple(sorted(world.names))
        world.heal()
        self.agree(world, world.names, world.names)

    def test_a_node_that_starts_alone_has_no_quorum(self, world: ClusterWorld) -> None:
        a, b, _ = world.names
        for node in world.names:
            world.power_off(node)
        world.power_on(a)
        world.until(lambda: bool(self.last(world, a).members), "a view")
        self.lonely(world, a)
        world.power_on(b)
        self.agree(world, (a, b), (a, b))

    def test_a_paused_node_may_not_see_quorum_go_but_its_epoch_moves_on(
        self, world: ClusterWorld
    ) -> None:
        """Which of the two it sees is a matter of moments, so quorum alone protects nothing."""
        a, b, c = world.names
        self.agree(world, world.names, world.names)
        before = self.last(world, c)
        world.pause(c)
        self.agree(world, (a, b), (a, b))
        world.resume(c)
        self.agree(world, world.names, world.names)
        world.until(lambda: self.last(world, c).epoch >= before.epoch + 2, "c to notice")
        self.agree(world, world.names, world.names)

    def test_without_the_cluster_service_there_is_no_quorum(self, world: ClusterWorld) -> None:
        a, b, c = world.names
        self.agree(world, world.names, world.names)
        world.end_service(c)
        self.lonely(world, c)
        assert self.last(world, c).members == tuple(sorted(world.names))
        assert self.done(world, world.daemon(c).refresh()).value is False
        assert self.done(world, world.daemon(c).votes()).error == "unavailable"
        self.agree(world, (a, b), (a, b))
        world.start_service(c)
        self.agree(world, world.names, world.names)
        assert self.done(world, world.daemon(c).refresh()).value is True

    def test_votes(self, world: ClusterWorld) -> None:
        a, b, c = world.names
        self.agree(world, world.names, world.names)
        votes = self.done(world, world.daemon(a).votes()).value
        assert (votes.expected, votes.present, votes.needed) == (3, 3, 2)
        assert "Quorate" in votes.flags
        world.partition((a,), (b, c))
        self.lonely(world, a)
        votes = self.done(world, world.daemon(a).votes()).value
        assert (votes.expected, votes.present, votes.needed) == (3, 1, 2)
        assert "Quorate" not in votes.flags

    def test_an_operator_lets_the_last_node_go_on(self, world: ClusterWorld) -> None:
        a, b, c = world.names
        self.agree(world, world.names, world.names)
        refused = self.done(world, world.daemon(a).expect(0))
        assert refused.error == "refused"
        world.power_off(b)
        world.power_off(c)
        self.lonely(world, a)
        assert self.done(world, world.daemon(a).expect(1)).error is None
        self.agree(world, (a,), (a,))
        votes = self.done(world, world.daemon(a).votes()).value
        assert (votes.expected, votes.needed) == (1, 1)

    def test_a_new_layout_holds_at_once(self, world: ClusterWorld) -> None:
        self.agree(world, world.names, world.names)
        layout = parse_corosync_conf(world.layout())
        grown = add_node(layout, "newcomer", {0: "10.77.0.99"})
        for node in world.names:
            assert self.done(world, world.daemon(node).apply(grown.text())).error is None
        wanted = tuple(sorted((*world.names, "newcomer")))
        world.until(
            lambda: all(self.last(world, node).members == wanted for node in world.names),
            "everybody to know the newcomer",
        )
        votes = self.done(world, world.daemon(world.names[0]).votes()).value
        assert (votes.expected, votes.present, votes.needed) == (4, 3, 3)
        self.agree(world, world.names, world.names)

    def test_expected_votes_must_make_sense(self, world: ClusterWorld) -> None:
        a, b, c = world.names
        self.agree(world, world.names, world.names)
        for few_or_many in (0, 1, 2, 6):
            refused = self.done(world, world.daemon(a).expect(few_or_many))
            assert refused.error == "refused", few_or_many
        assert self.done(world, world.daemon(a).expect(5)).error is None
        world.until(lambda: self.tally(world, b) == (5, 3, 3), "the others to expect as many")
        world.power_off(c)
        self.lonely(world, a)

    def test_a_node_less_is_expected_no_more(self, world: ClusterWorld) -> None:
        a, b, c = world.names
        self.agree(world, world.names, world.names)
        world.power_off(c)
        self.agree(world, (a, b), (a, b))
        smaller = remove_node(parse_corosync_conf(world.layout()), c)
        for node in (a, b):
            assert self.done(world, world.daemon(node).apply(smaller.text())).error is None
        world.until(
            lambda: all(self.last(world, node).members == (a, b) for node in (a, b)),
            "both to forget the third",
        )
        world.until(lambda: self.tally(world, a) == (2, 2, 2), "two to be expected")
        world.power_off(b)
        self.lonely(world, a)

    def test_votes_are_counted_as_the_layout_says(self, world: ClusterWorld) -> None:
        a, b, c = world.names
        self.agree(world, world.names, world.names)
        heavier = set_votes(parse_corosync_conf(world.layout()), a, 3)
        for node in world.names:
            assert self.done(world, world.daemon(node).apply(heavier.text())).error is None
        world.until(lambda: self.tally(world, b) == (5, 5, 3), "five votes to be counted")
        assert self.done(world, world.daemon(b).votes()).value.layout == heavier.version
        world.partition((a,), (b, c))
        self.agree(world, (a,), (a,))
        self.lonely(world, b)

    def tally(self, world: ClusterWorld, node: str) -> tuple[int, int, int]:
        """Votes expected, present and needed."""
        votes = self.done(world, world.daemon(node).votes()).value
        return votes.expected, votes.present, votes.needed

    def test_a_layout_that_is_not_newer_or_wrong_is_refused(self, world: ClusterWorld) -> None:
        a = world.names[0]
        self.agree(world, world.names, world.names)
        layout = parse_corosync_conf(world.layout())
        newer = set_token(layout, token_ms=layout.token_ms + 1)
        assert self.done(world, world.daemon(a).apply(newer.text())).error is None
        assert self.done(world, world.daemon(a).apply(newer.text())).error is None
        assert self.done(world, world.daemon(a).apply(layout.text())).error == "config"
        wrong = newer.bumped().text().replace("nodeid: 2", "nodeid: 1")
        assert self.done(world, world.daemon(a).apply(wrong)).error == "config"
        self.agree(world, world.names, world.names)
