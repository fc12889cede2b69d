"""What runs by the calendar: backup jobs, synchronizations of realms, and when that will be."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from appliance.api.operations.configuration.common import ID
from appliance.api.operations.sections import Crud, Rights, Texts, crud_operations
from appliance.api.permissions import AUDIT, MODIFY, both, on
from appliance.api.ports import ApiPorts
from appliance.api.table import ANY_USER, Operation, Request
from appliance.core.schedule.calendar import next_event, next_events, parse_calendar_event
from appliance.model.access.ids import ROOT
from appliance.model.errors import ConfigError, ForbiddenError
from appliance.model.formats.names import CONFIG_ID
from appliance.model.formats.times import CALENDAR_EVENT, DAY_OF_WEEK
from appliance.model.option import Option
from appliance.model.options import backup, jobs
from appliance.model.options.make import text, whole
from appliance.model.parameters import ParameterError
from appliance.model.property_string import Properties
from appliance.services.config.backup_jobs import included_volumes, not_backed_up
from appliance.services.config.pools import pool_guests
from appliance.services.config.sections import Row, SectionFile, Sections

JOBS: Final = SectionFile(jobs.FILE, jobs.TYPES, "id", "job")
_EVERY_DAY: Final = "mon,tue,wed,thu,fri,sat,sun"
_ONLY_ROOT: Final = ("tmpdir", "dumpdir", "script")
_OBJECTS: Final = ("prune-backups", "fleecing", "performance")
_NAME: Final = Option("id", "What it is called.", max_length=50, pattern=r"\S+", required=True)


def _shape(row: Row, _request: Request, ports: ApiPorts) -> Row:
    """With objects for options of several keys, and the next run of a job that is on."""
    shown = {
        key: value if key not in _OBJECTS else _object(key, value) for key, value in row.items()
    }
    if not row.get("enabled", 1) or "schedule" not in row:
        return shown
    at_s = _next_run(str(row["schedule"]), ports)
    return shown if at_s is None else {**shown, "next-run": at_s}


def _sync_shape(row: Row, request: Request, ports: ApiPorts) -> Row:
    """A list says of each whether it is on; one alone is shown as it is written."""
    shown = _shape(row, request, ports)
    return shown if "id" in request.parameters else {"enabled": 1, **shown}


def _next_run(schedule: str, ports: ApiPorts) -> int | None:
    try:
        return next_event(parse_calendar_event(schedule), int(ports.clock.wall()))
    except ConfigError:
        return None


def _object(key: str, text: Any) -> Any:
    option = backup.OPTIONS.find(key)
    form = option.format if option is not None else None
    assert isinstance(form, Properties)
    try:
        values = form.parse(str(text)).values
    except ConfigError:
        return {}
    return {name: int(v) if isinstance(v, bool) else v for name, v in values.items()}


# backup jobs


async def _before(request: Request, ports: ApiPorts, texts: Texts) -> None:
    if request.user != ROOT and (named := [key for key in _ONLY_ROOT if key in texts]):
        raise ForbiddenError(f"Permission check failed ({named[0]} is for root@pam)")
    _schedule(request, texts)
    if "exclude" in texts:
        texts.setdefault("all", "1")
    _check_choice(request, ports, texts)


def _schedule(request: Request, texts: Texts) -> None:
    """The older way: a time of day, on some days."""
    time, days = request.texts.get("starttime"), request.texts.get("dow")
    texts.pop("starttime", None)
    texts.pop("dow", None)
    if time is None:
        return
    if "schedule" in texts:
        raise ParameterError({"starttime": "cannot be given with a schedule"})
    spoken = str(days or _EVERY_DAY)
    texts["schedule"] = str(time) if spoken == _EVERY_DAY else f"{spoken} {time}"


def _check_choice(request: Request, ports: ApiPorts, texts: Texts) -> None:
    given = request.parameters
    before: Mapping[str, Any] = {}
    if "id" in given and request.parameters.get("id") in [
        row["id"] for row in Sections(ports.store, JOBS).rows("vzdump")
    ]:
        before = Sections(ports.store, JOBS).row(str(given["id"]), "vzdump")
    gone = given.get("delete") or ()
    after = {**{k: v for k, v in before.items() if k not in gone}, **texts}
    chosen = [key for key in ("vmid", "pool", "all") if after.get(key) not in (None, "0", 0)]
    if not chosen:
        raise ParameterError({"vmid": "is missing, give guests, a pool, or all"})
    if "vmid" in chosen and "all" in chosen and "vmid" not in texts:
        return
    if len(chosen) > 1:
        told = f"cannot be given with {chosen[0]}"
        raise ParameterError(dict.fromkeys(chosen[1:], told))
    if not before and "schedule" not in texts:
        raise ParameterError({"schedule": "is missing"})


async def _create(request: Request, ports: ApiPorts) -> None:
    texts = {k: v for k, v in request.texts.items() if k != "id"}
    await _before(request, ports, texts)
    given = request.parameters.get("id")
    token = ports.entropy.token(6)
    name = str(given) if given else f"backup-{token[:8]}-{token[8:12]}"
    await Sections(ports.store, JOBS).create("vzdump", name, texts)


async def _included(request: Request, ports: ApiPorts) -> Any:
    row = Sections(ports.store, JOBS).row(str(request.parameters["id"]), "vzdump")
    return {"children": included_volumes(ports.store, row, pool_guests(ports.accounts.access()))}


async def _not_backed_up(_request: Request, ports: ApiPorts) -> Any:
    rows = Sections(ports.store, JOBS).rows("vzdump")
    return not_backed_up(ports.store, rows, pool_guests(ports.accounts.access()))


async def _analyze(request: Request, ports: ApiPorts) -> Any:
    given = request.parameters
    after_s = given.get("starttime", int(ports.clock.wall()))
    found = next_events(str(request.texts["schedule"]), after_s, given["iterations"])
    return [{"timestamp": at_s, "utc": _utc(at_s)} for at_s in found]


def _utc(at_s: int) -> str:
    return datetime.fromtimestamp(at_s, UTC).strftime("%a %Y-%m-%d %H:%M:%S UTC")


# the table

_OLDER: Final = (
    text("starttime", "Older: a time of day instead of a schedule.", pattern=r"\d{1,2}:\d{1,2}"),
    text(
        "dow",
        "Older: the days of the week.",
        DAY_OF_WEEK,
        many=True,
        default=_EVERY_DAY,
        requires="starttime",
    ),
)
_OLDER_CHANGE: Final = (
    _OLDER[0],
    text("dow", "Older: the days of the week.", DAY_OF_WEEK, many=True, requires="starttime"),
)
_VZDUMP: Final = next(declared for declared in jobs.TYPES if declared.name == "vzdump")
_BACKUP: Final = Crud(
    "/cluster/backup",
    JOBS,
    _NAME,
    ("backup job", "backup jobs"),
    Rights(AUDIT, AUDIT, MODIFY, MODIFY, MODIFY),
    kind="vzdump",
    calls=("list", "read", "update", "delete"),
    other={"update": {"digest": None, "delete": {"max_length": None}}},
    more={"update": _OLDER_CHANGE},
    shape=_shape,
    before=_before,
)
_SYNC: Final = Crud(
    "/cluster/jobs/realm-sync",
    JOBS,
    Option("id", "What it is called.", format=CONFIG_ID, max_length=64, required=True),
    ("synchronization of a realm", "synchronizations of realms"),
    Rights(
        AUDIT,
        AUDIT,
        both(
            on("/access/realm/{realm}", "Realm.AllocateUser"), on("/access/groups", "User.Modify")
        ),
        both(
            on("/access/realm/{realm}", "Realm.AllocateUser"), on("/access/groups", "User.Modify")
        ),
        MODIFY,
    ),
    kind="realm-sync",
    make="/cluster/jobs/realm-sync/{id}",
    shape=_sync_shape,
    more={"read": (ID,), "delete": (ID,)},
    other={
        "create": {"realm": {"required": False}, "scope": {"required": False}},
        "update": {"schedule": {"required": True}, "digest": None},
    },
)
OPERATIONS: Final = (
    *crud_operations(_BACKUP),
    Operation(
        "POST",
        "/cluster/backup",
        _create,
        "Make a backup job.",
        (
            Option("id", "What it is called; made up if not given.", format=CONFIG_ID),
            *(o for o in _VZDUMP.options if o.name != "schedule"),
            text("schedule", "When it runs.", CALENDAR_EVENT, max_length=128),
            *_OLDER,
        ),
        MODIFY,
    ),
    Operation(
        "GET",
        "/cluster/backup/{id}/included_volumes",
        _included,
        "The guests of a job, and which of their disks it takes.",
        (_NAME,),
        AUDIT,
    ),
    Operation(
        "GET",
        "/cluster/backup-info/not-backed-up",
        _not_backed_up,
        "The guests that no job takes.",
        permission=AUDIT,
    ),
    *crud_operations(_SYNC),
    Operation(
        "GET",
        "/cluster/jobs/schedule-analyze",
        _analyze,
        "When a schedule comes next.",
        (
            text("schedule", "The schedule.", CALENDAR_EVENT, max_length=128, required=True),
            whole("iterations", "How many times.", 1, 100, 10),
            whole("starttime", "From then on; now if not given.", unit="seconds since 1970"),
        ),
        ANY_USER,
    ),
)
