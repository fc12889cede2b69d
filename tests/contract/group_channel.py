"""What every group channel promises.

After each test the histories of all daemons are compared, see `tests.contract.histories`.
"""

from __future__ import annotations

import pytest

from appliance.ports.group_channel import MAX_MESSAGE_BYTES, Delivered, Dropped, GroupView
from tests.contract.group import GROUP, Group, delivered, members, views
from tests.contract.histories import OUTSIDE
from tests.contract.worlds import ClusterWorld

LARGE_BYTES = 8_000_000


class SoleMemberContract:
    """What holds for a node alone too. Needs a fixture `world`, a `ClusterWorld` of any size."""

    @pytest.fixture
    def group(self, world: ClusterWorld) -> Group:
        return Group(world)

    def test_who_is_not_in_the_group_cannot_send(self, world: ClusterWorld, group: Group) -> None:
        a = world.names[0]
        call = group.send(a, b"too early")
        world.until(lambda: call.done, "an answer")
        assert call.error == "unavailable"
        group.join()
        left = world.daemon(a).leave()
        world.until(lambda: left.done, "a to leave")
        call = group.send(a, b"too late")
        world.until(lambda: call.done, "an answer")
        assert call.error == "unavailable"
        again = world.daemon(a).leave()
        world.until(lambda: again.done, "a second leave")
        assert again.error is None
        group.finish()

    def test_a_channel_is_in_one_group_at_most(self, world: ClusterWorld, group: Group) -> None:
        group.join()
        call = world.daemon(world.names[0]).join("another")
        world.until(lambda: call.done, "an answer")
        assert call.error == "refused"
        group.finish()

    def test_all_deliver_all_in_one_order(self, world: ClusterWorld, group: Group) -> None:
        group.join()
        payloads = {
            node: [f"{node}/{number}".encode() for number in range(200)] for node in world.names
        }
        calls = [
            group.send(node, payloads[node][number])
            for number in range(200)
            for node in world.names
        ]
        world.until(lambda: all(call.done for call in calls), "messages to be accepted")
        everything = [payload for own in payloads.values() for payload in own]
        group.get(world.names, everything)
        first = delivered(world.daemon(world.names[0]))
        assert len(first) == len(everything)
        for node in world.names:
            assert delivered(world.daemon(node)) == first
            assert [payload for payload in first if payload in payloads[node]] == payloads[node]
        group.finish()

    def test_only_the_sender_is_told_the_ticket(self, world: ClusterWorld, group: Group) -> None:
        a, *others = world.names
        group.join()
        call = group.send(a, b"one")
        group.get(world.names, [b"one"])
        world.until(lambda: call.done, "the ticket")
        assert world.daemon(a).history[-1] == Delivered(a, b"one", call.value)
        for other in others:
            assert world.daemon(other).history[-1] == Delivered(a, b"one", None)
        group.finish()

    @pytest.mark.parametrize("size", [0, 1, 1023, 300_000, 2_500_000])
    def test_messages_of_any_size(self, world: ClusterWorld, group: Group, size: int) -> None:
        group.join()
        payload = bytes(number % 251 for number in range(size % 5000)) + bytes(size - size % 5000)
        group.send_all(world.names[0], [payload])
        group.get(world.names, [payload])
        group.finish()

    def test_the_largest_message_and_one_that_is_larger(
        self, world: ClusterWorld, group: Group
    ) -> None:
        a, b = world.names[0], world.names[-1]
        group.join()
        refused = group.send(a, bytes(MAX_MESSAGE_BYTES + 1))
        accepted = group.send(a, bytes(MAX_MESSAGE_BYTES))
        group.send_all(b, [f"meanwhile {number}".encode() for number in range(20)])
        world.until(lambda: refused.done and accepted.done, "the answers")
        assert refused.error == "too_large"
        assert accepted.error is None
        group.get(world.names, [bytes(MAX_MESSAGE_BYTES)])
        group.finish()


class GroupChannelContract(SoleMemberContract):
    """Needs a fixture `world`, a `ClusterWorld`."""

    # joining and leaving

    def test_members_see_each_other_come_and_go(self, world: ClusterWorld, group: Group) -> None:
        a, b, c = world.names[:3]
        for count, node in enumerate((a, b, c), start=1):
            world.daemon(node).join(GROUP)
            group.see((a, b, c)[:count], (a, b, c)[:count])
        assert views(world.daemon(a))[0] == GroupView((a,), (a,))
        assert views(world.daemon(a))[-1] == GroupView((a, b, c), (a, b))
        assert views(world.daemon(c)) == [GroupView((a, b, c), (c,))]
        world.daemon(b).leave()
        group.see((a, c), (a, c))
        world.until(lambda: members(world.daemon(b)) == (), "b to be outside")
        assert views(world.daemon(b))[-1] == OUTSIDE
        assert views(world.daemon(a))[-1] == GroupView((a, c), (a, c))
        group.rejoin(b)
        assert views(world.daemon(b))[-1].together == (b,)
        group.finish()

    def test_groups_do_not_hear_each_other(self, world: ClusterWorld, group: Group) -> None:
        a, b, c = world.names[:3]
        group.join((a, b))
        world.daemon(c).join("another")
        group.see((c,), (c,))
        group.send_all(a, [b"to the first"])
        group.send_all(c, [b"to the other"])
        group.get((a, b), [b"to the first"])
        group.get((c,), [b"to the other"])
        assert delivered(world.daemon(c)) == [b"to the other"]
        group.finish()

    # nodes that go

    def test_a_daemon_dies_and_comes_back(self, world: ClusterWorld, group: Group) -> None:
        a, b, c = world.names[:3]
        group.join()
        streams = [group.stream(node, 1.0) for node in (a, b, c)]
        world.sleep(0.3)
        world.end_daemon(c)
        group.see((a, b), (a, b))
        world.start_daemon(c)
        group.rejoin(c)
        assert views(world.daemon(a))[-1].together == (a, b)
        world.until(lambda: all(call.done for call in streams[:2]), "streams to end")
        group.finish()

    def test_a_node_loses_power_among_many_messages(
        self, world: ClusterWorld, group: Group
    ) -> None:
        a, b, c = world.names[:3]
        group.join()
        streams = [group.stream(node, 1.5, 300) for node in (a, b, c)]
        world.sleep(0.5)
        world.power_off(c)
        group.see((a, b), (a, b))
        world.until(lambda: all(call.done for call in streams[:2]), "streams to end")
        world.power_on(c)
        group.rejoin(c)
        group.finish()

    def test_the_group_service_dies_under_its_daemon(
        self, world: ClusterWorld, group: Group
    ) -> None:
        a, b, c = world.names[:3]
        group.join()
        group.send_all(c, [b"before"])
        group.get(world.names, [b"before"])
        world.end_service(c)
        world.until(lambda: members(world.daemon(c)) == (), "c to be outside")
        call = group.send(c, b"meanwhile")
        world.until(lambda: call.done, "an answer")
        assert call.error == "unavailable"
        group.see((a, b), (a, b))
        world.start_service(c)
        group.see(world.names, world.names)
        back = views(world.daemon(c))
        outside = len(back) - 1 - back[::-1].index(OUTSIDE)
        assert back[outside + 1].together == (c,)
        group.send_all(c, [b"after"])
        group.get(world.names, [b"after"])
        group.finish()

    def test_a_paused_node_finds_that_the_others_left_and_came_back(
        self, world: ClusterWorld, group: Group
    ) -> None:
        a, b, c = world.names[:3]
        group.join()
        world.pause(c)
        group.see((a, b), (a, b))
        group.send_all(a, [b"while c slept"])
        group.get((a, b), [b"while c slept"])
        slept = len(views(world.daemon(c)))
        world.resume(c)
        group.see((a, b), world.names)
        world.until(lambda: len(views(world.daemon(c))) >= slept + 2, "c to see two views")
        assert views(world.daemon(c))[slept:] == [
            GroupView((c,), (c,)),
            GroupView(tuple(sorted(world.names)), (c,)),
        ]
        assert views(world.daemon(a))[-1].together == tuple(sorted((a, b)))
        assert b"while c slept" not in delivered(world.daemon(c))
        group.finish()

    # networks that break

    def test_both_sides_of_a_partition_go_on_and_nothing_is_replayed(
        self, world: ClusterWorld, group: Group
    ) -> None:
        """Also the side without quorum: whoever must not act without it has to ask."""
        a, b, *rest = world.names
        group.join()
        world.partition((a, b), rest)
        group.see((a, b), (a, b))
        group.see(rest, rest)
        group.send_all(a, [b"one side"])
        group.send_all(rest[0], [b"other side"])
        group.get((a, b), [b"one side"])
        group.get(rest, [b"other side"])
        world.heal()
        group.see(world.names, world.names)
        assert views(world.daemon(a))[-1].together == tuple(sorted((a, b)))
        assert views(world.daemon(rest[0]))[-1].together == tuple(sorted(rest))
        group.finish()
        assert b"other side" not in delivered(world.daemon(a))
        assert b"one side" not in delivered(world.daemon(rest[0]))

    def test_a_partition_among_many_messages(self, world: ClusterWorld, group: Group) -> None:
        a, *rest = world.names
        group.join()
        streams = [group.stream(node, 4.0, 200) for node in world.names]
        world.sleep(0.5)
        world.partition((a,), rest)
        group.see((a,), (a,))
        group.see(rest, rest)
        world.heal()
        world.until(lambda: all(call.done for call in streams), "streams to end")
        group.see(world.names, world.names)
        group.finish()

    def test_a_node_that_hears_nobody_falls_out(self, world: ClusterWorld, group: Group) -> None:
        a, b, c = world.names[:3]
        group.join()
        world.deafen(c)
        group.see((c,), (c,))
        group.see((a, b), (a, b))
        group.send_all(a, [b"without c"])
        group.get((a, b), [b"without c"])
        world.heal()
        group.see(world.names, world.names)
        group.finish()

    def test_messages_wait_while_the_view_changes(self, world: ClusterWorld, group: Group) -> None:
        """Sent to a group that lost a member and does not know it yet."""
        a, b, c = world.names[:3]
        group.join()
        world.power_off(c)
        calls = [group.send(a, f"early {number}".encode()) for number in range(50)]
        group.get((a, b), [f"early {number}".encode() for number in range(50)])
        world.until(lambda: all(call.done for call in calls), "tickets")
        world.power_on(c)
        group.rejoin(c)
        group.finish()

    def test_large_messages_are_delivered_by_all_or_by_none(
        self, world: ClusterWorld, group: Group
    ) -> None:
        """While another daemon comes and goes, which changes the view each time."""
        a, b, c = world.names[:3]
        group.join()
        calls = [
            group.send(node, f"{node}/{number}/".encode().ljust(LARGE_BYTES, b"."))
            for number in range(3)
            for node in (a, b)
        ]
        while not all(call.done for call in calls):
            group.come_and_go(c)
        assert [call.error for call in calls if call.error] == []
        group.see(world.names, world.names)
        group.finish()
        large = f"{LARGE_BYTES} ".encode()
        got = [{p for p in delivered(world.daemon(node)) if p.startswith(large)} for node in (a, b)]
        assert got[0] == got[1]
        dropped = [e for d in (a, b) for e in world.daemon(d).history if isinstance(e, Dropped)]
        assert len(got[0]) + len(dropped) == len(calls)
