"""The journal of a real node: one JSON object a line, for journald or a file."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final, TextIO

from appliance.model.events import Event, as_fields, as_text

# A field of such a name has no business in an event; should one come, its value stays out.
_SECRET: Final = re.compile(r"passw|secret|ticket|token|authkey|csrf|cookie|private_key")
_HIDDEN: Final = "***"


class SystemJournal:
    """Implements the `Journal` port."""

    def __init__(self, node: str, output: TextIO | None = None) -> None:
        self._node = node
        self._output = sys.stderr if output is None else output

    def emit(self, source: str, event: Event) -> None:
        fields = as_fields(event)
        hidden = frozenset(name for name in fields if _SECRET.search(name))
        line = {
            "t": datetime.now(UTC).isoformat(timespec="milliseconds"),
            "actor": f"{self._node}/{source}",
            "level": event.level,
            "text": event.kind if hidden else as_text(event),
            **_without(fields, hidden),
        }
        self._output.write(json.dumps(line, ensure_ascii=False, default=str) + "\n")
        self._output.flush()


def _without(fields: Mapping[str, Any], hidden: frozenset[str]) -> dict[str, Any]:
    return {name: _HIDDEN if name in hidden else value for name, value in fields.items()}
