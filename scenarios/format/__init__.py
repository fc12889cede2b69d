"""The TOML format of scenarios: `load` reads a file into a `Scenario` or says what is wrong."""

from __future__ import annotations

from scenarios.format.load import load, loads
from scenarios.format.values import Scenario

__all__ = ["Scenario", "load", "loads"]
