from __future__ import annotations

import pytest

from appliance.model.errors import ConfigError
from appliance.model.formats import CONFIG_ID
from appliance.model.option import Option
from appliance.model.section_config import (
    Document,
    Reading,
    SectionType,
    Wanted,
    merge_sections,
    read_sections,
    typed_id,
    write_sections,
)

FRUIT = SectionType(
    "fruit",
    CONFIG_ID,
    (
        Option("weight", "In grams.", kind="integer", minimum=1, required=True),
        Option("colour", "Outside.", choices=("red", "green"), default="green"),
        Option("disable", "Not for sale.", kind="boolean"),
        Option("comment", "A remark.", percent=True),
    ),
)


def read(text: str, *, strict: bool = False) -> Reading:
    return read_sections(text, [FRUIT], file="fruit.cfg", strict=strict)


def values(text: str) -> dict[str, dict[str, object]]:
    return {found.section.id: dict(found.values) for found in read(text).found}


def test_values_are_typed() -> None:
    text = "fruit: apple\n\tweight 150\n  colour   red \n\tdisable\n\tcomment 50%25 off%3A today\n"
    assert values(text) == {
        "apple": {"weight": 150, "colour": "red", "disable": True, "comment": "50% off: today"}
    }


def test_a_blank_line_ends_a_section() -> None:
    reading = read("fruit: apple\n\tweight 1\n\n\tcolour red\n")
    assert reading.found[0].values == {"weight": 1}
    assert [problem.line for problem in reading.problems] == [4]


def test_a_header_without_blank_line_opens_nothing() -> None:
    reading = read(
        "fruit: apple\n\tweight 1\nfruit: pear\n\tcolour red\n\nfruit: fig\n\tweight 2\n"
    )
    assert [found.section.id for found in reading.found] == ["apple", "fig"]
    assert reading.found[0].values == {"weight": 1, "colour": "red"}
    assert str(reading.problems[0]).startswith("fruit.cfg:3: expected an indented")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("fruit: apple\n\tweight heavy\n", "fruit.cfg:2: fruit apple: weight: 'heavy' is no whole"),
        (
            "fruit: apple\n\tweight 0\n",
            "fruit.cfg:2: fruit apple: weight: 0 is below the minimum 1",
        ),
        ("fruit: apple\n\tweight\n", "fruit.cfg:2: fruit apple: weight: needs a value"),
        ("fruit: apple\n\tcolour red\n", "fruit.cfg:1: fruit apple: weight: is missing"),
        ("fruit: 1pple\n\tweight 1\n", "fruit.cfg:1: fruit: '1pple' is no valid id, allowed is"),
        ("apple\n", "fruit.cfg:1: expected '<type>: <id>'"),
    ],
)
def test_bad_content_is_told_with_its_place(text: str, told: str) -> None:
    reading = read(text)
    assert not reading.found
    assert str(reading.problems[0]).startswith(told)
    with pytest.raises(ConfigError) as error:
        read(text, strict=True)
    assert str(error.value) == str(reading.problems[0])


def test_a_bad_value_costs_only_itself() -> None:
    reading = read("fruit: apple\n\tweight 5\n\tcolour blue\n")
    assert reading.found[0].values == {"weight": 5}
    assert reading.problems[0].message == "'blue' is not one of red, green"


def test_the_first_of_repeated_keys_holds() -> None:
    reading = read("fruit: apple\n\tweight 5\n\tweight 6\n")
    assert reading.found[0].values == {"weight": 5}
    assert [(p.line, p.field) for p in reading.problems] == [(3, "fruit apple: weight")]


def test_a_bad_value_leaves_room_for_a_good_one() -> None:
    assert values("fruit: apple\n\tweight x\n\tweight 6\n") == {"apple": {"weight": 6}}


def test_the_last_of_repeated_sections_holds() -> None:
    reading = read(
        "fruit: apple\n\tweight 5\n\nfruit: fig\n\tweight 1\n\nfruit: apple\n\tweight 7\n"
    )
    assert [f.section.id for f in reading.found] == ["fig", "apple"]
    assert reading.found[1].values == {"weight": 7}
    assert reading.problems[0].line == 1


def test_ids_may_be_told_apart_by_type() -> None:
    other = SectionType("nut", CONFIG_ID, ())
    text = "fruit: chest\n\tweight 1\n\nnut: chest\n"
    assert len(read_sections(text, [FRUIT, other], file="f").found) == 1
    assert len(read_sections(text, [FRUIT, other], file="f", identity=typed_id).found) == 2


def test_an_unknown_type_does_not_take_an_id_away() -> None:
    text = "fruit: apple\n\tweight 5\n\nstone: apple\n\n"
    reading = read(text)
    assert reading.problems == ()
    assert reading.found[0].values == {"weight": 5}
    wanted = Wanted("fruit", "apple", {"weight": 6})
    merged = merge_sections(reading.document, [FRUIT], [wanted])
    assert write_sections(merged) == text.replace("5", "6")


ODD = """\
# owner: the kitchen

# a remark about apples
fruit: apple
\t# weighed in May
\tweight 150
\tshape round
\tshape dented

stone: flint
\tweight infinite
\tedge

fruit: broken
\tcolour red

# the end
"""


def test_what_nobody_declared_survives() -> None:
    reading = read(ODD)
    assert [found.section.id for found in reading.found] == ["apple"]
    assert write_sections(reading.document) == ODD
    kept = merge_sections(reading.document, [FRUIT], [Wanted("fruit", "apple", {"weight": 150})])
    assert write_sections(kept) == ODD


def test_changed_values_take_the_place_of_the_old_ones() -> None:
    wanted = Wanted("fruit", "apple", {"weight": 160, "colour": "red", "comment": "a: b"})
    changed = write_sections(merge_sections(read(ODD).document, [FRUIT], [wanted]))
    assert changed == ODD.replace("weight 150", "weight 160").replace(
        "dented\n", "dented\n\tcomment a%3A b\n\tcolour red\n"
    )


def test_a_repeated_key_is_written_once() -> None:
    text = "fruit: fig\n\tweight 9\n\tweight 8\n\n"
    wanted = Wanted("fruit", "fig", {"weight": 9})
    merged = merge_sections(read(text).document, [FRUIT], [wanted])
    assert write_sections(merged) == "fruit: fig\n\tweight 9\n\n"


def test_a_removed_section_leaves_the_comments_that_are_not_its_own() -> None:
    kept = write_sections(merge_sections(read(ODD).document, [FRUIT], []))
    assert kept == ODD[: ODD.index("# a remark")] + ODD[ODD.index("stone:") :]


def test_a_new_section_has_required_values_first_and_no_defaults() -> None:
    wanted = Wanted(
        "fruit",
        "fig",
        {"weight": 9, "colour": "green", "disable": True, "comment": "new"},
    )
    text = write_sections(merge_sections(Document(), [FRUIT], [wanted]))
    assert text == "fruit: fig\n\tcomment new\n\tdisable\n\tweight 9\n\n"


def test_a_written_default_stays_written() -> None:
    text = "fruit: fig\n\tweight 9\n\tcolour green\n\n"
    wanted = Wanted("fruit", "fig", {"weight": 9, "colour": "green"})
    assert write_sections(merge_sections(read(text).document, [FRUIT], [wanted])) == text
