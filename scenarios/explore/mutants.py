"""Deliberate faults of the appliance: the search must find each, or it proves nothing.

They lie in `tests/mutants` of a checkout, a Python file a theme, each with a tuple `MUTANTS`. They
are loaded by path: no installed system has them.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from dataclasses import dataclass
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

from appliance.model.errors import ConfigError
from scenarios.shipped import ROOT
from scenarios.suggest import did_you_mean

FOLDER = ROOT.parent / "tests" / "mutants"


@dataclass(frozen=True, slots=True)
class Patch:
    """One attribute of a module or class, and what it is replaced by."""

    owner: Any
    name: str
    value: Any


@dataclass(frozen=True, slots=True)
class Mutant:
    """A deliberate fault. `why`: one sentence on what is wrong with it and what it leads to."""

    name: str
    why: str
    patches: tuple[Patch, ...]

    def applied(self) -> AbstractContextManager[None]:
        """The fault is in force inside the `with`."""
        return _applied(self.patches)


@contextmanager
def _applied(patches: tuple[Patch, ...]) -> Iterator[None]:
    with ExitStack() as undo:
        for patch in patches:
            before = getattr(patch.owner, patch.name)  # an AttributeError tells a stale mutant
            undo.callback(setattr, patch.owner, patch.name, before)
            setattr(patch.owner, patch.name, patch.value)
        yield


def load_mutants(folder: Path = FOLDER) -> Mapping[str, Mutant]:
    """All mutants by name, in order of name. Raises ConfigError without a checkout."""
    files = sorted(folder.glob("[!_]*.py")) if folder.is_dir() else []
    found = [
        mutant for path in files if not path.name.startswith("test_") for mutant in _read(path)
    ]
    if not found:
        raise ConfigError(
            "deliberate faults come with the sources only: run this from a checkout of Quorate",
            file=str(folder),
        )
    return {mutant.name: mutant for mutant in sorted(found, key=lambda mutant: mutant.name)}


def find_mutant(name: str, folder: Path = FOLDER) -> Mutant:
    """The mutant of that name. Raises ConfigError."""
    mutants = load_mutants(folder)
    if name not in mutants:
        better = did_you_mean(name, mutants)
        raise ConfigError(f"no such deliberate fault '{name}'{better}", field="--mutant")
    return mutants[name]


def built_in(name: str | None) -> AbstractContextManager[None]:
    """Inside the `with` the deliberate fault of that name is in force; None: nothing is."""
    return nullcontext() if name is None else find_mutant(name).applied()


def _read(path: Path) -> tuple[Mutant, ...]:
    name = f"quorate_mutants_{path.stem}"
    spec = spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise ConfigError("cannot be read as Python", file=str(path))
    module = module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    mutants: tuple[Mutant, ...] = getattr(module, "MUTANTS", ())
    return mutants
