"""Files of secrets under `priv/`: password hashes of the realm pve, and secrets of API tokens.

    priv/shadow.cfg     NAME:HASH:              the name has no realm
    priv/token.cfg      USER@REALM!NAME SECRET  `sha256:HEX`, or the secret itself as the reference
                                                writes it; what is written here is the hash

Errors name the line and never repeat what stands there.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from appliance.model.access.ids import split_token
from appliance.model.errors import ConfigError

SHADOW_FILE = "priv/shadow.cfg"
TOKEN_FILE = "priv/token.cfg"

_SHADOW = re.compile(r"([^\s:/]+):([^\s:]+):?", re.ASCII)
_TOKEN = re.compile(r"(\S+) (\S+)", re.ASCII)


@dataclass(frozen=True, slots=True)
class Secrets:
    """Secrets by name; `unknown` are lines that could not be read and are kept."""

    by_name: Mapping[str, str] = field(default_factory=dict, repr=False)
    unknown: tuple[str, ...] = field(default=(), repr=False)
    problems: tuple[ConfigError, ...] = field(default=(), compare=False, repr=False)

    def with_secret(self, name: str, secret: str | None) -> Secrets:
        """With this one changed, added, or (None) gone."""
        left = {key: value for key, value in self.by_name.items() if key != name}
        return Secrets({**left, name: secret} if secret is not None else left, self.unknown)


def parse_shadow(text: str, *, file: str = SHADOW_FILE) -> Secrets:
    """Read password hashes by user name; never raises, see `problems`."""
    return _parse(text, _SHADOW, file)


def write_shadow(secrets: Secrets) -> str:
    lines = [f"{name}:{secret}:" for name, secret in sorted(secrets.by_name.items())]
    return "".join(f"{line}\n" for line in (*lines, *secrets.unknown))


def parse_token_secrets(text: str, *, file: str = TOKEN_FILE) -> Secrets:
    """Read token secrets by full token name; never raises, see `problems`."""
    found = _parse(text, _TOKEN, file)
    good = {name: secret for name, secret in found.by_name.items() if split_token(name)}
    return Secrets(good, found.unknown, found.problems)


def write_token_secrets(secrets: Secrets) -> str:
    lines = [f"{name} {secret}" for name, secret in sorted(secrets.by_name.items())]
    return "".join(f"{line}\n" for line in (*lines, *secrets.unknown))


def _parse(text: str, pattern: re.Pattern[str], file: str) -> Secrets:
    found: dict[str, str] = {}
    unknown: list[str] = []
    problems: list[ConfigError] = []
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        match = pattern.fullmatch(line.strip())
        if match is None:
            problems.append(ConfigError("cannot be read; it is kept", file=file, line=number))
            unknown.append(line)
        else:
            found[match[1]] = match[2]
    return Secrets(found, tuple(unknown), tuple(problems))
