"""Tasks: of a node, and the last ones of all nodes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from appliance.api.ports import ApiPorts
from appliance.api.table import ANY_USER, Operation, Request
from appliance.model.errors import ForbiddenError
from appliance.model.formats.names import NODE, TASK_STATUS
from appliance.model.option import Option
from appliance.model.options.make import flag, text, whole, word
from appliance.model.tasks import TaskFilter, TaskRecord, task_parts, task_row

_NODE: Final = Option("node", "The node whose tasks they are.", required=True, format=NODE)
_UPID: Final = Option("upid", "The id of the task.", required=True)


def _owns(user: str, starter: str) -> bool:
    """A user's tasks are also those of the user's tokens."""
    return starter == user or starter.startswith(f"{user}!")


def _audits(request: Request, ports: ApiPorts, node: str, privilege: str = "Sys.Audit") -> bool:
    return ports.accounts.access().has(request.user, f"/nodes/{node}", (privilege,))


def _visible(request: Request, ports: ApiPorts, privilege: str = "Sys.Audit") -> TaskRecord:
    """The task that is asked for, if the user may. MissingError, ConfigError, ForbiddenError."""
    record = ports.work.find(request.parameters["upid"])
    if _owns(request.user, record.upid.user) or _audits(request, ports, ports.node, privilege):
        return record
    raise ForbiddenError(f"Permission check failed (/nodes/{ports.node}, {privilege})")


async def _list(request: Request, ports: ApiPorts) -> Any:
    given = request.parameters
    source, limit = given["source"], given["limit"]
    wanted = TaskFilter(
        given.get("vmid"),
        given.get("typefilter"),
        given.get("userfilter"),
        given.get("since"),
        given.get("until"),
        given["errors"],
        tuple(given.get("statusfilter", ())),
    )
    running = ports.work.running() if source != "archive" else []
    ended = ports.work.ended() if source != "active" else []
    everything = _audits(request, ports, ports.node)
    rows = [
        task_row(record)
        for record in (*running, *ended)
        if (everything or _owns(request.user, record.upid.user)) and wanted.takes(record)
    ]
    start = given["start"]
    return rows[start : start + limit if limit else None]


async def _status(request: Request, ports: ApiPorts) -> Any:
    record = _visible(request, ports)
    answer = task_parts(record.upid)
    if record.status is None:
        return {**answer, "status": "running"}
    return {**answer, "status": "stopped", "exitstatus": record.status}


async def _log(request: Request, ports: ApiPorts) -> Any:
    """Numbered from 1 on. Every line from `start` on with `download`."""
    record, given = _visible(request, ports), request.parameters
    limit = 0 if given.get("download") else given["limit"]
    part = await ports.work.read(str(record.upid), given["start"], limit)
    return [{"n": number, "t": line} for number, line in enumerate(part.lines, given["start"] + 1)]


async def _stop(request: Request, ports: ApiPorts) -> None:
    record = _visible(request, ports, "Sys.Modify")
    await ports.work.stop(str(record.upid))


async def _cluster(request: Request, ports: ApiPorts) -> Any:
    """Of each node those that run and the last that ended, as far as it was heard of."""
    rows: list[Mapping[str, Any]] = []
    for node, notice in ports.work.everywhere().items():
        everything = _audits(request, ports, node)
        rows += [row for row in notice.value if everything or _owns(request.user, _starter(row))]
    return sorted(rows, key=lambda row: row["starttime"], reverse=True)


async def _log_of_all(request: Request, ports: ApiPorts) -> Any:
    """Beginnings and ends of tasks, the newest first."""
    rows: list[dict[str, Any]] = []
    for task in await _cluster(request, ports):
        rows.append(_line(task, "starting", task["starttime"]))
        if "endtime" in task:
            rows.append(_line(task, "end", task["endtime"], f" {task.get('status', '')}"))
    rows.sort(key=lambda row: (-row["time"], row["msg"]))
    return rows[: request.parameters.get("max")]


def _line(task: Mapping[str, Any], what: str, at_s: int, more: str = "") -> dict[str, Any]:
    """As entries of the cluster's log are written; priorities are those of syslog."""
    failed = bool(more) and more != " OK"
    return {
        "uid": f"{task['upid']}{what}",
        "time": at_s,
        "node": task["node"],
        "tag": "pvedaemon",
        "pid": task["pid"],
        "pri": 3 if failed else 6,
        "user": _starter(task),
        "msg": f"{what} task {task['upid']}{more}",
    }


def _starter(row: Mapping[str, Any]) -> str:
    user: str = row["user"]
    return f"{user}!{row['tokenid']}" if "tokenid" in row else user


OPERATIONS: Final = (
    Operation(
        "GET",
        "/nodes/{node}/tasks",
        _list,
        "The tasks of a node, one's own or all with Sys.Audit, the newest first.",
        (
            _NODE,
            flag("errors", "Only those that did not end well.", False),
            whole("limit", "At most so many; 0 is all.", 0, default=50),
            whole("since", "Started at that time or later.", unit="seconds since 1970"),
            word("source", "Those that ended, those that run, or both.", "archive active all",
                 "archive"),
            whole("start", "Leave out so many.", 0, default=0),
            text("statusfilter", "How they ended.", TASK_STATUS, many=True),
            text("typefilter", "Only of that type, such as qmstart."),
            whole("until", "Started at that time or earlier.", unit="seconds since 1970"),
            text("userfilter", "Only of users whose name contains that."),
            whole("vmid", "Only about that guest.", 100, 999999999),
        ),
        ANY_USER,
        "node",
    ),
    Operation(
        "DELETE",
        "/nodes/{node}/tasks/{upid}",
        _stop,
        "Stop a task: one's own, or any with Sys.Modify.",
        (_NODE, _UPID),
        ANY_USER,
        "node",
    ),
    Operation(
        "GET",
        "/nodes/{node}/tasks/{upid}/log",
        _log,
        "Lines of a task's log.",
        (
            _NODE,
            _UPID,
            flag("download", "The whole log, whatever limit says."),
            whole("limit", "At most so many lines; 0 is all.", 0, default=50),
            whole("start", "Leave out so many lines.", 0, default=0),
        ),
        ANY_USER,
        "node",
    ),
    Operation(
        "GET",
        "/nodes/{node}/tasks/{upid}/status",
        _status,
        "Whether a task runs, or how it ended.",
        (_NODE, _UPID),
        ANY_USER,
        "node",
    ),
    Operation(
        "GET",
        "/cluster/tasks",
        _cluster,
        "The running and last tasks of all nodes.",
        (),
        ANY_USER,
    ),
    Operation(
        "GET",
        "/cluster/log",
        _log_of_all,
        "When tasks of all nodes began and how they ended.",
        (whole("max", "How many entries at most.", 1),),
        ANY_USER,
    ),
)  # fmt: skip
