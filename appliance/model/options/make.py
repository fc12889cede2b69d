"""Short ways to declare an option, so that a table of them reads as a table."""

from __future__ import annotations

from typing import Any

from appliance.model.option import Form, Option


def flag(name: str, sentence: str, default: bool | None = None, **more: Any) -> Option:
    """Yes or no."""
    return Option(name, sentence, kind="boolean", default=default, **more)


def whole(
    name: str,
    sentence: str,
    low: int | None = None,
    high: int | None = None,
    default: int | None = None,
    **more: Any,
) -> Option:
    """A whole number."""
    return Option(
        name, sentence, kind="integer", minimum=low, maximum=high, default=default, **more
    )


def number(
    name: str,
    sentence: str,
    low: float | None = None,
    high: float | None = None,
    default: float | None = None,
    **more: Any,
) -> Option:
    """A number, possibly with a fraction."""
    return Option(name, sentence, kind="number", minimum=low, maximum=high, default=default, **more)


def word(name: str, sentence: str, choices: str, default: str | None = None, **more: Any) -> Option:
    """One of some words, given with blanks between them."""
    return Option(name, sentence, choices=words(choices), default=default, **more)


def text(name: str, sentence: str, form: Form | None = None, **more: Any) -> Option:
    """A text of some form."""
    return Option(name, sentence, format=form, **more)


def words(text: str) -> tuple[str, ...]:
    """The words of a text: long lists of names read better so."""
    return tuple(text.split())
