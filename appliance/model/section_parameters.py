"""Calls that make and change sections: their parameters, from the declared types of a file."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from appliance.model.formats import CONFIG_ID
from appliance.model.option import Option
from appliance.model.option_table import OptionTable
from appliance.model.parameters import Parameters, Variants
from appliance.model.section_config import SectionType

DELETE = Option(
    "delete",
    "Options to take out of the section.",
    max_length=4096,
    format=CONFIG_ID,
    many=True,
)
DIGEST = Option(
    "digest", "Refuse if the file is not the one with this digest any more.", max_length=64
)


def type_option(types: Sequence[SectionType]) -> Option:
    """The parameter that says which type a new section has."""
    names = tuple(sorted(declared.name for declared in types))
    return Option("type", "The type of the section.", choices=names, required=True, fixed=True)


def create_parameters(types: Sequence[SectionType], shared: Iterable[Option] = ()) -> Parameters:
    """What a call takes that makes a section: `shared`, and what the given type takes."""
    cases = {
        declared.name: Parameters(OptionTable(_without(declared.options, shared)))
        for declared in types
    }
    return Parameters(OptionTable(shared), variants=(Variants(type_option(types), cases),))


def update_parameters(declared: SectionType, shared: Iterable[Option] = ()) -> Parameters:
    """What a call takes that changes a section of a type: no option is required, none is fixed."""
    listed = tuple(shared)
    changeable = (
        replace(option, required=False)
        for option in _without(declared.options, listed)
        if not option.fixed
    )
    return Parameters(OptionTable((*listed, *changeable, DELETE, DIGEST)))


def flat_create_options(
    types: Sequence[SectionType], shared: Iterable[Option] = ()
) -> dict[str, Option]:
    """One list for all types, as the contract has it: required is what every type requires."""
    return {
        name: replace(found[0], required=_by_all(found, types)) for name, found in _named(types)
    } | {option.name: option for option in shared}


def flat_update_options(
    types: Sequence[SectionType], shared: Iterable[Option] = ()
) -> dict[str, Option]:
    """One list for all types: what can be changed in any of them."""
    options = {option.name: option for option in (*shared, DELETE, DIGEST)}
    for name, found in _named(types):
        changeable = [option for option in found if not option.fixed]
        if changeable and name not in options:
            options[name] = replace(changeable[0], required=False)
    return options


def _named(types: Sequence[SectionType]) -> list[tuple[str, list[Option]]]:
    found: dict[str, list[Option]] = {}
    for declared in types:
        for option in declared.options:
            found.setdefault(option.name, []).append(option)
    return list(found.items())


def _by_all(found: Sequence[Option], types: Sequence[SectionType]) -> bool:
    return len(found) == len(types) and all(option.required for option in found)


def _without(options: Iterable[Option], shared: Iterable[Option]) -> tuple[Option, ...]:
    taken = frozenset(option.name for option in shared)
    return tuple(option for option in options if option.name not in taken)
