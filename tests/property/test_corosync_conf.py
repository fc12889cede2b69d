"""Any tree survives writing and reading; random changes keep a layout free of problems."""

from __future__ import annotations

import string

from hypothesis import given
from hypothesis import strategies as st

from appliance.model.corosync_conf import (
    Link,
    add_link,
    add_node,
    create,
    parse_corosync_conf,
    problems,
    remove_link,
    remove_node,
    set_token,
)
from appliance.model.corosync_conf.syntax import Entry, Item, Section, parse_tree, write_tree
from appliance.model.errors import ConfigError

WORDS = st.text(string.ascii_lowercase + string.digits + "_", min_size=1, max_size=8)
VALUES = st.text(string.ascii_letters + string.digits + " :.-_", min_size=1, max_size=20).filter(
    lambda text: text == text.strip()
)
COMMENTS = st.lists(VALUES.map(lambda text: f"# {text}"), max_size=2).map(tuple)
ENTRIES = st.builds(Entry, WORDS, VALUES, COMMENTS)


def sections(items: st.SearchStrategy[Item]) -> st.SearchStrategy[Item]:
    return st.builds(Section, WORDS, st.lists(items, max_size=5).map(tuple), COMMENTS, COMMENTS)


ITEMS: st.SearchStrategy[Item] = st.recursive(ENTRIES, sections, max_leaves=15)
TREES = st.builds(Section, st.just(""), st.lists(ITEMS, max_size=5).map(tuple))


@given(TREES)
def test_what_is_written_is_read_again(tree: Section) -> None:
    text = write_tree(tree)
    again = parse_tree(text)
    assert write_tree(again) == text
    assert sorted(map(repr, leaves(again))) == sorted(map(repr, leaves(tree)))


Leaf = tuple[str, str, str, tuple[str, ...]]


def leaves(section: Section, path: str = "") -> list[Leaf]:
    found: list[Leaf] = [(f"{path}#", comment, "", ()) for comment in section.tail]
    for item in section.items:
        if isinstance(item, Entry):
            found.append((path, item.key, item.value, item.comments))
        else:
            found.append((f"{path}/{item.name}", "", "", item.comments))
            found += leaves(item, f"{path}/{item.name}")
    return found


@given(st.text(string.printable, max_size=200))
def test_any_text_is_read_or_refused_with_its_line(text: str) -> None:
    tree, error = None, None
    try:
        tree = parse_tree(text, file="f")
    except ConfigError as refused:
        error = refused
    if tree is not None:
        assert parse_tree(write_tree(tree)) == tree
    else:
        assert error is not None
        assert error.file == "f"
        assert error.line is not None


STEPS = st.lists(
    st.tuples(st.sampled_from(["+node", "-node", "+link", "-link", "token"]), st.integers(0, 7)),
    max_size=12,
)


@given(STEPS)
def test_changes_lead_from_good_to_good_or_are_refused(steps: list[tuple[str, int]]) -> None:
    conf = create("c", "n0", {0: Link("10.0.0.0")}).bumped()
    for step, number in steps:
        names = [node.name for node in conf.nodes()]
        try:
            if step == "+node":
                addresses = {link: f"10.{link}.0.{number}" for link in conf.links()}
                changed = add_node(conf, f"n{number}", addresses)
            elif step == "-node":
                changed = remove_node(conf, f"n{number}")
            elif step == "+link":
                ends = {name: f"10.{number}.0.{name[1:]}" for name in names}
                changed = add_link(conf, number, ends)
            elif step == "-link":
                changed = remove_link(conf, number)
            else:
                changed = set_token(conf, token_ms=number * 100 + 30)
        except ConfigError:
            continue
        assert changed.version == conf.version + 1
        assert problems(changed) == ()
        conf = parse_corosync_conf(changed.text())
        assert conf == changed
