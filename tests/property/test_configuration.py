"""What is written into configuration files reads back the same, beside whatever else is there."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from appliance.model.firewall.document import new_part, parse_firewall, rules_of
from appliance.model.firewall.rule import parse_rule, write_rule
from appliance.model.ha import rules
from appliance.model.option_lines import changed_lines, read_lines
from appliance.model.options.cluster import DATACENTER_OPTIONS
from appliance.model.section_config import Section, read_sections, write_sections
from appliance.model.section_edit import (
    edited,
    find_section,
    shown_section,
    with_section,
    without_section,
)

ONE_LINE = st.text("abcäöü#:%(|) -", min_size=1)
REMARK = st.text(st.characters(codec="utf-8"), min_size=1, max_size=40)
NODES = st.lists(st.sampled_from(["n1", "n2:3", "n3"]), min_size=1, unique=True).map(",".join)
KNOWN = "# top\nold: kept\n\tkey value\n\nnode-affinity: there\n\tnodes n1\n\tresources vm:100\n\n"
RULE = st.fixed_dictionaries(
    {
        "type": st.sampled_from(["in", "out", "forward"]),
        "action": st.sampled_from(["ACCEPT", "DROP", "REJECT"]),
        "enable": st.sampled_from(["0", "1"]),
    },
    optional={
        "source": st.sampled_from(["10.0.0.0/8", "+dc/bad", "guest/me", "10.0.0.1-10.0.0.9"]),
        "dest": st.sampled_from(["fd00::/64", "home", "+bad"]),
        "proto": st.sampled_from(["tcp", "udp", "6"]),
        "dport": st.sampled_from(["22", "80:90,443", "ssh"]),
        "sport": st.just("1024:65535"),
        "log": st.sampled_from(["info", "nolog"]),
        "iface": st.sampled_from(["net0", "vmbr0"]),
        "macro": st.sampled_from(["SSH", "Ping"]),
        "comment": ONE_LINE.filter(lambda text: text == text.strip()),
    },
)
DECLARED = next(declared for declared in rules.TYPES if declared.name == "node-affinity")


@given(RULE)
def test_a_rule_of_the_firewall_reads_as_it_was_written(rule: dict[str, str]) -> None:
    assert parse_rule(write_rule(rule)) == rule


@given(st.lists(RULE, max_size=4), st.lists(RULE, max_size=3))
def test_rules_keep_their_order_beside_notes(
    before: list[dict[str, str]], above: list[dict[str, str]]
) -> None:
    lines = [f"# note {number}\n{write_rule(rule)}" for number, rule in enumerate(before)]
    file = parse_firewall("[RULES]\n\n" + "".join(f"{line}\n" for line in lines))
    part = file.find("rules") or new_part("rules")
    file = file.put(part.with_entries([*map(write_rule, above), *part.entries()]))
    again = parse_firewall(file.text())
    assert [rule for _line, rule in rules_of(again.find("rules"))] == [*above, *before]
    notes = [line for line in file.text().splitlines() if line.startswith("# note")]
    assert len(notes) == len(before)


@given(NODES, REMARK, st.booleans())
def test_a_section_reads_as_it_was_given(nodes: str, remark: str, disable: bool) -> None:
    texts = {"nodes": nodes, "resources": "vm:101", "comment": remark}
    given_ = {**texts, **({"disable": "1"} if disable else {})}
    document = read_sections(KNOWN, rules.TYPES, file="x").document
    made = with_section(document, edited(Section("node-affinity", "made"), DECLARED, given_))
    text = write_sections(made)
    again = read_sections(text, rules.TYPES, file="x", strict=True).document
    found = find_section(again, rules.TYPES, "made")
    assert found is not None
    assert shown_section(found, DECLARED) == {**texts, **({"disable": 1} if disable else {})}
    assert text.startswith(KNOWN)
    assert write_sections(without_section(again, found)) == KNOWN


@given(REMARK, st.sampled_from(["de", "fr"]))
def test_options_read_as_they_were_set_and_taken_out_leave_nothing(
    note: str, keyboard: str
) -> None:
    before = "future: 1\nhttp_proxy: http://a\n"
    wanted = {"description": note, "keyboard": keyboard}
    text = changed_lines(before, wanted)
    found = read_lines(text, DATACENTER_OPTIONS)
    assert found["keyboard"] == keyboard
    assert found["description"].splitlines() == note.splitlines()
    assert changed_lines(text, {}, list(wanted)) == before
