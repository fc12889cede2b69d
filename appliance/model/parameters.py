"""Parameters of a call against the options that it takes: values, or what is wrong by field."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from appliance.model.errors import ConfigError, QuorateError
from appliance.model.option import Option
from appliance.model.option_table import OptionTable

MISSING = "is missing"
UNKNOWN = "is not known here"

Text = str | tuple[str, ...]


class ParameterError(QuorateError):
    """One or more parameters are wrong. errors: text by parameter, of all of them."""

    code = "parameters"

    def __init__(self, errors: Mapping[str, str]) -> None:
        self.errors = dict(errors)
        super().__init__("Parameter verification failed.")


@dataclass(frozen=True, slots=True)
class Variants:
    """Options that depend on the value of one: a storage's on its `type`.

    `key` says which; its choices are the names of `cases`. `optional`: the key may be left out,
    and then none of the cases applies.
    """

    key: Option
    cases: Mapping[str, Parameters]
    optional: bool = False


@dataclass(frozen=True, slots=True)
class Parameters:
    """What a call takes.

    aliases   older names of options
    more      whether what is not declared is let through
    """

    options: OptionTable
    aliases: Mapping[str, str] = field(default_factory=dict)
    variants: tuple[Variants, ...] = ()
    more: bool = False


@dataclass(frozen=True, slots=True)
class Checked:
    """Values as decoded, the texts that say the same, and what was wrong, by parameter.

    `texts` is what goes into a configuration file; of a repeated option it is one for each line.
    With any error the values are incomplete.
    """

    values: Mapping[str, object]
    texts: Mapping[str, Text]
    errors: Mapping[str, str]


def check_parameters(wanted: Parameters, given: Mapping[str, object]) -> Checked:
    """Check what a call gave.

    A value may be a text, a number, a boolean, or for lists a sequence of such; a single value
    for a repeated option is a list of one. None counts as not given.
    """
    check = _Check()
    left = check.spelled(wanted, {key: item for key, item in given.items() if item is not None})
    open_end = check.take(wanted, left)
    if not open_end:
        for key in left:
            check.errors.setdefault(key, UNKNOWN)
    else:
        check.values |= left
    return Checked(check.values, check.texts, check.errors)


def checked_call(wanted: Parameters, given: Mapping[str, object]) -> Checked:
    """As `check_parameters`, with defaults among the values. ParameterError for any error.

    `texts` has what was given and nothing else: a file that is written from it has no defaults
    that nobody asked for.
    """
    found = check_parameters(wanted, given)
    nul = {key: "contains a NUL character" for key, text in found.texts.items() if _has_nul(text)}
    if found.errors or nul:
        raise ParameterError({**found.errors, **nul})
    return Checked({**_defaults(wanted, found.values), **found.values}, found.texts, {})


def _has_nul(text: Text) -> bool:
    return any("\x00" in part for part in ((text,) if isinstance(text, str) else text))


def _defaults(wanted: Parameters, given: Mapping[str, object]) -> dict[str, object]:
    found = {
        option.name: option.default
        for option in wanted.options
        if option.last is None and option.default is not None
    }
    for variants in wanted.variants:
        case = variants.cases.get(str(given.get(variants.key.name)))
        if case is not None:
            found |= _defaults(case, given)
    return found


class _Check:
    """Collects values and errors of one call."""

    def __init__(self) -> None:
        self.values: dict[str, object] = {}
        self.texts: dict[str, Text] = {}
        self.errors: dict[str, str] = {}

    def spelled(self, wanted: Parameters, given: Mapping[str, object]) -> dict[str, object]:
        """What was given, under the names of today."""
        aliases = dict(wanted.aliases)
        for variants in wanted.variants:
            for case in variants.cases.values():
                aliases |= case.aliases
        result: dict[str, object] = {}
        for key, item in given.items():
            name = aliases.get(key, key)
            if name in result:
                self.errors[name] = "is given twice, under an older name too"
            result[name] = item
        return result

    def take(self, wanted: Parameters, left: dict[str, object]) -> bool:
        """Take the options out of `left`; whether the rest may stay."""
        open_end = wanted.more
        for key in list(left):
            option = wanted.options.find(key)
            if option is not None:
                self.one(option, key, left.pop(key))
        for option in wanted.options:
            missing = option.required and option.last is None and option.name not in self.values
            if missing and option.name not in self.errors:
                self.errors[option.name] = MISSING
            if option.requires and option.name in self.values:
                self.required_by(option)
        for variants in wanted.variants:
            open_end = self.variant(variants, left) or open_end
        return open_end

    def required_by(self, option: Option) -> None:
        if option.requires not in self.values:
            self.errors.setdefault(option.name, f"needs {option.requires} too")

    def variant(self, variants: Variants, left: dict[str, object]) -> bool:
        key = variants.key
        if key.name not in left:
            if not variants.optional:
                self.errors[key.name] = MISSING
            return False
        self.one(key, key.name, left.pop(key.name))
        case = variants.cases.get(str(self.values.get(key.name)))
        if case is None:
            return False
        return self.take(case, left)

    def one(self, option: Option, key: str, item: object) -> None:
        """Check one parameter."""
        try:
            if option.repeated:
                parts = item if isinstance(item, list | tuple) else [item]
                texts = tuple(_text(part) for part in parts)
                value: object = tuple(option.decode(text) for text in texts)
                self.texts[key] = texts
            else:
                text = _text(item, listed=option.many)
                value = option.decode(text)
                self.texts[key] = text
        except ConfigError as error:
            inner = (error.field or "").removeprefix(option.name).removeprefix(": ")
            message = f"{inner}: {error.message}" if inner else error.message
            self.errors[key] = message
            return
        self.values[key] = value


def _text(item: object, *, listed: bool = False) -> str:
    """The text of a value as JSON has it."""
    if isinstance(item, bool):
        return "1" if item else "0"
    if isinstance(item, list | tuple) and listed:
        return ",".join(_text(part) for part in item)
    if isinstance(item, str | int | float):
        return str(item)
    raise ConfigError("is given more than once" if isinstance(item, list) else "is no single value")
