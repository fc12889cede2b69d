"""Lists of seeds as people write them: `1-200`, `7`, `1-10,42`."""

from __future__ import annotations

import re

from appliance.model.errors import ConfigError

_PART = re.compile(r"(\d+)(?:-(\d+))?")
MOST = 10_000_000


def parse_seeds(text: str) -> tuple[int, ...]:
    """The seeds in the order written, each once. Raises ConfigError."""
    found: dict[int, None] = {}
    for part in text.split(","):
        match = _PART.fullmatch(part.strip())
        if match is None:
            raise ConfigError(f"'{part}' is no seed or range such as 1-200", field="--seeds")
        first = int(match[1])
        last = int(match[2]) if match[2] else first
        if last < first or last - first >= MOST:
            raise ConfigError(f"'{part}' ends before it begins, or is too long", field="--seeds")
        found.update(dict.fromkeys(range(first, last + 1)))
    return tuple(found)
