"""A guest's options are changed: at once, while it runs, or for its next start."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Final

from appliance.core.guest.given import hashed, normalized
from appliance.core.guest.hotplug import is_paper, live_keys
from appliance.core.guest.locks import check_unlocked
from appliance.core.guest.pending import applied, changed_later, deleted_later, reverted
from appliance.model.digest import check_digest
from appliance.model.errors import QuorateError
from appliance.model.guest.config import GuestConfig, write_guest
from appliance.model.parameters import ParameterError
from appliance.services.guest_changes.files import GuestFile
from appliance.services.guest_changes.undo import undoing
from appliance.services.guests.disks import settle_volumes, with_volumes
from appliance.services.guests.ports import GuestPorts, refuse_if
from appliance.services.guests.summaries import flag
from appliance.services.tasks.context import TaskContext

_PATIENCE_S: Final = 10


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody wants changed.

    texts    options as given; a new disk as `storage:GiB`
    delete   keys that go; force: their volumes are freed, not kept as unused
    revert   keys whose pending change is forgotten
    """

    texts: Mapping[str, str]
    delete: tuple[str, ...] = ()
    revert: tuple[str, ...] = ()
    description: str | None = None
    force: bool = False
    digest: str | None = None
    skip_lock: bool = False

    def names(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys((*self.texts, *self.delete)))


async def change(ports: GuestPorts, guest: GuestFile, wish: Wish, task: TaskContext) -> None:
    """Nothing is changed by an error, but for ParameterError, which says what could not be done
    while the guest runs and waits for its next start.
    """
    texts = normalized(guest.kind, wish.texts)
    if "cipassword" in texts:
        texts["cipassword"] = hashed(texts["cipassword"], ports.entropy.token(8))
    delete = tuple("ide2" if key == "cdrom" else key for key in wish.delete)
    wish = replace(wish, texts=texts, delete=delete)
    _guard(guest.config, wish)
    check_digest(write_guest(guest.config), wish.digest)
    running = ports.host.state(guest.sid) is not None
    async with undoing(task) as undo:
        made = await with_volumes(ports, guest.kind, guest.vmid, texts, undo)
        now = replace(wish, texts=made)
        changed = await settle_volumes(
            ports, guest, lambda config: _written(config, now, running), _forced(wish), undo.keep
        )
    if running:
        await _plug(ports, changed, wish)


async def unlocked_soon(ports: GuestPorts, guest: GuestFile, wish: Wish) -> GuestFile:
    """The guest as it is once nothing is done to it, or after some seconds. MissingError."""
    for _ in range(_PATIENCE_S):
        now = ports.files.find(guest.vmid, guest.kind, ports.node)
        if now.config.current.get("lock") is None or wish.skip_lock or "lock" in wish.delete:
            return now
        await ports.clock.sleep(1.0)
    return ports.files.find(guest.vmid, guest.kind, ports.node)


def _forced(wish: Wish) -> tuple[str, ...]:
    return wish.delete if wish.force else ()


def _guard(config: GuestConfig, wish: Wish) -> None:
    """RefusedError for what the guest's state forbids."""
    unlocking = "lock" in wish.delete
    if not wish.skip_lock and not unlocking:
        check_unlocked(config)
    protected = flag(config, "protection")
    disks = [key for key in wish.delete if key.startswith("unused") or wish.force]
    refuse_if(protected and bool(disks), "can't remove a disk - protection mode enabled")


def _written(config: GuestConfig, wish: Wish, running: bool) -> GuestConfig:
    """The file after the change; what needs the running guest waits in it."""
    _guard(config, wish)
    check_digest(write_guest(config), wish.digest)
    config = _described(config, wish)
    config = reverted(config, wish.revert)
    config = changed_later(config, wish.texts)
    delete = [key for key in wish.delete if key != "description"]
    config = deleted_later(config, delete, force=wish.force)
    if not running:
        return applied(config)
    return applied(config, _paper(config, wish.names()))


def _paper(config: GuestConfig, names: Iterable[str]) -> list[str]:
    return [key for key in names if is_paper(config.kind, key)]


def _described(config: GuestConfig, wish: Wish) -> GuestConfig:
    text = "" if "description" in wish.delete else wish.description
    if text is None:
        return config
    return replace(config, current=replace(config.current, description=text))


async def _plug(ports: GuestPorts, guest: GuestFile, wish: Wish) -> None:
    """Let the running guest take up what it can."""
    waiting = [key for key in wish.names() if not is_paper(guest.kind, key)]
    waiting = [key for key in waiting if applied(guest.config, [key]) != applied(guest.config, [])]
    keys = live_keys(guest.kind, guest.config.current, waiting)
    if not keys:
        return
    try:
        wanted = applied(guest.config, keys)
        await ports.host.apply(guest.sid, wanted.current, keys)
    except QuorateError as error:
        raise ParameterError(dict.fromkeys(keys, f"hotplug problem - {error}")) from None
    await settle_volumes(ports, guest, lambda config: applied(config, keys), _forced(wish))
