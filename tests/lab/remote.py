"""Agents of the lab as their commander sees them."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, Final

from tests.lab.namespaces import END_WITH_US, Namespaces, follow

ROOT: Final = Path(__file__).parents[2]
# A process inside a node does not begin in this process's working directory.
ENVIRONMENT: Final = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"}
# The process first tells the number that it has inside its own namespace.
_BEGIN: Final = 'echo $$; exec "$0" -m "$@"'
AGENT: Final = ("tests.lab.agent",)
PATIENCE_S: Final = 60.0
Report = Mapping[str, Any]


@dataclass(slots=True)
class Call:
    """A command that was given. `answer` is None until it ended."""

    answer: Report | None = None

    @property
    def done(self) -> bool:
        return self.answer is not None

    @property
    def error(self) -> str | None:
        """The code of the error with which it ended."""
        return None if self.answer is None else self.answer.get("error")

    @property
    def value(self) -> Any:
        return None if self.answer is None else self.answer.get("value")


@dataclass(slots=True)
class Agent:
    """A process with the real drivers inside a node.

    `reports` grows as it tells what happens, and `on_report` is called, in another thread.
    """

    space: Namespaces
    process: subprocess.Popen[str]
    pid: int = 0
    reports: list[Report] = field(default_factory=list)
    calls: dict[int, Call] = field(default_factory=dict)
    on_report: Callable[[Report], None] | None = None

    def call(self, action: str, **fields: Any) -> Call:
        """Give a command; it is carried out while the caller goes on."""
        number = len(self.calls)
        call = self.calls[number] = Call()
        assert self.process.stdin is not None
        with contextlib.suppress(BrokenPipeError):  # it died: there will be no answer
            self.process.stdin.write(json.dumps({"do": action, "id": number, **fields}) + "\n")
            self.process.stdin.flush()
        return call

    def ask(self, action: str, **fields: Any) -> Any:
        """Give a command and wait; its value. AssertionError if it ended with an error."""
        call = self.call(action, **fields)
        wait_until(lambda: call.done, f"the answer to {action}")
        assert call.error is None, call.answer
        return call.value

    def signal(self, signal: str) -> None:
        """KILL, STOP or CONT this process."""
        self.space.kill(signal, self.pid)
        follow(self.process, signal)

    def end(self) -> None:
        """End it at once."""
        if self.process.poll() is None:
            self.signal("KILL")
            self.process.wait(timeout=10)
        for pipe in (self.process.stdin, self.process.stdout):
            with contextlib.suppress(BrokenPipeError):
                if pipe is not None:
                    pipe.close()

    def read(self, output: IO[str]) -> None:
        for line in output:
            report = json.loads(line)
            if report["event"] == "answer":
                self.calls[report["id"]].answer = report
            if self.on_report is not None:
                self.on_report(report)
            self.reports.append(report)


def start_agent(space: Namespaces, log: Path, *module: str) -> Agent:
    """Start one inside a node. What it says beside its reports goes into the log.

    module: a Python module that is an agent, and its arguments; else `tests.lab.agent`.
    """
    errors = log.open("a")
    process = subprocess.Popen(
        [*END_WITH_US, *space.command("sh", "-c", _BEGIN, sys.executable, *(module or AGENT))],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=errors,
        text=True,
        env=ENVIRONMENT,
    )
    errors.close()
    assert process.stdout is not None
    agent = Agent(space, process, pid=int(process.stdout.readline()))
    threading.Thread(target=agent.read, args=(process.stdout,), daemon=True).start()
    wait_until(lambda: bool(agent.reports), "the agent to begin")
    return agent


def wait_until(condition: Callable[[], bool], what: str, *, patience_s: float = PATIENCE_S) -> None:
    """Wait in real time. AssertionError when patience ends."""
    deadline = time.monotonic() + patience_s
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {patience_s:.0f} s in vain for {what}")
        time.sleep(0.01)
