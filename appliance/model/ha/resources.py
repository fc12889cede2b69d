"""ha/resources.cfg: which guests are highly available, and what is asked of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import cast

from appliance.model.errors import ConfigError
from appliance.model.formats import CONFIG_ID
from appliance.model.ha.ids import GUEST_TYPES, parse_sid
from appliance.model.option import Format, Option
from appliance.model.section_config import (
    Document,
    SectionType,
    Wanted,
    merge_sections,
    read_sections,
    typed_id,
    write_sections,
)

FILE = "ha/resources.cfg"
STATES = ("started", "stopped", "enabled", "disabled", "ignored")

OPTIONS = (
    Option(
        "state",
        "What the manager shall make of the guest; enabled is an older word for started.",
        default="started",
        choices=STATES,
    ),
    Option("group", "A group of nodes; groups are superseded by rules.", format=CONFIG_ID),
    Option(
        "failback",
        "Whether the guest goes back to a better node as soon as there is one.",
        kind="boolean",
        default=True,
    ),
    Option(
        "max_restart",
        "How often a failed start is tried again on the same node.",
        kind="integer",
        default=1,
        minimum=0,
    ),
    Option(
        "max_relocate",
        "How often the guest is moved to another node when it cannot be started.",
        kind="integer",
        default=1,
        minimum=0,
    ),
    Option("comment", "A remark.", max_length=4096, percent=True),
)


def _guest_number(text: str) -> str:
    try:
        return parse_sid(f"vm:{text}").name
    except ConfigError:
        raise ValueError(text) from None


_KEY = Format("pve-vmid", "a guest number, 100 to 999999999", _guest_number)
TYPES = tuple(SectionType(name, _KEY, OPTIONS) for name in GUEST_TYPES)


@dataclass(frozen=True, slots=True)
class Resource:
    """One section of the file. `state` is never `enabled`: that reads as `started`."""

    sid: str
    state: str = "started"
    group: str | None = None
    failback: bool = True
    max_restart: int = 1
    max_relocate: int = 1
    comment: str | None = None


@dataclass(frozen=True, slots=True)
class ServiceConfig:
    """What the core sees of a service: its options, and the node its configuration lies on."""

    sid: str
    node: str
    state: str = "started"
    group: str | None = None
    failback: bool = True
    max_restart: int = 1
    max_relocate: int = 1


@dataclass(frozen=True, slots=True)
class Resources:
    """The file. `document` is what was read, unknown content included."""

    resources: tuple[Resource, ...] = ()
    document: Document = field(default_factory=Document, compare=False, repr=False)
    problems: tuple[ConfigError, ...] = field(default=(), compare=False, repr=False)


def parse_resources(text: str, *, strict: bool = False, file: str = FILE) -> Resources:
    """Read the file. Lenient reading leaves out what is bad, see `problems`; strict raises."""
    reading = read_sections(text, TYPES, file=file, strict=strict, identity=typed_id)
    resources = tuple(
        _resource(typed_id(f.section.type, f.section.id), f.values) for f in reading.found
    )
    return Resources(resources, reading.document, reading.problems)


def write_resources(resources: Iterable[Resource], document: Document | None = None) -> str:
    """The text. Content of `document` that is not about known options stays."""
    wanted = [_wanted(resource) for resource in resources]
    return write_sections(merge_sections(document or Document(), TYPES, wanted, typed_id))


def service_configs(
    resources: Iterable[Resource], nodes: Mapping[str, str]
) -> dict[str, ServiceConfig]:
    """The services whose guest exists; `nodes` says on which node a guest's configuration lies."""
    return {
        r.sid: ServiceConfig(
            r.sid, nodes[r.sid], r.state, r.group, r.failback, r.max_restart, r.max_relocate
        )
        for r in sorted(resources, key=lambda resource: resource.sid)
        if r.sid in nodes
    }


def _resource(sid: str, values: Mapping[str, object]) -> Resource:
    state = cast(str, values.get("state", "started"))
    return Resource(
        sid,
        "started" if state == "enabled" else state,
        cast(str | None, values.get("group")),
        cast(bool, values.get("failback", True)),
        cast(int, values.get("max_restart", 1)),
        cast(int, values.get("max_relocate", 1)),
        cast(str | None, values.get("comment")),
    )


def _wanted(resource: Resource) -> Wanted:
    sid = parse_sid(resource.sid)
    values = {option.name: getattr(resource, option.name) for option in OPTIONS}
    return Wanted(sid.type, sid.name, values)
