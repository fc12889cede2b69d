"""What HA configuration may hold, for hypothesis: ids, nodes, free text, rules."""

from __future__ import annotations

import string

from hypothesis import strategies as st

from appliance.model.ha.rules import NodeAffinityRule, ResourceAffinityRule, Rule

LETTERS = string.ascii_letters
CONFIG_IDS = st.builds(
    str.__add__,
    st.sampled_from(LETTERS),
    st.text(LETTERS + string.digits + "-_", min_size=1, max_size=8),
)
GUESTS = st.integers(100, 999_999_999).map(str)
SIDS = st.builds("{}:{}".format, st.sampled_from(["vm", "ct"]), GUESTS)
NODES = st.from_regex(r"[a-z0-9]([a-z0-9-]{0,6}[a-z0-9])?", fullmatch=True)
# Anything a person may type or paste, line breaks included.
REMARKS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20)
PRIORITIES = st.dictionaries(NODES, st.integers(0, 1000), min_size=1, max_size=4).map(
    lambda nodes: dict(sorted(nodes.items()))
)


def node_rules(
    ids: st.SearchStrategy[str], sids: st.SearchStrategy[str]
) -> st.SearchStrategy[Rule]:
    return st.builds(
        NodeAffinityRule,
        ids,
        _sorted(sids),
        PRIORITIES,
        st.booleans(),
        st.none() | REMARKS,
        st.booleans(),
    )


def resource_rules(
    ids: st.SearchStrategy[str], sids: st.SearchStrategy[str]
) -> st.SearchStrategy[Rule]:
    return st.builds(
        ResourceAffinityRule,
        ids,
        _sorted(sids),
        st.sampled_from(["positive", "negative"]),
        st.none() | REMARKS,
        st.booleans(),
    )


def _sorted(sids: st.SearchStrategy[str]) -> st.SearchStrategy[tuple[str, ...]]:
    return st.lists(sids, min_size=1, max_size=4, unique=True).map(lambda s: tuple(sorted(s)))
