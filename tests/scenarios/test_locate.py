"""Lines of tables, keys and items in a TOML text, and quantities with units."""

from __future__ import annotations

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scenarios.format.locate import Path, locate
from scenarios.quantities import (
    duration_s,
    duration_text,
    rate_bytes_s,
    rate_text,
    size_bytes,
    size_text,
)
from scenarios.shipped import shipped

TEXT = '''\
# a comment with [brackets] and = signs
[one]
a = 1
b.c = "x # no comment"   # a comment
"quoted key" = [
  1,
  [2, 3],  # inner
  { x = 4, y = "]" },
]

[[many]]
name = """
first line
second "line"
"""
[many.inner]
z = 1

[[many]]
name = \'\'\'literal\'\'\'
[[many.deep]]
k = 1
[[many.deep]]
k = 2
'''
PLACES: dict[Path, int] = {
    ("one",): 2,
    ("one", "a"): 3,
    ("one", "b", "c"): 4,
    ("one", "quoted key"): 5,
    ("one", "quoted key", 0): 6,
    ("one", "quoted key", 1, 1): 7,
    ("one", "quoted key", 2, "y"): 8,
    ("many", 0): 11,
    ("many", 0, "name"): 12,
    ("many", 0, "inner", "z"): 17,
    ("many", 1): 19,
    ("many", 1, "name"): 20,
    ("many", 1, "deep", 0, "k"): 22,
    ("many", 1, "deep", 1, "k"): 24,
    ("many", 1, "missing"): 19,
    ("nowhere",): 1,
}


@pytest.mark.parametrize(("path", "line"), PLACES.items(), ids=[str(path) for path in PLACES])
def test_lines(path: Path, line: int) -> None:
    assert tomllib.loads(TEXT)
    assert locate(TEXT).of(path) == line


def test_the_content_of_a_long_text_begins_after_its_quotes() -> None:
    lines = locate(TEXT)
    assert lines.text(("many", 0, "name")) == 13
    assert lines.text(("many", 1, "name")) == 20


@pytest.mark.parametrize("path", shipped(), ids=lambda path: path.stem)
def test_every_key_of_a_shipped_file_is_where_it_is_said_to_be(path: Path) -> None:
    from pathlib import Path as File

    text = File(str(path)).read_text("utf-8")
    lines, rows = locate(text), text.splitlines()

    def walk(value: object, at: Path) -> int:
        items: list[tuple[str | int, object]] = []
        if isinstance(value, dict):
            items = list(value.items())
        elif isinstance(value, list):
            items = list(enumerate(value))
        found = 0
        for key, inner in items:
            if isinstance(key, str):
                assert key in rows[lines.of((*at, key)) - 1]
                found += 1
            found += walk(inner, (*at, key))
        return found

    assert walk(tomllib.loads(text), ()) > 5


KEYS = st.from_regex(r"[a-z]{1,3}", fullmatch=True)
VALUES = st.recursive(
    st.sampled_from(["1", "true", '"x"', "'#'", '"\\"]"', '"""a\nb"""', "'''c\n\n'''", "1.5"]),
    lambda inner: (
        st.lists(inner, max_size=3).map(lambda some: f"[{', '.join(some)}]")
        | st.lists(inner, max_size=2).map(
            lambda some: "{ " + ", ".join(f"k{n} = {one}" for n, one in enumerate(some)) + " }"
        )
    ),
    max_leaves=5,
)


@given(st.lists(st.tuples(KEYS, VALUES, st.integers(0, 2)), max_size=6, unique_by=lambda t: t[0]))
def test_any_text_is_walked_to_its_end(pairs: list[tuple[str, str, int]]) -> None:
    text, expected, line = "", {}, 1
    for key, value, blanks in pairs:
        text += "\n" * blanks + f"{key} = {value} # end\n"
        expected[(key,)] = line + blanks
        line += blanks + 1 + value.count("\n")
    assert tomllib.loads(text) is not None
    lines = locate(text)
    assert {path: lines.of(path) for path in expected} == expected


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("45s", 45), ("2m30s", 150), ("250ms", 0.25), ("1h", 3600), ("1.5m", 90), ("1d2h", 93600)],
)
def test_durations(text: str, seconds: float) -> None:
    assert duration_s(text) == seconds


@pytest.mark.parametrize("text", ["", "5", "s", "5 s", "-5s", "5sec", "5s3", "1e3s"])
def test_no_durations(text: str) -> None:
    assert duration_s(text) is None


@given(st.integers(0, 10**10))
def test_a_duration_comes_back_from_its_text(milliseconds: int) -> None:
    assert duration_s(duration_text(milliseconds / 1000)) == milliseconds / 1000


@given(st.integers(0, 2**60))
def test_a_size_comes_back_from_its_text(amount: int) -> None:
    assert size_bytes(size_text(amount)) == amount


@pytest.mark.parametrize(
    ("text", "rate"),
    [("100MiB/s", 100 * 2**20), ("10Gbit/s", 1.25e9), ("1kB/s", 1000), ("8bit/s", 1)],
)
def test_rates(text: str, rate: float) -> None:
    assert rate_bytes_s(text) == rate
    assert rate_bytes_s(rate_text(rate)) == rate


@pytest.mark.parametrize("text", ["10Gbit", "10 GB", "fast", "10GB/m", "10xB/s"])
def test_no_rates(text: str) -> None:
    assert rate_bytes_s(text) is None


@pytest.mark.parametrize("text", ["4", "4 parsecs", "GiB", "-4GiB", "4gib"])
def test_no_sizes(text: str) -> None:
    assert size_bytes(text) is None
