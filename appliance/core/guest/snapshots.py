"""Snapshots in a guest's file: what stands there before, while and after one is made or removed.

Each function takes the configuration to the next step of an operation, or refuses. The volumes are
the caller's, between the steps: see docs/design/0020-guest-changes.md.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace

from appliance.core.guest import places
from appliance.core.guest.locks import check_no_template, check_unlocked, locked, unlocked
from appliance.model.errors import ConfigError, ExistsError, MissingError, RefusedError
from appliance.model.guest.config import GuestConfig, Settings
from appliance.model.guest.devices import unused_volumes
from appliance.model.guest.document import is_snapshot_name

MAX_NAME = 40
# Kept with a snapshot by the appliance; they are not the guest's own settings.
_RUNNING = ("runningmachine", "runningcpu", "running-nets-host-mtu")
_STATE = ("snapstate", "snaptime", "vmstate", *_RUNNING)


@dataclass(frozen=True, slots=True)
class SavedState:
    """A running VM's memory that is kept with a snapshot. running: the keys of its machine."""

    volume: str
    running: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SnapshotRow:
    """One line of the list of snapshots; `current` is the guest as it is."""

    name: str
    description: str = ""
    parent: str | None = None
    snaptime_s: int | None = None
    vmstate: bool = False
    state: str | None = None


def check_name(name: str) -> None:
    """ConfigError for what a snapshot cannot be called."""
    if not is_snapshot_name(name) or len(name) > MAX_NAME:
        message = "is no name of a snapshot: a letter, then letters, digits, _ or -, 40 at most"
        raise ConfigError(f"{message}, not 'current' or 'pending'", field="snapname")


def snapshot(config: GuestConfig, name: str) -> Settings:
    """MissingError if there is none of this name."""
    found = config.snapshots.get(name)
    if found is None:
        raise MissingError(f"snapshot '{name}' does not exist")
    return found


def check_new(config: GuestConfig, name: str) -> None:
    """Whether a snapshot can be begun: RefusedError, ExistsError, ConfigError."""
    check_name(name)
    check_unlocked(config)
    check_no_template(config, "a snapshot")
    if name in config.snapshots:
        raise ExistsError(f"snapshot name '{name}' already used")


def prepare(
    config: GuestConfig, name: str, now_s: int, notes: str = "", state: SavedState | None = None
) -> GuestConfig:
    """A snapshot begins: the guest is locked, the section is there and marked as unfinished."""
    check_new(config, name)
    kept = {"snapstate": "prepare", "snaptime": str(now_s)}
    if state is not None:
        if config.kind == "ct":
            raise RefusedError("the memory of a container cannot be saved")
        kept |= {"vmstate": state.volume, **state.running}
    section = _copied(config.current).with_values(kept)
    section = replace(section, description=notes)
    return replace(locked(config, "snapshot"), snapshots={**config.snapshots, name: section})


def with_machine(config: GuestConfig, name: str, running: Mapping[str, str]) -> GuestConfig:
    """What machine the memory that was saved is of, which it is started on again."""
    section = snapshot(config, name).with_values(running)
    return replace(config, snapshots={**config.snapshots, name: section})


def commit(config: GuestConfig, name: str) -> GuestConfig:
    """It is made: the lock goes, and what is changed from now on is on top of it."""
    section = snapshot(config, name)
    if section.get("snapstate") != "prepare":
        raise RefusedError(f"snapshot '{name}' is not being made")
    free = unlocked(config, "snapshot")
    current = free.current.with_values({"parent": name})
    done = section.without(["snapstate"])
    return replace(free, current=current, snapshots={**free.snapshots, name: done})


def undone(config: GuestConfig, name: str) -> GuestConfig:
    """It could not be made: as before. Nothing but the section and the lock was changed by it."""
    free = config
    if config.current.get("lock") == "snapshot":
        free = unlocked(config)
    left = {n: section for n, section in free.snapshots.items() if n != name}
    return replace(free, snapshots=left)


def begin_delete(config: GuestConfig, name: str) -> GuestConfig:
    """It goes: the guest is locked. One that was broken off goes on once the guest is unlocked."""
    check_no_template(config, "deleting a snapshot")
    marked = snapshot(config, name).with_values({"snapstate": "delete"})
    return replace(locked(config, "snapshot-delete"), snapshots={**config.snapshots, name: marked})


def forgotten(config: GuestConfig, name: str, key: str) -> GuestConfig:
    """The volume at this key of the section is done with. It may be one that nobody needs now."""
    section = snapshot(config, name)
    volumes = {place.key: place.volume for place in places.disks(config.kind, section)}
    section = section.without([key])
    if key in volumes:
        section = places.with_unused(config.kind, section, volumes[key])
    return replace(config, snapshots={**config.snapshots, name: section})


def finish_delete(config: GuestConfig, name: str, kept: Collection[str] = ()) -> GuestConfig:
    """The section goes. kept: volumes of which a snapshot is still there, as deletion was forced.

    Volumes that nobody but this snapshot named become unused ones of the guest.
    """
    section = snapshot(config, name)
    parent = section.get("parent")
    left = {
        n: _reparented(settings, name, parent)
        for n, settings in config.snapshots.items()
        if n != name
    }
    current = _reparented(config.current.without(["lock"]), name, parent)
    result = replace(config, current=current, snapshots=left)
    for _key, volume in unused_volumes(config.kind, section):
        if volume not in kept and not places.in_use(result, volume):
            current = places.with_unused(config.kind, result.current, volume)
            result = replace(result, current=current)
    return result


def check_rollback(config: GuestConfig, name: str) -> Settings:
    """The section to go back to. RefusedError if the guest or the snapshot is not in a state to."""
    section = snapshot(config, name)
    check_unlocked(config)
    check_no_template(config, "a rollback")
    state = section.get("snapstate")
    if state is not None:
        what = "was not finished" if state == "prepare" else "is being deleted"
        raise RefusedError(f"unable to rollback to incomplete snapshot '{name}': it {what}")
    if config.kind == "ct" and any(p.field == "vmstate" for p in config.problems):
        raise RefusedError("a snapshot says that memory was saved, which containers cannot do")
    return section


def begin_rollback(config: GuestConfig, name: str) -> GuestConfig:
    """Disks go back now: until all have, the guest is of no one time and must not run."""
    check_rollback(config, name)
    return locked(config, "rollback")


def finish_rollback(config: GuestConfig, name: str, generation: str | None = None) -> GuestConfig:
    """The guest is what it was. Disks made since are kept as unused ones, so are the notes.

    generation    a new id for `vmgenid`, by which the guest learns that it went back in time
    """
    section = snapshot(config, name)
    free = unlocked(config, "rollback")
    then = section.without([*_STATE, "parent", "lock"])
    unused = {k: free.current.values[k] for k, _v in unused_volumes(config.kind, free.current)}
    values = {**then.values, **unused, "parent": name}
    if generation is not None and "vmgenid" in values:
        values["vmgenid"] = generation
    current = Settings(values, free.current.description, then.raw)
    named = {place.volume for place in places.own_disks(config.kind, current)}
    for place in places.own_disks(config.kind, free.current):
        if place.volume not in named:
            current = places.with_unused(config.kind, current, place.volume)
    current = places.without_unused(config.kind, current, named)
    return replace(free, current=current, pending=Settings())


def described(config: GuestConfig, name: str, notes: str) -> GuestConfig:
    """With other notes of a snapshot. Locked guests' as well: nothing of the guest changes."""
    section = replace(snapshot(config, name), description=notes)
    return replace(config, snapshots={**config.snapshots, name: section})


def snapshot_rows(config: GuestConfig) -> Iterator[SnapshotRow]:
    """The snapshots by name, and at the end the pseudo entry `current`."""
    for name in sorted(config.snapshots):
        section = config.snapshots[name]
        time = section.get("snaptime")
        yield SnapshotRow(
            name,
            section.description,
            section.get("parent"),
            int(time) if time is not None else None,
            section.get("vmstate") is not None,
            section.get("snapstate"),
        )
    yield SnapshotRow("current", "You are here!", config.current.get("parent"))


def _copied(current: Settings) -> Settings:
    """What a snapshot keeps of the guest: its settings, not its state, notes and unused volumes."""
    unused = [key for key in current.values if key.startswith("unused")]
    return replace(current.without(["lock", *_STATE, *unused]), description="")


def _reparented(settings: Settings, gone: str, parent: str | None) -> Settings:
    if settings.get("parent") != gone:
        return settings
    return settings.with_values({"parent": parent}) if parent else settings.without(["parent"])
