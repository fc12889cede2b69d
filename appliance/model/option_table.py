"""Options by name: one table for a kind of thing, numbered options under each of their names."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from appliance.model.errors import ConfigError
from appliance.model.option import Option, placed

_NUMBERED = re.compile(r"(.*[^0-9])(0|[1-9][0-9]*)", re.ASCII)


class OptionTable:
    """The options of one kind of thing, in the order of their declaration."""

    __slots__ = ("_numbered", "_plain", "options")

    def __init__(self, options: Iterable[Option]) -> None:
        self.options = tuple(options)
        self._plain = {o.name: o for o in self.options if o.last is None}
        self._numbered = {o.name: o for o in self.options if o.last is not None}

    def __iter__(self) -> Iterator[Option]:
        return iter(self.options)

    def find(self, key: str) -> Option | None:
        """The option that a key stands for; `net3` finds `net` if there may be so many."""
        found = self._plain.get(key)
        if found is not None:
            return found
        match = _NUMBERED.fullmatch(key)
        if match is None or len(match[2]) > 9:
            return None
        option = self._numbered.get(match[1])
        return option if option is not None and int(match[2]) <= (option.last or 0) else None

    def names(self) -> Iterator[str]:
        """Every key that can be written."""
        for option in self.options:
            if option.last is None:
                yield option.name
            else:
                yield from (f"{option.name}{index}" for index in range(option.last + 1))

    def decode(self, key: str, text: str | None) -> object:
        """The value of a key's text. ConfigError names the key; unknown keys are errors too."""
        option = self.find(key)
        if option is None:
            raise ConfigError("is no option here", field=key)
        try:
            return option.decode(text)
        except ConfigError as error:
            if option.name == key or error.field is None:
                raise
            inner = error.field.removeprefix(option.name).removeprefix(": ")
            raise placed(
                ConfigError(error.message, field=inner or None), file="", line=None, field=key
            ) from None


def split_key(key: str) -> tuple[str, int | None]:
    """`net3` as ("net", 3), `memory` as ("memory", None)."""
    match = _NUMBERED.fullmatch(key)
    return (match[1], int(match[2])) if match is not None else (key, None)
