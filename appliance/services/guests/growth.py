"""Disks that become larger."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Final

from appliance.core.guest.locks import check_unlocked
from appliance.core.guest.places import place_at, with_volume
from appliance.model.digest import check_digest
from appliance.model.errors import ConfigError, QuorateError, RefusedError
from appliance.model.guest.config import GuestConfig, write_guest
from appliance.services.guest_changes.files import GuestFile
from appliance.services.guests.ports import GuestPorts
from appliance.services.tasks.context import TaskContext

_SIZE: Final = re.compile(r"(\+?)([0-9]+(?:\.[0-9]+)?)([KMGT]?)", re.ASCII)
_UNITS: Final = {"": 1, "K": 1024, "M": 1024**2, "G": 1024**3, "T": 1024**4}
_BLOCK: Final = 1024


def wanted_bytes(text: str, now_bytes: int) -> int:
    """What `10G` or `+1G` mean for a disk of that size. ConfigError, also for a smaller one."""
    match = _SIZE.fullmatch(text)
    if match is None:
        raise ConfigError("must be a size such as 32G, or +1G for so much more", field="size")
    given = int(float(match[2]) * _UNITS[match[3]])
    given = -(-given // _BLOCK) * _BLOCK
    if match[1]:
        return now_bytes + given
    if given < now_bytes:
        raise RefusedError("shrinking disks is not supported")
    return given


async def resize(
    ports: GuestPorts,
    guest: GuestFile,
    key: str,
    size: str,
    task: TaskContext,
    *,
    digest: str | None = None,
    skip_lock: bool = False,
) -> None:
    """Nothing is changed by an error before the volume has grown; later ones say that it has."""
    config = guest.config
    if not skip_lock:
        check_unlocked(config)
    check_digest(write_guest(config), digest)
    place = place_at(config.kind, config.current, key)
    if place.cdrom:
        raise RefusedError("you can't resize a cdrom")
    now_bytes = await ports.volumes.size(place)
    size_bytes = wanted_bytes(size, now_bytes)
    if size_bytes == now_bytes:
        return
    pool = ports.volumes.pool(place.volume)
    await pool.resize(ports.volumes.name(place.volume).text, size_bytes)
    task.log(f"{key}: {now_bytes} -> {size_bytes} bytes")

    def grown(config: GuestConfig) -> GuestConfig:
        text = config.current.get(key)
        if text is None or place.volume not in text:
            return config
        new = with_volume(config.kind, text, key, place.volume, size=size_bytes)
        return replace(config, current=config.current.with_values({key: new}))

    try:
        await ports.files.change(guest, grown)
        if ports.host.state(guest.sid) is not None:
            grow = ports.vms.grow if guest.kind == "vm" else ports.containers.grow
            await grow(guest.sid, key, size_bytes)
    except QuorateError as error:
        raise RefusedError(
            f"volume '{place.volume}' has {size_bytes} bytes now, but: {error}"
        ) from error
