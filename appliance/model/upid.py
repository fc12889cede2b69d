"""UPIDs: the id of a task, which says where, when, by whom and about what it was started.

`UPID:node:pid:pstart:starttime:type:id:user:` with the numbers in hexadecimal, at least eight
digits wide. The id may be empty.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from appliance.model.errors import ConfigError

_UPID = re.compile(
    r"UPID:(?P<node>[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?)"
    r":(?P<pid>[0-9A-Fa-f]{8}):(?P<pstart>[0-9A-Fa-f]{8,9}):(?P<start>[0-9A-Fa-f]{8})"
    r":(?P<type>[^:\s/]+):(?P<id>[^:\s/]*):(?P<user>[^:\s/]+):",
    re.ASCII,
)
_ERROR = "TASK ERROR: "
_WARNINGS = re.compile(r"TASK (WARNINGS: [0-9]+)", re.ASCII)


@dataclass(frozen=True, slots=True)
class Upid:
    """A task's id in its parts.

    pid, pstart   the process and when it started, so that a reused pid is not taken for it
    starttime_s   seconds since the epoch
    id            what the task is about, such as a guest number; may be empty
    user          a user or an API token
    """

    node: str
    pid: int
    pstart: int
    starttime_s: int
    type: str
    id: str
    user: str

    def __str__(self) -> str:
        numbers = f"{self.pid:08X}:{self.pstart:08X}:{self.starttime_s:08X}"
        return f"UPID:{self.node}:{numbers}:{self.type}:{self.id}:{self.user}:"


def parse_upid(text: str) -> Upid:
    """Take an id apart. ConfigError for what is none; no part of it can name a path."""
    match = _UPID.fullmatch(text)
    if match is None:
        raise ConfigError("is no task id", field="upid")
    return Upid(
        match["node"],
        int(match["pid"], 16),
        int(match["pstart"], 16),
        int(match["start"], 16),
        match["type"],
        match["id"],
        match["user"],
    )


def log_folder(upid: Upid) -> str:
    """The folder of a task's log among sixteen: the last digit of its start time."""
    return f"{upid.starttime_s:08X}"[-1]


def end_status(last_line: str) -> str | None:
    """How a task ended, by the last line of its log: `OK`, `WARNINGS: n`, or the error.

    None if the line is not the end of a log: the task runs, or was cut off.
    """
    line = last_line.rstrip("\n")
    if line == "TASK OK":
        return "OK"
    if line.startswith(_ERROR):
        return line.removeprefix(_ERROR)
    match = _WARNINGS.fullmatch(line)
    return match[1] if match else None
