"""What a served cluster keeps over a restart: what is durable on its machines, as one file.

That is the store (as the node knows it that knows most), the volumes with what is in them, tasks'
logs, disks and system files of the machines; and the layout that it was made of, and its time.
Starting with it is a cold start of all machines: no process runs, no lease holds, HA starts what
is to run.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from appliance.model.errors import ConfigError
from appliance.model.storage.disks import Disk, Mount, VolumeGroup, Zpool
from appliance.model.store.changes import File
from appliance.ports.node_system import INTERFACES
from sim.guests.storage import Volume
from sim.layout import ClusterLayout, StorageSpec
from sim.stage.apis import Apis
from sim.stage.plain import from_plain, to_plain
from sim.storage.contents import Content
from sim.world import World

FILE: Final = "cluster.json"
FORMAT: Final = 2


@dataclass(frozen=True, slots=True)
class KeptVolume:
    volume: Volume
    size_bytes: int
    content: Content


@dataclass(frozen=True, slots=True)
class KeptMachine:
    """tasks: the files of its tasks' logs. files: of its operating system."""

    tasks: Mapping[str, bytes]
    files: Mapping[str, str]
    disks: tuple[Disk, ...]
    mounts: Mapping[str, Mount]
    groups: Mapping[str, VolumeGroup]
    zpools: Mapping[str, Zpool]


@dataclass(frozen=True, slots=True)
class Memory:
    """Of one cluster. The layout is without guests: those are in the store."""

    time_us: int
    layout: ClusterLayout
    files: Mapping[str, File]
    pools: tuple[StorageSpec, ...]
    volumes: tuple[KeptVolume, ...]
    marks: int
    machines: Mapping[str, KeptMachine]
    format: int = field(default=FORMAT)

    def same(self, other: Memory) -> bool:
        """Whether nothing but time has passed."""
        return replace(self, time_us=0) == replace(other, time_us=0)

    def store_files(self) -> dict[str, File]:
        """Their versions begin again, as those of the store do."""
        return {path: file._replace(version=1) for path, file in self.files.items()}

    def tasks(self) -> dict[str, Mapping[str, bytes]]:
        return {node: machine.tasks for node, machine in self.machines.items()}

    def put_back(self, world: World, apis: Apis) -> None:
        """Volumes, disks and system files, before time passes."""
        physics, shelves = world.storage, world.volumes.shelves
        for spec in self.pools:
            physics.ensure(spec)
        first = world.layout.node_names()[0]
        for one in self.volumes:
            problem = physics.create(one.volume, one.size_bytes, one.volume.home or first)
            if problem is not None:
                raise ConfigError(problem, file=FILE)
            shelves.put(one.volume, one.content)
        shelves.marks = self.marks
        for node, machine in self.machines.items():
            there = world.volumes.machine(node)
            there.disks = {disk.device: disk for disk in machine.disks}
            there.mounts, there.groups = dict(machine.mounts), dict(machine.groups)
            there.zpools = dict(machine.zpools)
            state = apis.systems.states[node]
            state.files = dict(machine.files)
            state.applied = state.files.get(INTERFACES, "")


def captured(world: World, apis: Apis) -> Memory:
    """As it is now. What is in it does not change any more."""
    physics, shelves = world.storage, world.volumes.shelves
    volumes = physics.volumes()
    return Memory(
        time_us=world.kernel.now_us,
        layout=replace(world.layout, guests=()),
        files=world.newest_files(),
        pools=tuple(physics.spec(pool) for pool in physics.pools()),
        volumes=tuple(
            KeptVolume(one, physics.size_bytes(one), _frozen(shelves.of(one))) for one in volumes
        ),
        marks=shelves.marks,
        machines={node: _machine(node, world, apis) for node in world.machines},
    )


def _frozen(content: Content) -> Content:
    return replace(content, snapshots=list(content.snapshots))


def _machine(node: str, world: World, apis: Apis) -> KeptMachine:
    there = world.volumes.machine(node)
    tasks = apis.shelves.platter(node).files
    return KeptMachine(
        tasks={path: bytes(content) for path, content in tasks.items()},
        files=dict(apis.systems.states[node].files),
        disks=tuple(there.disks.values()),
        mounts=dict(there.mounts),
        groups=dict(there.groups),
        zpools=dict(there.zpools),
    )


def write(memory: Memory, folder: Path) -> None:
    """All of it or nothing. The secrets of the cluster are in it."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    beside = folder / f".{FILE}.new"
    beside.unlink(missing_ok=True)
    number = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(number, "w", encoding="utf-8") as file:
        json.dump(to_plain(memory), file)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(folder / FILE)


def read(folder: Path) -> Memory | None:
    """None if nothing was kept there yet. ConfigError for what cannot be understood."""
    path = folder / FILE
    try:
        data = json.loads(path.read_text("utf-8"))
        if not isinstance(data, dict) or data.get("format") != FORMAT:
            raise ConfigError(f"is not a cluster of format {FORMAT}", file=str(path))
        return from_plain(Memory, data)
    except FileNotFoundError:
        return None
    except (ValueError, TypeError, KeyError) as error:
        raise ConfigError(f"is not what was written ({error})", file=str(path)) from None
