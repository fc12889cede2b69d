"""How the named forms are made: from a pattern, or from a question asked of the text."""

from __future__ import annotations

import re
from collections.abc import Callable

from appliance.model.option import Format


def matching(name: str, allowed: str, pattern: str, flags: int = re.ASCII) -> Format:
    """A form whose texts match a pattern as a whole."""
    compiled = re.compile(pattern, flags)
    return checked(name, allowed, lambda text: compiled.fullmatch(text) is not None)


def checked(name: str, allowed: str, good: Callable[[str], bool]) -> Format:
    """A form whose texts are those that `good` takes; the value is the text."""

    def parse(text: str) -> str:
        if not good(text):
            raise ValueError(text)
        return text

    return Format(name, allowed, parse)


def takes(form: Format, text: str) -> bool:
    """Whether a text has the form."""
    try:
        form.parse(text)
    except ValueError:
        return False
    return True
