"""What a cluster says of itself: the calls that are read, and what could not be."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from appliance.model.errors import ForbiddenError, MissingError, QuorateError
from scenarios.twin.line import Reads

Row = Mapping[str, Any]
Progress = Callable[[int, int], None]


@dataclass
class Answers:
    """Each as the API gave it. notes: what was asked in vain, for people.

    configs: of guests by number. rules and groups: one of them is empty, by release.
    """

    status: list[Row] = field(default_factory=list)
    resources: list[Row] = field(default_factory=list)
    storages: list[Row] = field(default_factory=list)
    ha_resources: list[Row] = field(default_factory=list)
    rules: list[Row] = field(default_factory=list)
    groups: list[Row] = field(default_factory=list)
    options: Row = field(default_factory=dict)
    corosync_nodes: list[Row] = field(default_factory=list)
    totem: Row = field(default_factory=dict)
    device: Row = field(default_factory=dict)
    configs: dict[int, Row] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def read_answers(line: Reads, progress: Progress = lambda _done, _of: None) -> Answers:
    """Ask for everything a scenario has. Without resources there is nothing: then it raises.

    progress: called with the number of guests read and of all.
    """
    answers = Answers()
    answers.resources = _rows(line.get("/cluster/resources"))
    lists = {
        "status": "/cluster/status",
        "storages": "/storage",
        "ha_resources": "/cluster/ha/resources",
        "rules": "/cluster/ha/rules",
        "corosync_nodes": "/cluster/config/nodes",
    }
    for name, path in lists.items():
        setattr(answers, name, _rows(_asked(line, path, answers.notes)))
    if not answers.rules:
        answers.groups = _rows(_asked(line, "/cluster/ha/groups", []))
    tables = {
        "options": "/cluster/options",
        "totem": "/cluster/config/totem",
        "device": "/cluster/config/qdevice",
    }
    for name, path in tables.items():
        found = _asked(line, path, answers.notes)
        setattr(answers, name, found if isinstance(found, dict) else {})
    _read_configs(line, answers, progress)
    return answers


def _read_configs(line: Reads, answers: Answers, progress: Progress) -> None:
    guests = [row for row in answers.resources if row.get("type") in ("qemu", "lxc")]
    refused = 0
    for number, row in enumerate(guests, start=1):
        path = f"/nodes/{row['node']}/{row['type']}/{row['vmid']}/config"
        try:
            answers.configs[int(row["vmid"])] = line.get(path)
        except QuorateError as error:
            # A guest may be gone since the list was made, its node may be down.
            if not isinstance(error, ForbiddenError | MissingError) and type(error) is not (
                QuorateError
            ):
                raise
            refused += 1
        progress(number, len(guests))
    if refused:
        answers.notes.append(f"{refused} of {len(guests)} guests' configurations cannot be read")


def _asked(line: Reads, path: str, notes: list[str]) -> Any:
    try:
        return line.get(path)
    except (ForbiddenError, MissingError) as error:
        notes.append(str(error))
    except QuorateError as error:
        if type(error) is not QuorateError:  # an answer that says it failed, and no broken line
            raise
        notes.append(str(error))
    return None


def _rows(found: Any) -> list[Row]:
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []
