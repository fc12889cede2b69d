"""Who decides, and until which place of the order."""

from __future__ import annotations

import itertools
from dataclasses import replace

import pytest

from appliance.core.store.durable import Disk, Write, load, meta_file
from appliance.core.store.electorates import Terms, brought_by, electorates, has_flag, has_majority
from appliance.core.store.judge import judge
from appliance.core.store.log import Log
from appliance.core.store.session import Session, may_act
from appliance.core.store.tree import Tree
from appliance.model.corosync_conf import CorosyncConf, Link, add_node, create, remove_node
from appliance.model.errors import ConfigError, RefusedError
from appliance.model.store.changes import (
    ORIGIN,
    Cells,
    Delete,
    Entry,
    Epoch,
    Point,
    Put,
    Rename,
)
from appliance.model.store.electorate import NO_LAYOUT, Electorate, electorate_of
from appliance.model.store.forms import make_entry
from appliance.model.store.messages import Census, State, Transfer, decode, encode

EPOCH = Epoch(1, "n1", "x")
ONE = create("test", "n1", {0: Link("10.0.0.1")}).bumped()


def grown(conf: CorosyncConf, *names: str) -> CorosyncConf:
    for name in names:
        conf = add_node(conf, name, {0: f"10.0.0.{name[1:]}"})
    return conf


def elect(*names: str, layout: int = 1, since: int = 1, device: int = 0) -> Electorate:
    return Electorate(layout, since, tuple((name, 1) for name in names), device)


def state(
    last: Point = ORIGIN, *found: Electorate, trusted: bool = True, **census: object
) -> State:
    told = replace(Census(True, (), 1, 3, 2), **census)  # type: ignore[arg-type]
    return State(EPOCH, last, trusted, False, told, found or (NO_LAYOUT,))


def change(tree: Tree, log: Log, conf: CorosyncConf) -> Entry:
    """Put a layout into the store."""
    version = log.last.version + 1
    cells = judge(tree, (Put("corosync.conf", conf.text().encode()),), "n1", 0, version)
    entry = make_entry(log.last, EPOCH, None, cells)
    log.append(entry)
    tree.apply(entry)
    return entry


# what a layout says


def test_an_electorate_is_what_the_layout_says() -> None:
    found = electorate_of(grown(ONE, "n2").text().encode(), 7)
    assert found == Electorate(2, 7, (("n1", 1), ("n2", 1)))
    assert (found.total, found.of("n2"), found.of("n9")) == (2, 1, 0)


@pytest.mark.parametrize("content", [b"", b"\xff", b"nonsense {", b"totem {\n}\n"])
def test_a_layout_that_corosync_would_refuse_is_refused(content: bytes) -> None:
    with pytest.raises(ConfigError, match=r"corosync\.conf"):
        judge(Tree(), (Put("corosync.conf", content),), "n1", 0, 1)


def test_the_layout_can_only_become_newer() -> None:
    tree, log = Tree(), Log(ORIGIN)
    change(tree, log, grown(ONE, "n2"))
    with pytest.raises(ConfigError, match="above 2"):
        change(tree, log, ONE)
    for step in (Delete("corosync.conf"), Rename("corosync.conf", "other")):
        with pytest.raises(RefusedError, match="cannot be removed"):
            judge(tree, (step,), "n1", 0, 9)
    assert not any(key == "other" for key in tree.committed)


def test_another_file_may_be_renamed_over_the_layout() -> None:
    """As an editor does it: what counts is what all steps together make of it."""
    tree, log = Tree(), Log(ORIGIN)
    change(tree, log, grown(ONE, "n2"))

    def replaced(conf: CorosyncConf) -> Cells:
        put = Put("corosync.conf.new", conf.text().encode())
        steps = (put, Delete("corosync.conf"), Rename("corosync.conf.new", "corosync.conf"))
        return judge(tree, steps, "n1", 0, 2)

    found = brought_by(replaced(grown(ONE, "n2", "n3")))
    assert found is not None
    assert found.layout == 3
    with pytest.raises(ConfigError, match="above 2"):
        replaced(ONE)


def test_a_layout_in_which_nobody_has_a_vote_is_refused() -> None:
    text = ONE.text().replace("quorum_votes: 1", "quorum_votes: 0")
    with pytest.raises(ConfigError, match="no node has a vote"):
        judge(Tree(), (Put("corosync.conf", text.encode()),), "n1", 0, 1)


def test_what_is_not_known_to_be_committed_comes_on_top() -> None:
    tree, log = Tree(), Log(ORIGIN)
    assert electorates(tree, log) == (NO_LAYOUT,)
    entries = [change(tree, log, ONE), change(tree, log, grown(ONE, "n2"))]
    assert [one.layout for one in electorates(tree, log)] == [0, 1, 2]
    for entry in entries:
        log.commit(entry.version)
        tree.commit(entry)
    assert [one.layout for one in electorates(tree, log)] == [2]


def test_that_a_layout_is_committed_survives_a_crash() -> None:
    puts: list[Write] = []
    disk, tree, log = Disk(puts.append, 0), Tree(), Log(ORIGIN)
    entry = change(tree, log, ONE)
    disk.append(entry)
    files = {"meta": meta_file(0, ORIGIN), "log0": b"".join(put.content for put in puts)}
    assert load(files).log.committed == 0
    disk.note_committed(1)
    files["log0"] = b"".join(put.content for put in puts)
    assert load(files).log.committed == 1


# who may act


def test_more_than_half_of_the_votes_may_act() -> None:
    five = elect("n1", "n2", "n3", "n4", "n5")
    for count in range(1, 6):
        states = {f"n{number}": state() for number in range(1, count + 1)}
        assert may_act(tuple(states), states, five) == (count >= 3)
        strangers = {f"x{number}": state() for number in range(1, count + 1)}
        assert not may_act(tuple(strangers), strangers, five)


def test_untrusted_members_do_not_count_and_fresh_ones_are_not_missed() -> None:
    three = elect("n1", "n2", "n3")
    lost = state(trusted=False)
    assert not has_majority(three, {"n1": state(), "n2": lost})
    fresh = replace(lost, fresh=True)
    assert has_majority(three, {"n1": state(), "n2": fresh, "n3": fresh})
    assert not has_majority(three, {"n1": state(), "n2": fresh})


def test_corosyncs_word_is_good_for_its_own_layout_only() -> None:
    two = replace(elect("n1", "n2", layout=4), yields=True)
    for layout, good in ((4, True), (3, False), (5, False), (0, False)):
        word = state(online=("n1",), needed=1, layout=layout)
        assert has_flag(two, ("n1",), {"n1": word}) == good
    assert has_flag(NO_LAYOUT, ("n1",), {"n1": state(online=("n1",), needed=1)})
    assert not has_flag(two, ("n1",), {"n1": state(online=("n1", "n2"), needed=1, layout=4)})


def test_less_than_a_majority_must_be_meant() -> None:
    """Corosync takes over what others expect, who may have been quorate by an older layout."""
    four, pair = elect("n1", "n2", "n3", "n4", layout=6), ("n2", "n3")
    word = replace(state().census, online=pair, needed=2, layout=6, present=2)
    told = replace(state(), census=word)
    states = dict.fromkeys(pair, told)
    assert not has_flag(four, pair, states)
    assert has_flag(replace(four, yields=True), pair, states), "the layout has an option for it"
    states["n3"] = replace(told, census=replace(word, lowered=True))
    assert has_flag(four, pair, states), "an operator said so"


def test_what_a_device_lends_is_counted_by_the_layout() -> None:
    """A daemon may have been started when the nodes had other votes."""
    names = ("n1", "n2")
    word = Census(True, names, 1, 2, 2, layout=4, present=2)
    told = replace(state(), census=word)
    uneven = Electorate(4, 9, (("n1", 0), ("n2", 1)), device=1)
    assert has_flag(uneven, names, dict.fromkeys(names, told))
    alone = replace(told, census=replace(word, present=1))
    assert not has_flag(uneven, names, {"n1": told, "n2": alone})
    strong = Electorate(4, 9, (("n1", 3), ("n2", 1)))
    full = replace(told, census=replace(word, needed=3, present=4, lent=2))
    states = {"n1": replace(full, trusted=False), "n2": full}
    assert not has_flag(strong, names, states), "what is untrusted is not lent by a device"


# what is committed


def test_a_change_is_committed_by_those_before_it_and_all_else_by_those_after_it() -> None:
    one, two = elect("n1"), elect("n1", "n2", layout=2, since=9)
    terms = Terms((one,))
    terms.change(two, 5)
    assert terms.committed({one: 4, two: 0}) == 4
    assert terms.committed({one: 4, two: 4}) == 4
    assert terms.committed({one: 7, two: 0}) == 5
    assert terms.committed({one: 7, two: 6}) == 6


def test_those_who_decided_before_are_not_asked_again() -> None:
    """Corosync's word was good enough for them; from then on it is of the next layout."""
    two, one = elect("n1", "n2"), elect("n1", layout=2, since=9)
    terms = Terms((two,))
    terms.change(one, 5)
    assert terms.committed({two: 5, one: 5}) == 5
    assert terms.committed({two: 0, one: 6}) == 6
    base = Terms((two, one))
    assert base.committed({two: 1, one: 0}) == 0
    assert base.committed_before({two: 0, one: 0}) == 9


def test_a_change_in_the_base_can_be_committed_before_the_rest_of_it() -> None:
    one, two = elect("n1"), elect("n1", "n2", layout=2, since=9)
    terms = Terms((one, two))
    assert terms.committed({one: 0, two: 3}) == 0
    assert terms.committed_before({one: 0, two: 0}) == 0
    assert terms.committed_before({one: 1, two: 0}) == 9
    assert terms.committed({one: 3, two: 0}) == 0
    assert terms.committed({one: 1, two: 2}) == 2


def test_who_was_behind_decides_as_those_who_were_not() -> None:
    """A member that got a change with a transfer knows its place in the order, not only that it is
    not behind the transfer's: what lies between is for those after the change to decide about.
    """
    old, new = elect("n1", "n3", "n5"), elect("n1", "n3", "n4", "n5", layout=2, since=9)
    donor = Terms((old,))
    donor.change(new, 4)
    behind = Terms((old, new), dict(donor.changes()))
    for agreed_old, agreed_new in itertools.product(range(9), repeat=2):
        agreed = {old: agreed_old, new: agreed_new}
        assert behind.committed(agreed) == donor.committed(agreed)
        assert behind.committed(agreed) <= max(4, agreed_new)
    knowing = Terms((new,), dict(donor.changes()))
    assert knowing.committed({new: 0}) == 4
    assert knowing.changes() == donor.changes()


def test_a_transfer_says_what_is_committed_and_who_came_to_decide_where() -> None:
    piece = Transfer(EPOCH, "n5", 8, 150, ((6, 4), (7, 8)), 148, 0, 1, b"entries")
    assert decode(encode(piece)) == (piece,)


def test_the_same_layout_again_changes_nothing() -> None:
    one = elect("n1")
    terms = Terms((one,))
    terms.change(one, 5)
    assert terms.all() == (one,)


def test_who_knows_most_to_be_committed_is_believed() -> None:
    old, new = elect("n1", "n2", "n3"), elect("n1", "n2", layout=2, since=4)
    session = Session(EPOCH, ("n1", "n2"))
    point = Point(EPOCH, 4, b"x")
    session.states = {"n1": state(point, old, new), "n2": state(point, new)}
    assert session.ready()
    session.start()
    assert session.terms is not None
    assert session.terms.all() == (new,)


def test_older_points_have_no_say_about_who_decides() -> None:
    """Two of the old three are not enough when one of them knows that there are five now."""
    old = elect("n1", "n2", "n3")
    new = elect("n1", "n2", "n3", "n4", "n5", layout=2, since=4)
    session = Session(EPOCH, ("n1", "n2"))
    session.states = {"n1": state(Point(EPOCH, 4, b"x"), new), "n2": state(ORIGIN, old)}
    assert not session.ready()
    session.states["n1"] = state(Point(EPOCH, 4, b"x"), old, new)
    assert session.ready(), "to commit the change itself, nothing after it"


def test_any_two_majorities_of_layouts_in_sequence_share_who_knows() -> None:
    """Whoever can act without knowing of a committed change shares a member with who committed it,
    however much it changed.
    """
    names = ("n1", "n2", "n3", "n4", "n5")
    layouts = [elect(*names[:k]) for k in range(1, 6)] + [elect(*names[k:]) for k in range(1, 5)]
    for old in layouts:
        for size in range(1, 6):
            for knowing in itertools.combinations(names, size):
                if not has_majority(old, {name: state() for name in knowing}):
                    continue
                rest = {name: state() for name in names if name not in knowing}
                assert not rest or not has_majority(old, rest)


def test_messages_say_who_decides() -> None:
    told = state(ORIGIN, elect("n1", "n2", device=1), elect("n1", layout=5, since=300))
    told = replace(told, census=replace(told.census, layout=77))
    assert decode(encode(told)) == (told,)


def test_a_node_less_needs_no_vote_of_it() -> None:
    three = grown(ONE, "n2", "n3")
    found = electorate_of(remove_node(three, "n3").text().encode(), 3)
    assert has_majority(found, {"n1": state(), "n2": state()})
    assert not has_majority(found, {"n1": state()})
