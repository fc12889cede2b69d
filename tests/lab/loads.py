"""Runs loads on the nodes of a lab at the same time, and collects what they measured."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from tests.lab.cluster import Lab
from tests.lab.namespaces import END_WITH_US
from tests.lab.remote import ENVIRONMENT

RAW: Final = "tests.lab.load"
STORE: Final = "tests.lab.store_load"
QUIET: Final = ("listen", "serve")  # take part and tell nothing
Measured = Mapping[str, Any]


@dataclass(slots=True)
class Load:
    """A running one."""

    node: str
    what: str
    process: subprocess.Popen[str]

    def measured(self) -> Measured:
        """What it tells when it has done its work."""
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, f"{self.what} of {self.node} ended without a result"
        found: Measured = json.loads(line)
        return found


class Loads:
    """Loads on the nodes of a lab; those on stores all belong to one cluster of databases."""

    def __init__(self, lab: Lab, name: str = "store") -> None:
        self.lab, self._name = lab, name
        self._running: list[Load] = []

    def database(self, node: str) -> Path:
        return self.lab.folder / node / f"{self._name}.db"

    def raw(self, node: str, what: str) -> Load:
        """A load on the group channel."""
        return self._start(node, what, RAW, *what.split())

    def store(self, node: str, kind: str, *numbers: int) -> Load:
        """A load on the store."""
        words = (kind, node, str(self.database(node)), *map(str, numbers))
        return self._start(node, kind, STORE, *words)

    def _start(self, node: str, what: str, module: str, *words: str) -> Load:
        command = self.lab.spaces[node].command(sys.executable, "-m", module, *words)
        process = subprocess.Popen(
            [*END_WITH_US, *command], stdout=subprocess.PIPE, text=True, env=ENVIRONMENT
        )
        load = Load(node, what, process)
        self._running.append(load)
        return load

    def end(self) -> None:
        for load in self._running:
            for module in (RAW, STORE):
                command = self.lab.spaces[load.node].command("pkill", "-KILL", "-f", module)
                subprocess.run(command, check=False)
            load.process.communicate()


@contextlib.contextmanager
def loads(lab: Lab, name: str = "store") -> Iterator[Loads]:
    """They end with this."""
    running = Loads(lab, name)
    try:
        yield running
    finally:
        running.end()
