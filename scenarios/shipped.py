"""Finds the scenario files that come with Quorate, in a checkout and in an installed wheel."""

from __future__ import annotations

from pathlib import Path

from appliance.model.errors import ConfigError

ROOT = Path(__file__).parent
FOUND = "found"  # what the explorer wrote down is a finding, not a shipped scenario


def shipped() -> list[Path]:
    """Every shipped scenario file, in the order of their paths."""
    return sorted(path for path in ROOT.rglob("*.toml") if path.relative_to(ROOT).parts[0] != FOUND)


def locate(name: str) -> Path:
    """The file that a person means by `name`.

    A path that exists wins. Otherwise the name is one of a shipped scenario, with or without the
    folder `scenarios/` in front and `.toml` behind, so that documentation reads the same in a
    checkout and on an installed system.

    Raises ConfigError when there is no such file.
    """
    path = Path(name)
    if path.is_file():
        return path
    inside = name.removeprefix("./").removeprefix("scenarios/").removesuffix(".toml")
    candidate = ROOT / f"{inside}.toml"
    if candidate.is_file() and candidate.resolve().is_relative_to(ROOT):
        return candidate
    raise ConfigError("no such scenario file, here or among the shipped ones", file=name)
