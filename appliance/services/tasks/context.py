"""What a task's work gets to tell how it goes."""

from __future__ import annotations

from collections.abc import Callable

from appliance.model.upid import Upid

STEPS = 10  # of progress that are told in the log


class TaskContext:
    """Of one task. `upid.user` is who asked."""

    def __init__(self, upid: Upid, write: Callable[[str], None]) -> None:
        self.upid = upid
        self._write = write
        self.fraction = 0.0
        self.warnings = 0
        self._told = 0

    def log(self, text: str) -> None:
        """A line, or several, for whoever watches."""
        for line in text.splitlines() or [""]:
            self._write(line)

    def warn(self, text: str) -> None:
        """Something that went wrong without ending the task; it will not end as OK."""
        self.warnings += 1
        self.log(f"WARN: {text}")

    def progress(self, fraction: float, what: str = "progress") -> None:
        """How much is done, 0 to 1; told in the log now and then."""
        self.fraction = min(max(fraction, 0.0), 1.0)
        step = int(self.fraction * STEPS)
        if step > self._told:
            self._told = step
            self.log(f"{what}: {self.fraction:.0%}")
