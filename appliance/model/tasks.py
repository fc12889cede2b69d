"""Tasks as records: what lists of them show and how they are filtered."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from appliance.model.errors import ConfigError
from appliance.model.upid import Upid, parse_upid

OK: Final = "OK"
CUT_OFF: Final = "unexpected status"  # it ended with its node, nobody knows how far it came
STOPPED: Final = "interrupted by signal"


@dataclass(frozen=True, slots=True)
class TaskRecord:
    """status, end_s: how and when it ended (seconds since the epoch); None while it runs."""

    upid: Upid
    status: str | None = None
    end_s: int | None = None


@dataclass(frozen=True, slots=True)
class TaskFilter:
    """Which tasks of a list are wanted. Times are of the start, in seconds since the epoch.

    statuses  ok, warning, error, unknown; empty: all
    user      a part of the user's name
    """

    vmid: int | None = None
    type: str | None = None
    user: str | None = None
    since_s: int | None = None
    until_s: int | None = None
    errors: bool = False
    statuses: tuple[str, ...] = ()

    def takes(self, record: TaskRecord) -> bool:
        upid, status = record.upid, record.status
        return (
            (self.vmid is None or upid.id == str(self.vmid))
            and (self.type is None or upid.type == self.type)
            and (self.user is None or self.user in upid.user)
            and (self.since_s is None or upid.starttime_s >= self.since_s)
            and (self.until_s is None or upid.starttime_s <= self.until_s)
            and (not self.errors or status not in (None, OK))
            and (not self.statuses or status_kind(status) in self.statuses)
        )


def status_kind(status: str | None) -> str:
    """ok, warning, error or unknown; empty for a task that runs."""
    if status is None:
        return ""
    if status == OK:
        return "ok"
    if status.startswith("WARNINGS: "):
        return "warning"
    return "unknown" if status == CUT_OFF else "error"


def task_parts(upid: Upid) -> dict[str, Any]:
    """A task's id and its parts as clients see them; a token is shown apart from its user."""
    user, _, token = upid.user.partition("!")
    parts = {
        "upid": str(upid),
        "node": upid.node,
        "pid": upid.pid,
        "pstart": upid.pstart,
        "starttime": upid.starttime_s,
        "type": upid.type,
        "id": upid.id,
        "user": user,
    }
    return {**parts, "tokenid": token} if token else parts


def task_row(record: TaskRecord) -> dict[str, Any]:
    """A line of a list of tasks."""
    row = task_parts(record.upid)
    if record.status is not None:
        row |= {"endtime": record.end_s, "status": record.status}
    return row


def index_line(record: TaskRecord) -> str:
    """A line of the index of tasks that ended."""
    return f"{record.upid} {record.end_s or 0:08X} {record.status}\n"


def read_index(text: str) -> tuple[TaskRecord, ...]:
    """The tasks of an index; lines that were torn by a crash are left out."""
    found = (_indexed(line) for line in text.splitlines())
    return tuple(record for record in found if record is not None)


def _indexed(line: str) -> TaskRecord | None:
    name, _, rest = line.partition(" ")
    end, _, status = rest.partition(" ")
    try:
        return TaskRecord(parse_upid(name), status, int(end, 16)) if status else None
    except (ConfigError, ValueError):
        return None
