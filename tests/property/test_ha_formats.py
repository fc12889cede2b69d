"""Every HA format: what is written reads the same, and what nobody declared survives."""

from __future__ import annotations

import string
from collections.abc import Sequence
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from appliance.model.ha import fence, groups, resources, rules
from appliance.model.ha.datacenter import (
    CrsOptions,
    Datacenter,
    HaOptions,
    parse_datacenter,
    write_datacenter,
)
from appliance.model.percent import decode_text, encode_text
from appliance.model.section_config import Document, read_sections, write_sections
from tests.property.strategies_ha import (
    CONFIG_IDS,
    NODES,
    PRIORITIES,
    REMARKS,
    SIDS,
    node_rules,
    resource_rules,
)

RULES = st.lists(
    node_rules(CONFIG_IDS, SIDS) | resource_rules(CONFIG_IDS, SIDS),
    max_size=5,
    unique_by=lambda rule: rule.id,
)
GROUPS = st.lists(
    st.builds(
        groups.Group, CONFIG_IDS, PRIORITIES, st.booleans(), st.booleans(), st.none() | REMARKS
    ),
    max_size=4,
    unique_by=lambda group: group.id,
)
RESOURCES = st.lists(
    st.builds(
        resources.Resource,
        SIDS,
        st.sampled_from(["started", "stopped", "disabled", "ignored"]),
        st.none() | CONFIG_IDS,
        st.booleans(),
        st.integers(0, 99),
        st.integers(0, 99),
        st.none() | REMARKS,
    ),
    max_size=5,
    unique_by=lambda resource: resource.sid,
)
# Lines as people leave them: known and unknown sections, comments, nonsense.
LINES = st.sampled_from(
    [
        "",
        "# note",
        "  # indented note",
        "node-affinity: r1",
        "node-affinity: r2",
        "resource-affinity: r3",
        "later-affinity: r4",
        "\tresources vm:1,vm:2",
        "\tnodes n1,n2:3",
        "\taffinity negative",
        "\taffinity maybe",
        "\tdisable",
        "\tstrict 1",
        "\tlater x y",
        "\tlater",
        "nonsense",
    ]
)
ARGUMENTS = st.dictionaries(
    st.text(string.ascii_lowercase, min_size=1, max_size=4).filter(lambda name: name != "node"),
    st.none() | st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]) | st.just(" ")),
    max_size=3,
).map(lambda found: tuple(found.items()))


@given(REMARKS)
def test_percent_encoded_text_is_one_line_and_comes_back(text: str) -> None:
    encoded = encode_text(text)
    assert encoded.isascii()
    assert encoded.isprintable()
    assert encoded == encoded.strip()
    assert decode_text(encoded) == text


@given(RULES)
def test_rules_come_back(wanted: Sequence[rules.Rule]) -> None:
    text = rules.write_rules(wanted)
    parsed = rules.parse_rules(text, strict=True)
    assert [replace(rule, order=0) for rule in parsed.rules] == list(wanted)
    assert [rule.order for rule in parsed.rules] == list(range(1, len(wanted) + 1))
    assert rules.write_rules(parsed.rules, parsed.document) == text


@given(GROUPS)
def test_groups_come_back(wanted: Sequence[groups.Group]) -> None:
    text = groups.write_groups(wanted)
    parsed = groups.parse_groups(text, strict=True)
    assert list(parsed.groups) == list(wanted)
    assert groups.write_groups(parsed.groups, parsed.document) == text


@given(RESOURCES)
def test_resources_come_back(wanted: Sequence[resources.Resource]) -> None:
    text = resources.write_resources(wanted)
    parsed = resources.parse_resources(text, strict=True)
    assert list(parsed.resources) == list(wanted)
    assert resources.write_resources(parsed.resources, parsed.document) == text


@given(st.lists(LINES, max_size=16))
def test_any_text_is_read_and_written_again(lines: list[str]) -> None:
    parsed = rules.parse_rules("\n".join(lines))
    text = rules.write_rules(parsed.rules, parsed.document)
    again = rules.parse_rules(text)
    assert again.rules == parsed.rules
    assert again.document == parsed.document or parsed.problems
    assert rules.write_rules(again.rules, again.document) == text
    unknown = [s for s in parsed.document.sections if s.type == "later-affinity"]
    assert [s for s in again.document.sections if s.type == "later-affinity"] == unknown
    notes = [line.rstrip() for line in lines if line.strip().startswith("#")]
    assert [line for line in text.split("\n") if line.strip().startswith("#")] == notes or (
        parsed.problems
    )


@given(st.text(st.sampled_from("ab:# \t\n,1"), max_size=40))
def test_a_document_without_problems_comes_back(text: str) -> None:
    reading = read_sections(text, [], file="any")
    again = read_sections(write_sections(reading.document), [], file="any")
    assert again.document == reading.document
    assert not again.problems


@given(RULES, RULES)
def test_what_nobody_declared_survives_any_change(
    before: Sequence[rules.Rule], after: Sequence[rules.Rule]
) -> None:
    text = "# top\n\nfuture: x1\n\tkey value\n\n" + rules.write_rules(before) + "# end\n"
    parsed = rules.parse_rules(text)
    changed = rules.parse_rules(rules.write_rules(after, parsed.document))
    assert {rule.id: replace(rule, order=0) for rule in changed.rules} == {
        rule.id: rule for rule in after
    }
    assert changed.document.sections[0] == parsed.document.sections[0]
    assert changed.document.tail == ("# end",)


@given(
    st.sampled_from(["freeze", "failover", "conditional", "migrate"]),
    st.builds(
        CrsOptions,
        st.sampled_from(["basic", "static", "dynamic"]),
        st.booleans(),
        st.booleans(),
        st.integers(0, 100).map(lambda percent: percent / 100),
        st.sampled_from(["bruteforce", "topsis"]),
        st.integers(0, 50),
        st.integers(0, 1000).map(lambda permille: permille / 1000),
    ),
    st.integers(1, 99),
)
def test_datacenter_options_come_back(policy: str, crs: CrsOptions, workers: int) -> None:
    kept = ("# note", "keyboard: de", "crs: ha-later=1", "odd line")
    wanted = Datacenter(HaOptions(policy), crs, workers, kept)
    text = write_datacenter(wanted)
    parsed = parse_datacenter(text, strict=True)
    # A fraction is written in percent; the way back may cost the last bit.
    assert parsed.crs.threshold == crs.threshold
    assert abs(parsed.crs.margin - crs.margin) < 1e-12
    close = replace(wanted, crs=replace(crs, margin=parsed.crs.margin))
    assert parsed == close
    assert write_datacenter(parsed) == text
    lines = text.split("\n")
    assert [line for line in kept if not line.startswith("crs")] == [
        line for line in lines if line in kept and not line.startswith("crs")
    ]
    assert "ha-later=1" in text


@given(
    st.dictionaries(
        st.tuples(CONFIG_IDS, st.integers(1, 3)),
        st.tuples(ARGUMENTS, st.dictionaries(NODES, ARGUMENTS, max_size=3)),
        max_size=4,
    )
)
def test_fence_devices_come_back(
    parts: dict[tuple[str, int], tuple[fence.Arguments, dict[str, fence.Arguments]]],
) -> None:
    names = list(dict.fromkeys(name for name, _ in parts))
    config = fence.FenceConfig(
        tuple(
            fence.FenceDevice(
                name,
                tuple(
                    fence.FencePart(
                        number,
                        "fence_x",
                        parts[name, number][0],
                        tuple(
                            fence.FenceConnection(node, arguments)
                            for node, arguments in parts[name, number][1].items()
                        ),
                    )
                    for number in sorted(n for other, n in parts if other == name)
                ),
            )
            for name in names
        )
    )
    assert fence.parse_fence(fence.write_fence(config), strict=True) == config


@given(st.text(st.sampled_from('device connect node= a"\\#:12 \n'), max_size=60))
def test_bad_texts_raise_nothing_but_config_errors(text: str) -> None:
    config = fence.parse_fence(text)
    assert all(problem.line for problem in config.problems)
    assert parse_datacenter(text).problems is not None
    for parsed in (rules.parse_rules(text), groups.parse_groups(text)):
        assert isinstance(parsed.document, Document)
