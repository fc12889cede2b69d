"""No text that anybody may send keeps the checks of parameters busy for ever."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.model.formats.images import IMAGE, REFERENCE, SAFE_IMAGE, SAFE_REFERENCE

GUARD_S = (
    120  # all of it takes a second; what can be read in many ways takes longer than anybody waits
)
TRY_ALL = """
from appliance.api.operations import all_operations
from appliance.model.errors import ConfigError
from appliance.model.formats import BY_NAME

PARTS = "x a. a- a_ a, a: 1 1. A0: /a a= a; 0-1, * # ".split(" ")
TEXTS = [(part or " ") * (2000 // len(part or " ")) + end for part in PARTS for end in ("", "!")]
options = {id(o): o for operation in all_operations() for o in operation.options}.values()
for option in options:
    for text in TEXTS:
        try:
            option.decode(text)
        except ConfigError:
            pass
for form in BY_NAME.values():
    for text in TEXTS:
        try:
            form.parse(text)
        except (ConfigError, ValueError):
            pass
print(len(options))
"""
LABELS = st.from_regex(r"[a-zA-Z0-9._:/-]{0,14}", fullmatch=True)


def test_every_check_ends() -> None:
    """In a process of its own, which can be ended if it does not."""
    done = subprocess.run(
        [sys.executable, "-c", TRY_ALL],
        capture_output=True,
        text=True,
        check=False,
        timeout=GUARD_S,
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 500


@pytest.mark.parametrize(("published", "safe"), [(IMAGE, SAFE_IMAGE), (REFERENCE, SAFE_REFERENCE)])
@given(text=LABELS)
def test_safe_patterns_match_the_same(published: str, safe: str, text: str) -> None:
    one, other = (re.compile(pattern, re.ASCII) for pattern in (published, safe))
    assert bool(one.fullmatch(text)) == bool(other.fullmatch(text))


@pytest.mark.parametrize(
    ("text", "good"),
    [
        ("debian", True),
        ("docker.io/library/debian", True),
        ("localhost:5000/a__b/c--d", True),
        ("a-", False),
        ("Debian", False),
        ("a/", False),
    ],
)
def test_names_of_images(text: str, good: bool) -> None:
    for pattern in (IMAGE, SAFE_IMAGE):
        assert bool(re.fullmatch(pattern, text, re.ASCII)) is good
