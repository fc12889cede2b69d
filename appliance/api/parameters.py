"""What a request gives, checked against what its operation takes."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from appliance.model.errors import ConfigError, QuorateError
from appliance.model.option import Option

_NUMBERED: Final = re.compile(r"([a-z_-]+)[0-9]{1,3}", re.ASCII)
_INDEX: Final = "[n]"


class ParameterError(QuorateError):
    """One or more parameters are wrong. errors: text by parameter, of all of them."""

    code = "parameters"

    def __init__(self, errors: Mapping[str, str]) -> None:
        self.errors = dict(errors)
        super().__init__("Parameter verification failed.")


def checked(options: Sequence[Option], raw: Mapping[str, Any]) -> dict[str, object]:
    """The values, with defaults where there are some. ParameterError.

    An option `net[n]` takes `net0`, `net1`, ...
    """
    known = {option.name: option for option in options}
    found: dict[str, object] = {}
    errors: dict[str, str] = {}
    for name, value in raw.items():
        option = known.get(name) or known.get(_numbered(name))
        if option is None:
            errors[name] = "there is no such parameter here"
            continue
        try:
            found[name] = option.decode(_text(option, value))
        except ConfigError as error:
            errors[name] = error.message
    _add_missing(options, found, errors)
    _check_company(options, raw, errors)
    if errors:
        raise ParameterError(errors)
    return found


def _add_missing(
    options: Sequence[Option], found: dict[str, object], errors: dict[str, str]
) -> None:
    for option in options:
        if option.name in found or option.name in errors or option.name.endswith(_INDEX):
            continue
        if option.required:
            errors[option.name] = "is missing"
        elif option.default is not None:
            found[option.name] = option.default


def _check_company(
    options: Sequence[Option], raw: Mapping[str, Any], errors: dict[str, str]
) -> None:
    for option in options:
        if option.requires and option.name in raw and option.requires not in raw:
            errors[option.name] = f"needs {option.requires} too"


def _numbered(name: str) -> str:
    match = _NUMBERED.fullmatch(name)
    return match[1] + _INDEX if match else ""


def _text(option: Option, value: object) -> str:
    """A JSON value as the text that a form would have brought."""
    match value:
        case str():
            if "\x00" in value:
                raise ConfigError("contains a NUL character")
            return value
        case bool():
            return "1" if value else "0"
        case int() | float():
            return str(value)
        case list() if option.many:
            return ",".join(_text(option, item) for item in value)
        case None:
            raise ConfigError("needs a value")
    raise ConfigError("given more than once" if isinstance(value, list) else "must be a text")
