"""What backup jobs take, from the guests' configurations."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from appliance.core.schedule.backup import Disk, covered, ct_disk, vm_disk
from appliance.model.errors import ConfigError
from appliance.model.guest.config import Settings, parse_guest
from appliance.model.guest.devices import drives, mount_points
from appliance.model.guest.document import GuestKind
from appliance.model.options import backup
from appliance.ports.config_store import ConfigStore
from appliance.services.config.texts import read_text

Row = dict[str, Any]
Pools = Mapping[str, Sequence[int]]


def included_volumes(store: ConfigStore, job: Mapping[str, Any], pools: Pools) -> list[Row]:
    """A row for each guest of the job, with its disks below it."""
    rows = []
    for numbers in _of_job(store, job, pools).values():
        for number in numbers:
            path = store.guests().get(number)
            if path is None:
                rows.append({"id": number, "type": "unknown", "children": []})
                continue
            kind, settings = _guest(store, path)
            disks = [_disk(disk) for disk in _disks(kind, settings)]
            shown = {"id": number, "type": _type(kind), "children": disks}
            rows.append({**shown, **_name(kind, settings)})
    return sorted(rows, key=lambda row: int(str(row["id"])))


def not_backed_up(store: ConfigStore, jobs: Iterable[Mapping[str, Any]], pools: Pools) -> list[Row]:
    """The guests that no job takes that is on."""
    taken: dict[int, None] = {}
    for job in jobs:
        if job.get("enabled", 1):
            for numbers in _of_job(store, job, pools).values():
                taken |= dict.fromkeys(numbers)
    rows = []
    for number, path in sorted(store.guests().items()):
        if number not in taken:
            kind, settings = _guest(store, path)
            rows.append({"vmid": number, "type": _type(kind), **_name(kind, settings)})
    return rows


def _of_job(store: ConfigStore, job: Mapping[str, Any], pools: Pools) -> dict[str, list[int]]:
    values = {}
    for key in ("all", "vmid", "exclude", "pool", "node"):
        if key in job:
            values[key] = backup.OPTIONS.decode(key, str(job[key]))
    guests = {number: path.split("/")[1] for number, path in store.guests().items()}
    return covered(values, guests, pools)


def _guest(store: ConfigStore, path: str) -> tuple[GuestKind, Settings]:
    kind: GuestKind = "ct" if "/lxc/" in path else "vm"
    try:
        return kind, parse_guest(read_text(store, path), kind, file=path).current
    except ConfigError:
        return kind, Settings()


def _type(kind: GuestKind) -> str:
    return "lxc" if kind == "ct" else "qemu"


def _name(kind: GuestKind, settings: Settings) -> dict[str, str]:
    name = settings.get("hostname" if kind == "ct" else "name")
    return {"name": name} if name else {}


def _disks(kind: GuestKind, settings: Settings) -> list[Disk]:
    if kind == "ct":
        return [
            ct_disk(m.key, m.source, is_volume=m.kind == "volume", backup=m.backup)
            for m in mount_points(settings)
        ]
    return [
        vm_disk(d.key, d.file, cdrom=d.cdrom and not d.cloudinit, backup=_wish(d.values))
        for d in drives(settings)
    ]


def _wish(values: Mapping[str, object]) -> bool | None:
    wish = values.get("backup")
    return wish if isinstance(wish, bool) else None


def _disk(disk: Disk) -> Row:
    shown = {"id": disk.key, "name": disk.volume, "included": int(disk.included)}
    return {**shown, "reason": disk.reason}
