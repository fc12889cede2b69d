"""Every kind of event there can be in a journal, with its fields."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields
from functools import lru_cache
from importlib import import_module
from pkgutil import walk_packages
from types import MappingProxyType

import sim.events
from appliance.model import events
from appliance.model.events import Event


@lru_cache(maxsize=1)
def known_kinds() -> Mapping[str, tuple[str, ...]]:
    """Kind -> names of its fields as journals show them: the daemons' and the world's."""
    for module in walk_packages(events.__path__, f"{events.__name__}."):
        import_module(module.name)
    found = {
        cls.kind: tuple(field.name.rstrip("_") for field in fields(cls))
        for cls in _descendants(Event)
        if cls.__module__.startswith((events.__name__, sim.events.__name__))
    }
    return MappingProxyType(found)


def _descendants(cls: type[Event]) -> Iterator[type[Event]]:
    for child in cls.__subclasses__():
        yield child
        yield from _descendants(child)
