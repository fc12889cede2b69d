"""Every option is told of: the page of options is the one made from the declarations."""

from __future__ import annotations

from collections.abc import Iterator

from appliance.model.option import Option
from appliance.model.options.catalog import FILES
from appliance.model.options.page import options_page
from appliance.model.property_string import Properties
from tests.tidy.options_page import PAGE


def test_the_page_is_current() -> None:
    """If not: `python -m tests.tidy.options_page`."""
    assert PAGE.read_text("utf-8") == options_page()


def test_every_option_has_a_sentence() -> None:
    bad = [
        f"{place}: {option.sentence}"
        for place, option in every_option()
        if len(option.sentence.split()) < 2 or not option.sentence.endswith(".")
    ]
    assert bad == []


def test_every_default_is_a_value() -> None:
    """A default that the option itself would not take misleads."""
    for place, option in every_option():
        if option.default is None or option.many or isinstance(option.format, Properties):
            continue
        assert option.decode(option.encode(option.default)) == option.default, place


def every_option() -> Iterator[tuple[str, Option]]:
    for file in FILES:
        for kind, options in file.tables().items():
            for option in options:
                yield from with_keys(f"{file.path} {kind} {option.name}", option)


def with_keys(place: str, option: Option) -> Iterator[tuple[str, Option]]:
    yield place, option
    if isinstance(option.format, Properties):
        for key in option.format.options:
            yield from with_keys(f"{place} {key.name}", key)
