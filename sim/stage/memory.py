"""What a served cluster keeps over a restart: what is durable on its machines, as one file.

That is the store (as the node knows it that knows most), the volumes with what is in them, and the
tasks' logs; and the layout that it was made of, and its time. Starting with it is a cold start of
all machines: no process runs, no lease holds, HA starts what is to run.
"""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Final

from appliance.model.errors import ConfigError
from appliance.model.storage.pool import Archive
from appliance.model.store.changes import File
from sim.guests.storage import Volume
from sim.layout import ClusterLayout, LinkSpec, NodeSpec, QuorumSpec, StorageSpec
from sim.stage.apis import Apis
from sim.storage.contents import Content, Moment
from sim.world import World

FILE: Final = "cluster.json"
FORMAT: Final = 1


@dataclass(frozen=True, slots=True)
class Memory:
    """Of one cluster. data: as in the file."""

    data: Mapping[str, Any]

    @property
    def layout(self) -> ClusterLayout:
        """Without guests: those are in the store."""
        found = self.data["layout"]
        return ClusterLayout(
            nodes=tuple(NodeSpec(**one) for one in found["nodes"]),
            links=tuple(LinkSpec(**one) for one in found["links"]),
            quorum=QuorumSpec(**found["quorum"]),
            storages=tuple(_storage(one) for one in found["storages"]),
            name=found["name"],
        )

    @property
    def files(self) -> dict[str, File]:
        """Their versions begin again, as those of the store do."""
        return {
            path: File(_bytes(one["content"]), 1, one["mtime"], one["writer"])
            for path, one in self.data["files"].items()
        }

    @property
    def time_us(self) -> int:
        return int(self.data["time_us"])

    def same(self, other: Memory) -> bool:
        """Whether nothing but time has passed."""
        return {**self.data, "time_us": 0} == {**other.data, "time_us": 0}

    @property
    def tasks(self) -> dict[str, dict[str, bytes]]:
        """What each node's disk has of tasks, by file."""
        return {
            node: {path: _bytes(text) for path, text in files.items()}
            for node, files in self.data["tasks"].items()
        }

    def put_back(self, world: World) -> None:
        """The volumes, before time passes."""
        physics, shelves = world.storage, world.volumes.shelves
        for one in self.data["pools"]:
            physics.ensure(_storage(one))
        node = world.layout.node_names()[0]
        for one in self.data["volumes"]:
            volume = Volume(one["pool"], one["home"], one["name"])
            problem = physics.create(volume, one["size"], one["home"] or node)
            if problem is not None:
                raise ConfigError(problem, file=FILE)
            if one["content"] is not None:
                shelves.put(volume, _content(one["content"]))
        shelves.marks = self.data["marks"]


def captured(world: World, apis: Apis) -> Memory:
    """As it is now."""
    layout, shelves = world.layout, world.volumes.shelves
    plain = replace(layout, guests=())
    volumes = world.storage.volumes()
    pools = {volume.pool: world.storage.spec(volume.pool) for volume in volumes}
    return Memory(
        {
            "format": FORMAT,
            "time_us": world.kernel.now_us,
            "layout": asdict(plain),
            "files": {
                path: {
                    "content": _text(file.content),
                    "mtime": file.mtime_s,
                    "writer": file.writer,
                }
                for path, file in world.newest_files().items()
            },
            "pools": [asdict(spec) for spec in pools.values()],
            "volumes": [
                {
                    "pool": volume.pool,
                    "home": volume.home,
                    "name": volume.name,
                    "size": world.storage.size_bytes(volume),
                    "content": _content_data(shelves.of(volume)),
                }
                for volume in volumes
            ],
            "marks": shelves.marks,
            "tasks": {
                node: {path: _text(bytes(data)) for path, data in platter.files.items()}
                for node, platter in apis.shelves.platters.items()
            },
        }
    )


def write(memory: Memory, folder: Path) -> None:
    """All of it or nothing. The secrets of the cluster are in it."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    beside = folder / f".{FILE}.new"
    beside.unlink(missing_ok=True)
    number = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(number, "w", encoding="utf-8") as file:
        json.dump(memory.data, file)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(folder / FILE)


def read(folder: Path) -> Memory | None:
    """None if nothing was kept there yet. ConfigError for what cannot be understood."""
    path = folder / FILE
    try:
        data = json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        return None
    except ValueError as error:
        raise ConfigError(f"is not what was written ({error})", file=str(path)) from None
    if not isinstance(data, dict) or data.get("format") != FORMAT:
        raise ConfigError(f"is not a cluster of format {FORMAT}", file=str(path))
    return Memory(data)


def _storage(data: Mapping[str, Any]) -> StorageSpec:
    return StorageSpec(**{**data, "nodes": tuple(data["nodes"])})


def _content_data(content: Content) -> dict[str, Any]:
    return {**asdict(content), "head": _text(content.head)}


def _content(data: Mapping[str, Any]) -> Content:
    archive = data["archive"]
    if archive is not None:
        disks = tuple((str(key), int(size)) for key, size in archive["disks"])
        archive = Archive(**{**archive, "disks": disks})
    moments = [Moment(**one) for one in data["snapshots"]]
    changed = {"head": _bytes(data["head"]), "archive": archive, "snapshots": moments}
    return Content(**{**data, **changed})


def _text(content: bytes) -> str:
    return base64.b64encode(content).decode()


def _bytes(text: str) -> bytes:
    return base64.b64decode(text)
