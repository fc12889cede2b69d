"""New guests: the file first, then the disks, then what was asked for besides."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from typing import Final

from appliance.core.guest.given import hashed, normalized
from appliance.core.guest.locks import unlocked
from appliance.core.guest.new_disks import default_boot
from appliance.model.errors import ConfigError, ExistsError, MissingError
from appliance.model.guest.config import GuestConfig, Settings
from appliance.model.guest.document import GuestKind
from appliance.model.guest.running import LABELS
from appliance.model.ha.resources import Resource
from appliance.model.storage.volumes import split_id
from appliance.services.guest_changes.files import GuestFile
from appliance.services.guest_changes.undo import Undo, undoing
from appliance.services.guests.disks import check_storage, storages_of, with_volumes
from appliance.services.guests.life import Life
from appliance.services.guests.ports import GuestPorts
from appliance.services.ha_store.config import StoreHaConfig
from appliance.services.ha_store.decoder import Decoder
from appliance.services.tasks.context import TaskContext

QEMU: Final = "10.1.2"  # the emulator whose machines are made, told in `meta`
Step = Callable[[], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class NewGuest:
    """texts: options as given, disks as `storage:GiB`.

    template   the volume id of what a container is unpacked from
    join       puts it into a pool; leave takes it out again
    """

    kind: GuestKind
    vmid: int
    texts: Mapping[str, str]
    description: str = ""
    start: bool = False
    managed: bool = False
    template: str | None = None
    join: Step | None = None
    leave: Step | None = None


async def create(ports: GuestPorts, wish: NewGuest, user: str) -> str:
    """The task that makes it. At once: ExistsError, ConfigError and what its storages refuse."""
    _check_free(ports, wish)
    texts = normalized(wish.kind, wish.texts)
    if wish.kind == "ct" and "rootfs" not in texts:
        raise ConfigError("is missing", field="rootfs")
    for storage in storages_of(wish.kind, texts):
        check_storage(ports, wish.kind, storage)
    if wish.template is not None:
        _check_id(wish.template)
        await ports.volumes.look(wish.template)
    if "cipassword" in texts:
        texts["cipassword"] = hashed(texts["cipassword"], ports.entropy.token(8))
    guest = await _reserve(ports, wish, texts)

    async def job(task: TaskContext) -> None:
        await _make(ports, wish, guest, texts, task)

    kind = "qmcreate" if wish.kind == "vm" else "vzcreate"
    return await ports.work.start(kind, str(wish.vmid), user, job)


async def _reserve(ports: GuestPorts, wish: NewGuest, texts: Mapping[str, str]) -> GuestFile:
    """The number is ours from here on, on all nodes."""
    config = GuestConfig(wish.kind, Settings({"lock": "create"}, wish.description))
    try:
        return await ports.files.create(ports.node, wish.vmid, config)
    except ExistsError:
        raise ExistsError(f"{_taken(wish)} in the cluster") from None


def _check_id(volume: str) -> None:
    """ConfigError with the name of the parameter."""
    try:
        split_id(volume)
    except ConfigError as error:
        raise ConfigError(error.message, field="ostemplate") from None


def _check_free(ports: GuestPorts, wish: NewGuest) -> None:
    try:
        there = ports.files.find(wish.vmid)
    except MissingError:
        return
    raise ExistsError(f"{_taken(wish)} on node '{there.node}'")


def _taken(wish: NewGuest) -> str:
    label = LABELS[wish.kind]
    return f"unable to create {label} {wish.vmid}: {label} {wish.vmid} already exists"


async def _make(
    ports: GuestPorts,
    wish: NewGuest,
    guest: GuestFile,
    texts: Mapping[str, str],
    task: TaskContext,
) -> None:
    """After an error there is neither guest nor volume; the log names what could not be removed."""
    async with undoing(task) as undo:
        undo.push(f"guest {wish.vmid}", lambda: ports.files.remove(guest))
        made = await with_volumes(ports, wish.kind, wish.vmid, texts, undo)
        made |= _birth_marks(ports, wish, made)
        if wish.template is not None:
            task.log(f"extracting archive '{wish.template}'")
        await _join(wish, undo)
        if wish.managed:
            await _manage(ports, wish, guest.sid, undo)
        await ports.files.change(guest, lambda config: _finished(config, made))
        undo.keep()
    if wish.start and not wish.managed:
        await Life(ports).start_now(guest, task)


def _finished(config: GuestConfig, made: Mapping[str, str]) -> GuestConfig:
    free = unlocked(config, "create")
    return replace(free, current=free.current.with_values(made))


def _birth_marks(ports: GuestPorts, wish: NewGuest, made: Mapping[str, str]) -> dict[str, str]:
    """What a new guest has without being asked for."""
    if wish.kind == "ct":
        return {key: text for key, text in _CONTAINER.items() if key not in made}
    at_s = int(ports.clock.wall())
    marks = {
        "meta": f"creation-qemu={QEMU},ctime={at_s}",
        "smbios1": f"uuid={ports.new_uuid()}",
        "vmgenid": ports.new_uuid(),
        "boot": default_boot(Settings(made)),
    }
    if made.get("vmgenid") == "1":
        made = {key: text for key, text in made.items() if key != "vmgenid"}
    return {key: text for key, text in marks.items() if key not in made and text}


_CONTAINER: Final = {"arch": "amd64", "unprivileged": "1"}


async def _join(wish: NewGuest, undo: Undo) -> None:
    if wish.join is not None and wish.leave is not None:
        await wish.join()
        undo.push("membership in the pool", wish.leave)


async def _manage(ports: GuestPorts, wish: NewGuest, sid: str, undo: Undo) -> None:
    """Under high availability from the beginning: the manager starts it, or leaves it stopped."""
    config = StoreHaConfig(ports.store, Decoder())
    await config.put_service(Resource(sid, "started" if wish.start else "stopped"))
    undo.push(f"HA resource {sid}", lambda: config.remove_service(sid))
