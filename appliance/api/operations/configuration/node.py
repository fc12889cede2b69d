"""A node's own matters: names, time, services, journal, packages, subscription."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final, cast

from appliance.api.operations.configuration.common import NODE_OPTION
from appliance.api.permissions import AUDIT, NODE_AUDIT, NODE_MODIFY, perm
from appliance.api.ports import ApiPorts
from appliance.api.table import ANY_USER, Operation, Request
from appliance.model.errors import MissingError, RefusedError, UnavailableError
from appliance.model.formats.names import NODE
from appliance.model.formats.network import IP
from appliance.model.option import Option
from appliance.model.option_lines import read_lines
from appliance.model.options.cluster import NODE_OPTIONS
from appliance.model.options.make import flag, text, whole, word
from appliance.model.property_string import Properties
from appliance.model.section_parameters import DIGEST
from appliance.ports.node_system import SUBSCRIPTION, LogLine, NodeSystem, Service, Verb
from appliance.services.config.node_files import (
    read_dns,
    read_hosts,
    read_time,
    write_dns,
    write_hosts,
    write_timezone,
)
from appliance.services.config.texts import read_text
from appliance.services.tasks.context import TaskContext

_SERVICES: Final = (
    "chrony corosync cron ksmtuned lxcfs postfix proxmox-firewall pve-cluster pve-firewall "
    "pve-ha-crm pve-ha-lrm pve-lxc-syscalld pvedaemon pvefw-logger pveproxy pvescheduler pvestatd "
    "qmeventd spiceproxy sshd syslog systemd-journald systemd-timesyncd"
)
_SERVICE: Final = word("service", "The service.", _SERVICES, required=True)
_DATE: Final = r"^\d{4}-\d{2}-\d{2}( \d{2}:\d{2}(:\d{2})?)?$"
_SYSLOG: Final = perm("/nodes/{node}", "Sys.Syslog")


def system_of(ports: ApiPorts) -> NodeSystem:
    """UnavailableError where the node has none that is managed."""
    if ports.system is None:
        raise UnavailableError("the operating system of this node is not managed by it")
    return ports.system


# names and time


async def _get_dns(_request: Request, ports: ApiPorts) -> Any:
    return await read_dns(system_of(ports))


async def _set_dns(request: Request, ports: ApiPorts) -> None:
    await write_dns(system_of(ports), {k: str(v) for k, v in request.texts.items()})


async def _get_hosts(_request: Request, ports: ApiPorts) -> Any:
    return await read_hosts(system_of(ports))


async def _set_hosts(request: Request, ports: ApiPorts) -> None:
    given = request.parameters
    await write_hosts(system_of(ports), str(given["data"]), given.get("digest"))


async def _get_time(_request: Request, ports: ApiPorts) -> Any:
    return await read_time(system_of(ports), ports.clock.wall())


async def _set_time(request: Request, ports: ApiPorts) -> None:
    await write_timezone(system_of(ports), str(request.parameters["timezone"]))


# services


async def _get_services(_request: Request, ports: ApiPorts) -> Any:
    return [_shown(service) for service in system_of(ports).services()]


def _shown(service: Service) -> dict[str, str]:
    return {
        "service": service.name,
        "name": service.name,
        "desc": service.about,
        "state": "running" if service.running else "dead",
        "active-state": "active" if service.running else "inactive",
        "unit-state": "enabled" if service.enabled else "disabled",
    }


async def _get_service(request: Request, ports: ApiPorts) -> Any:
    name = request.parameters["service"]
    for service in system_of(ports).services():
        if service.name == name:
            return _shown(service)
    raise MissingError(f"service '{name}' does not exist on this node")


def _control(verb: Verb) -> Operation:
    async def handler(request: Request, ports: ApiPorts) -> str:
        name, system = str(request.parameters["service"]), system_of(ports)
        await _get_service(request, ports)

        async def work(context: TaskContext) -> None:
            context.log(f"{verb} {name}")
            await system.control(name, verb)

        return await ports.work.start(f"srv{verb}", name, request.user, work)

    return Operation(
        "POST",
        f"/nodes/{{node}}/services/{{service}}/{verb}",
        handler,
        f"{verb.capitalize()} a service, as a task.",
        (NODE_OPTION, _SERVICE),
        NODE_MODIFY,
        "node",
    )


# journal


async def _get_syslog(request: Request, ports: ApiPorts) -> Any:
    given = request.parameters
    since, until = _moment(given.get("since")), _moment(given.get("until"))
    lines = [
        line
        for line in system_of(ports).log()
        if (since is None or line.at_s >= since)
        and (until is None or line.at_s <= until)
        and given.get("service") in (None, line.unit)
    ]
    start = given.get("start", 0)
    end = start + given["limit"] if given.get("limit") else None
    return [
        {"n": number, "t": log_line(line, ports.node)}
        for number, line in list(enumerate(lines, start=1))[start:end]
    ]


def _moment(date: str | None) -> float | None:
    if date is None:
        return None
    whole = (
        date if len(date) == len("2000-01-01 00:00:00") else f"{date[:10]} {date[11:] or '00:00'}"
    )
    form = "%Y-%m-%d %H:%M:%S" if whole.count(":") == 2 else "%Y-%m-%d %H:%M"
    try:
        return datetime.strptime(whole, form).replace(tzinfo=UTC).timestamp()
    except ValueError:
        raise MissingError(f"there is no moment '{date}'") from None


def log_line(line: LogLine, node: str) -> str:
    at = datetime.fromtimestamp(line.at_s, UTC).strftime("%b %d %H:%M:%S")
    return f"{at} {node} {line.unit}: {line.text}"


async def _get_journal(request: Request, ports: ApiPorts) -> Any:
    """The first line is where these begin, the last one where they end."""
    given = request.parameters
    lines = list(enumerate(system_of(ports).log()))
    first = _cursor(given.get("startcursor"))
    last = _cursor(given.get("endcursor"))
    found = [
        (number, line)
        for number, line in lines
        if given.get("since", 0) <= line.at_s <= given.get("until", line.at_s)
        and (first is None or number > first)
        and (last is None or number < last)
    ]
    if given.get("lastentries") is not None:
        found = found[-given["lastentries"] :] if given["lastentries"] else []
    if not found:
        return [f"c={last or 0}", f"c={first or 0}"]
    shown = [log_line(line, ports.node) for _number, line in found]
    return [f"c={found[0][0]}", *shown, f"c={found[-1][0]}"]


def _cursor(text: str | None) -> int | None:
    number = (text or "").removeprefix("c=")
    return int(number) if number.isdecimal() and number.isascii() else None


# software


async def _get_versions(_request: Request, ports: ApiPorts) -> Any:
    return [
        {**_package(one.name, one.version, one.about), "CurrentState": "Installed"}
        for one in system_of(ports).packages()
    ]


async def _get_updates(_request: Request, ports: ApiPorts) -> Any:
    return [
        {**_package(one.name, one.newer, one.about), "OldVersion": one.version}
        for one in system_of(ports).packages()
        if one.newer
    ]


def _package(name: str, number: str, about: str) -> dict[str, str]:
    return {
        "Package": name,
        "Version": number,
        "OldVersion": number,
        "Title": about,
        "Description": about,
        "Arch": "all",
        "Origin": "Quorate",
        "Priority": "optional",
        "Section": "admin",
    }


async def _update_lists(request: Request, ports: ApiPorts) -> str:
    system = system_of(ports)

    async def work(context: TaskContext) -> None:
        newer = [one for one in system.packages() if one.newer]
        for one in newer:
            context.log(f"{one.name}: {one.version} -> {one.newer}")
        context.log(f"{len(newer)} packages can be updated")

    return await ports.work.start("aptupdate", "", request.user, work)


# subscription


async def _get_subscription(_request: Request, ports: ApiPorts) -> Any:
    key = (await system_of(ports).read(SUBSCRIPTION)).strip()
    if not key:
        return {"status": "notfound", "message": "There is no subscription key"}
    return {"status": "new", "key": key, "message": "the key has not been checked"}


async def _set_subscription(request: Request, ports: ApiPorts) -> None:
    await system_of(ports).write(SUBSCRIPTION, f"{str(request.parameters['key']).strip()}\n")


async def _check_subscription(_request: Request, _ports: ApiPorts) -> None:
    raise RefusedError("there is nobody here who checks subscription keys")


async def _drop_subscription(_request: Request, ports: ApiPorts) -> None:
    await system_of(ports).write(SUBSCRIPTION, "")


# others


async def _get_report(_request: Request, ports: ApiPorts) -> str:
    system = system_of(ports)
    dns, time = await read_dns(system), await read_time(system, ports.clock.wall())
    parts = {
        "node": [ports.node],
        "time": [f"{key}: {value}" for key, value in time.items()],
        "dns": [f"{key}: {value}" for key, value in dns.items()],
        "packages": [f"{one.name} {one.version}" for one in system.packages()],
        "services": [f"{s.name}: {'running' if s.running else 'dead'}" for s in system.services()],
        "links": [f"{n}: {k.kind} {'up' if k.up else 'down'}" for n, k in system.links().items()],
    }
    return "".join(f"==== {title} ====\n" + "".join(f"{line}\n" for line in lines) + "\n"
                   for title, lines in parts.items())  # fmt: skip


async def _wake(request: Request, ports: ApiPorts) -> str:
    """Sent from the node that was asked; the sleeping one cannot be."""
    node = str(request.parameters["node"])
    written = read_lines(read_text(ports.store, f"nodes/{node}/config"), NODE_OPTIONS)
    option = NODE_OPTIONS.find("wakeonlan")
    form = option.format if option is not None else None
    if node == ports.node or "wakeonlan" not in written:
        why = (
            "is the one that was asked" if node == ports.node else "has no wakeonlan in its options"
        )
        raise RefusedError(f"node '{node}' {why}")
    mac = str(cast(Properties, form).parse(written["wakeonlan"]).values["mac"])
    await system_of(ports).wake(mac)
    return mac


# the table


def _at(verb: str, path: str, handler: Any, sentence: str, *more: Option, by: Any) -> Operation:
    return Operation(
        verb, f"/nodes/{{node}}/{path}", handler, sentence, (NODE_OPTION, *more), by, "node"
    )


_FROM: Final = whole("start", "How many lines to skip.", 0)
_LIMIT: Final = whole("limit", "How many lines at most.", 0)
OPERATIONS: Final = (
    _at("GET", "dns", _get_dns, "Who resolves names.", by=NODE_AUDIT),
    _at(
        "PUT",
        "dns",
        _set_dns,
        "Set who resolves names.",
        text("search", "The domain of names without one.", required=True),
        *(text(f"dns{n}", "The address of a server.", IP) for n in (1, 2, 3)),
        by=NODE_MODIFY,
    ),
    _at("GET", "hosts", _get_hosts, "Names that are known here.", by=AUDIT),
    _at(
        "POST",
        "hosts",
        _set_hosts,
        "Set names that are known here.",
        text("data", "The whole file.", required=True),
        DIGEST,
        by=NODE_MODIFY,
    ),
    _at("GET", "time", _get_time, "The time and its zone.", by=NODE_AUDIT),
    _at(
        "PUT",
        "time",
        _set_time,
        "Set the time zone.",
        text("timezone", "Such as Europe/Vienna.", required=True),
        by=NODE_MODIFY,
    ),
    _at("GET", "services", _get_services, "The node's services.", by=NODE_AUDIT),
    _at(
        "GET",
        "services/{service}/state",
        _get_service,
        "How a service is.",
        _SERVICE,
        by=NODE_AUDIT,
    ),
    *(_control(verb) for verb in ("start", "stop", "restart", "reload")),
    _at(
        "GET",
        "syslog",
        _get_syslog,
        "The system's log.",
        _FROM,
        _LIMIT,
        text("service", "Only of that service.", max_length=128),
        text("since", "Only from then on.", pattern=_DATE),
        text("until", "Only until then.", pattern=_DATE),
        by=_SYSLOG,
    ),
    _at(
        "GET",
        "journal",
        _get_journal,
        "The journal, between cursors.",
        whole("since", "Only from then on.", 0, unit="seconds since 1970"),
        whole("until", "Only until then.", 0, unit="seconds since 1970"),
        whole("lastentries", "Only so many of the last ones.", 0),
        text("startcursor", "Only after that place."),
        text("endcursor", "Only before that place."),
        by=_SYSLOG,
    ),
    _at("GET", "apt/versions", _get_versions, "Installed software.", by=NODE_AUDIT),
    _at("GET", "apt/update", _get_updates, "Software that can be updated.", by=NODE_MODIFY),
    _at(
        "POST",
        "apt/update",
        _update_lists,
        "Look for newer software, as a task.",
        flag("notify", "Whether somebody is told.", False),
        flag("quiet", "Whether less is written to the log.", False),
        by=NODE_MODIFY,
    ),
    _at("GET", "subscription", _get_subscription, "The subscription.", by=ANY_USER),
    _at(
        "PUT",
        "subscription",
        _set_subscription,
        "Keep a subscription key.",
        text(
            "key",
            "The key.",
            pattern=r"\s*pve([1248])([cbsp])-[0-9a-f]{10}\s*",
            max_length=32,
            required=True,
            secret=True,
        ),
        by=NODE_MODIFY,
    ),
    _at(
        "POST",
        "subscription",
        _check_subscription,
        "Have the key checked.",
        flag("force", "Even if it was a short while ago.", False),
        by=NODE_MODIFY,
    ),
    _at("DELETE", "subscription", _drop_subscription, "Forget the key.", by=NODE_MODIFY),
    _at("GET", "report", _get_report, "All about the node as one text.", by=NODE_AUDIT),
    Operation(
        "POST",
        "/nodes/{node}/wakeonlan",
        _wake,
        "Wake a node.",
        (Option("node", "The node to wake.", format=NODE, required=True),),
        perm("/nodes/{node}", "Sys.PowerMgmt"),
    ),
)
