"""The subcommands of `quorate` that drive the core on a world: replay, rehearse, explore, up, twin.

Each lives in a module of this package by its name, with one Typer function `command`. The
modules are imported at every start of `quorate`, so they import what they work with inside
that function.
"""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec

import typer

COMMANDS = ("replay", "rehearse", "explore", "up", "twin")


def register(app: typer.Typer) -> None:
    """Add the commands of this package to `app` (entry point group `quorate.commands`)."""
    for name in COMMANDS:
        module_name = f"{__name__}.{name}"
        if find_spec(module_name) is not None:
            app.command(name)(import_module(module_name).command)
    app.add_typer(import_module(f"{__name__}.fault").fault_app, name="fault")
