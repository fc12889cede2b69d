"""ha/groups.cfg: groups of nodes, the older way to say where services may run.

Rules have superseded them; the manager turns groups into node-affinity rules.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import cast

from appliance.model.errors import ConfigError
from appliance.model.formats import CONFIG_ID
from appliance.model.ha.ids import NODE_PRIORITY
from appliance.model.option import Option
from appliance.model.section_config import (
    Document,
    SectionType,
    Wanted,
    merge_sections,
    read_sections,
    write_sections,
)

FILE = "ha/groups.cfg"

OPTIONS = (
    Option(
        "nodes",
        "The nodes, each with an optional priority; higher is better.",
        format=NODE_PRIORITY,
        many=True,
        required=True,
    ),
    Option(
        "restricted",
        "Whether services may run on no other node.",
        kind="boolean",
        default=False,
    ),
    Option(
        "nofailback",
        "Whether services stay where they are when a better node comes online.",
        kind="boolean",
        default=False,
    ),
    Option("comment", "A remark.", max_length=4096, percent=True),
)

TYPES = (SectionType("group", CONFIG_ID, OPTIONS),)


@dataclass(frozen=True, slots=True)
class Group:
    """`nodes`: node -> priority, sorted by node name."""

    id: str
    nodes: Mapping[str, int]
    restricted: bool = False
    nofailback: bool = False
    comment: str | None = None


@dataclass(frozen=True, slots=True)
class Groups:
    """The file. `document` is what was read, unknown content included."""

    groups: tuple[Group, ...] = ()
    document: Document = field(default_factory=Document, compare=False, repr=False)
    problems: tuple[ConfigError, ...] = field(default=(), compare=False, repr=False)


def parse_groups(text: str, *, strict: bool = False, file: str = FILE) -> Groups:
    """Read the file. Lenient reading leaves out what is bad, see `problems`; strict raises."""
    reading = read_sections(text, TYPES, file=file, strict=strict)
    groups = tuple(_group(found.section.id, found.values) for found in reading.found)
    return Groups(groups, reading.document, reading.problems)


def write_groups(groups: Iterable[Group], document: Document | None = None) -> str:
    """The text. Content of `document` that is not about known options stays."""
    wanted = [_wanted(group) for group in groups]
    return write_sections(merge_sections(document or Document(), TYPES, wanted))


def node_priorities(items: Iterable[tuple[str, int]]) -> dict[str, int]:
    """Priority by node, sorted by name; the last of repeated nodes holds."""
    return dict(sorted(dict(items).items()))


def _group(name: str, values: Mapping[str, object]) -> Group:
    return Group(
        name,
        node_priorities(cast(tuple[tuple[str, int], ...], values["nodes"])),
        cast(bool, values.get("restricted", False)),
        cast(bool, values.get("nofailback", False)),
        cast(str | None, values.get("comment")),
    )


def _wanted(group: Group) -> Wanted:
    values = {
        "nodes": tuple(sorted(group.nodes.items())),
        "restricted": group.restricted,
        "nofailback": group.nofailback,
        "comment": group.comment,
    }
    return Wanted("group", group.id, values)
