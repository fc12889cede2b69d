"""Clones and templates: what of a guest is copied, linked, left out or made anew."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from appliance.core.guest import places
from appliance.core.guest.identity import renamed, with_own_ids, with_own_macs
from appliance.core.guest.locks import check_unlocked, is_template
from appliance.core.guest.places import Place
from appliance.core.guest.snapshots import snapshot
from appliance.model.errors import ConfigError, RefusedError
from appliance.model.guest.config import GuestConfig, Settings
from appliance.model.guest.devices import mount_points, unused_volumes

# State of the source that its copy does not have.
_LEFT_OUT = (
    "lock", "template", "parent", "snaptime", "snapstate", "vmstate",
    "runningmachine", "runningcpu", "running-nets-host-mtu",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class ClonedDisk:
    """A disk of the source. linked: the copy stands on it; else it has all of its content."""

    place: Place
    linked: bool


@dataclass(frozen=True, slots=True)
class CopyWish:
    """How a clone shall be. full, None: only for what is no template. name, None: by the source."""

    full: bool | None = None
    snapshot: str | None = None
    storage: str | None = None
    name: str | None = None
    notes: str | None = None


def source_settings(config: GuestConfig, wish: CopyWish) -> Settings:
    """What is cloned: the guest as it is, or as a snapshot has it."""
    if wish.snapshot is None or wish.snapshot == "current":
        return config.current
    return snapshot(config, wish.snapshot)


def cloned_disks(config: GuestConfig, wish: CopyWish) -> tuple[ClonedDisk, ...]:
    """The disks in the order in which they are copied. RefusedError, ConfigError."""
    check_unlocked(config)
    settings = source_settings(config, wish)
    linked = not (not is_template(config) if wish.full is None else wish.full)
    if linked and wish.storage is not None:
        message = "parameter 'storage' not allowed for linked clones"
        raise ConfigError(message, field="storage")
    if config.kind == "ct":
        _check_mounts(settings)
    return tuple(
        ClonedDisk(place, linked and not place.cloudinit)
        for place in places.own_disks(config.kind, settings)
    )


def _check_mounts(settings: Settings) -> None:
    for point in mount_points(settings):
        if point.kind != "volume":
            raise RefusedError(f"unable to clone mountpoint '{point.key}' (type {point.kind})")


def clone_begun(
    config: GuestConfig,
    vmid: int,
    wish: CopyWish,
    new_mac: Callable[[], str],
    new_uuid: Callable[[], str],
) -> GuestConfig:
    """The clone's file before it has disks, locked until it has them all."""
    kind, source = config.kind, source_settings(config, wish)
    disks = [place.key for place in places.own_disks(kind, source)]
    unused = [key for key, _volume in unused_volumes(kind, source)]
    settings = source.without([*_LEFT_OUT, *disks, *unused])
    settings = with_own_macs(kind, settings, new_mac)
    if kind == "vm":
        settings = with_own_ids(settings, new_uuid)
    name = wish.name or _usual_name(config, vmid)
    if name:
        settings = renamed(kind, settings, name)
    notes = config.current.description if wish.notes is None else wish.notes
    settings = replace(settings, description=notes)
    lock = "clone" if kind == "vm" else "create"
    return GuestConfig(kind, settings.with_values({"lock": lock}))


def _usual_name(config: GuestConfig, vmid: int) -> str:
    """Containers keep the name inside; VMs are told apart."""
    if config.kind == "ct":
        return ""
    return f"Copy-of-VM-{config.current.get('name') or vmid}"


def clone_finished(begun: GuestConfig, source: Settings, volumes: Mapping[str, str]) -> GuestConfig:
    """The clone with its disks. volumes: the new ones by key."""
    texts = {
        key: places.with_volume(begun.kind, source.values[key], key, volume)
        for key, volume in volumes.items()
    }
    current = begun.current.without(["lock"]).with_values(texts)
    return replace(begun, current=current)


def check_template(config: GuestConfig, *, running: bool) -> None:
    """RefusedError if a guest cannot become a template."""
    check_unlocked(config)
    what = "VM" if config.kind == "vm" else "CT"
    if config.snapshots:
        raise RefusedError(f"unable to create template, because {what} contains snapshots")
    if running:
        raise RefusedError(f"you can't convert a {what} to template if the {what} is running")


def template_disks(config: GuestConfig, key: str | None = None) -> tuple[Place, ...]:
    """The disks that become base images: all, or the one at a key."""
    found = tuple(places.disks(config.kind, config.current))
    if key is None:
        return found
    chosen = tuple(place for place in found if place.key == key)
    if not chosen:
        raise ConfigError(f"{key} is no disk of the guest", field="disk")
    return chosen


def as_template(config: GuestConfig) -> GuestConfig:
    """It is never started again."""
    return replace(config, current=config.current.with_values({"template": "1"}))


def no_template(config: GuestConfig) -> GuestConfig:
    return replace(config, current=config.current.without(["template"]))
