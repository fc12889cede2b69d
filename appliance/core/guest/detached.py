"""Volumes that a change of the configuration plugs out: kept under `unusedN`, or freed."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace

from appliance.core.guest.places import places, volumes_of, with_unused, without_unused
from appliance.model.guest.config import GuestConfig
from appliance.model.guest.devices import unused_volumes


@dataclass(frozen=True, slots=True)
class Settled:
    """The configuration with its loose volumes, and those that nothing names any more."""

    config: GuestConfig
    free: tuple[str, ...] = ()


def settled(
    before: GuestConfig,
    after: GuestConfig,
    owned: Callable[[str], bool],
    forced: Collection[str] = (),
) -> Settled:
    """What becomes of volumes that were named before and are not now.

    The guest's own disks become unused. Its cloud-init drive, what was unused already, and what
    stood at a `forced` key is to be freed. Volumes of others and media are none of its business.
    """
    kind = after.kind
    plugged = {place.volume for place in places(kind, after.current)}
    after = replace(after, current=without_unused(kind, after.current, plugged))
    named = set(volumes_of(after))
    free: list[str] = []
    current = after.current
    for part in (before.current, before.pending):
        for place in places(kind, part):
            if place.volume in named or place.volume in free or not owned(place.volume):
                continue
            if place.cloudinit or place.key in forced:
                free.append(place.volume)
            elif not place.cdrom:
                current = with_unused(kind, current, place.volume)
                named.add(place.volume)
    loose = [volume for _key, volume in unused_volumes(kind, before.current)]
    free += [one for one in loose if one not in named and one not in free and owned(one)]
    return Settled(replace(after, current=current), tuple(free))
