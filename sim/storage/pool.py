"""A storage on a node. Implements the `StoragePool` port."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from appliance.model.errors import (
    ConfigError,
    ExistsError,
    MissingError,
    RefusedError,
    UnavailableError,
)
from appliance.model.storage.config import Storage
from appliance.model.storage.kinds import FILES
from appliance.model.storage.paths import volume_path
from appliance.model.storage.pool import PoolInfo, PoolStatus, Volume
from appliance.model.storage.volumes import VolumeName, linked_name, next_disk, parse_name
from appliance.ports.storage import Snapshots
from sim.guests.storage import Storage as Physics
from sim.guests.storage import Volume as Image
from sim.kernel import to_us
from sim.storage.contents import Content, Shelves
from sim.storage.flows import HANGS, End, Flows
from sim.storage.snapshots import SimSnapshots
from sim.tasks import Boot

SILENCE_S: Final = 2.0  # after so long a storage that says nothing is given up
LOOK_S: Final = 0.01
CHANGE_S: Final = 0.2
MADE_HERE: Final = ("dir", "btrfs", "cephfs", "cifs", "nfs", "lvm", "lvmthin", "rbd", "zfs",
                    "zfspool")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What all pools of one boot share. node: where it looks from, mostly the boot's own."""

    boot: Boot
    node: str
    shelves: Shelves
    flows: Flows

    @property
    def physics(self) -> Physics:
        return self.shelves.storage


class SimPool:
    """One storage on the node of a boot."""

    def __init__(self, around: Surroundings, storage: Storage) -> None:
        self.around, self.storage = around, storage
        self._boot, self._node = around.boot, around.node
        self.type = storage.type
        self.physics, self.shelves = around.physics, around.shelves
        self._snapshots = SimSnapshots(self)

    @property
    def info(self) -> PoolInfo:
        return PoolInfo(self.storage, self._node)

    @property
    def snapshots(self) -> Snapshots:
        return self._snapshots

    @property
    def end(self) -> End:
        """As the end of a flow."""
        return End(self.storage.id, self._node, self.storage.type in HANGS)

    # asking

    async def status(self) -> PoolStatus:
        try:
            await self.reach(LOOK_S)
        except UnavailableError:
            return PoolStatus(active=False)
        if not self.storage.kind.sizes:
            return PoolStatus(active=True)
        total = self.physics.spec(self.storage.id).capacity_bytes
        free = max(self.physics.free_bytes(self.storage.id, self._node), 0)
        return PoolStatus(True, total, total - free, free)

    async def list(
        self, content: tuple[str, ...] | None = None, vmid: int | None = None
    ) -> tuple[Volume, ...]:
        await self.reach(LOOK_S)
        found = [one for one in map(self.told, self.images()) if one is not None]
        return tuple(
            sorted(
                (
                    one
                    for one in found
                    if (content is None or one.content in content) and vmid in (None, one.vmid)
                ),
                key=lambda one: one.id,
            )
        )

    async def volume(self, name: str) -> Volume:
        await self.reach(LOOK_S)
        told = self.told(self.image(name))
        assert told is not None
        return told

    def path(self, name: str, snapshot: str | None = None) -> str:
        return volume_path(self.storage, self.parse(name), snapshot)

    # changing

    async def allocate(
        self, vmid: int, size_bytes: int, form: str | None = None, name: str | None = None
    ) -> str:
        chosen = self.usual(form)
        await self.reach(CHANGE_S)
        text = name or self.next_name(vmid, chosen)
        self.make(text, Content(size_bytes, self.shelves.now_s()), size_bytes)
        return text

    async def free(self, name: str) -> None:
        await self.reach(CHANGE_S)
        image = self.image(name)
        self.check_idle(image)
        if self.shelves.of(image).protected:
            raise RefusedError(f"cannot remove volume '{name}', it is protected")
        if self.children(self.parse(name)):
            raise RefusedError(f"base volume '{name}' is still in use by linked clones")
        self.physics.remove(image)

    async def resize(self, name: str, size_bytes: int) -> None:
        await self.reach(CHANGE_S)
        image = self.image(name)
        content = self.shelves.of(image)
        if size_bytes < content.size_bytes:
            raise RefusedError("shrinking disks is not supported")
        if content.parent is None:
            trouble = self.physics.grow(image, size_bytes, self._node)
            if trouble is not None:
                raise RefusedError(trouble)
        content.size_bytes = size_bytes

    async def annotate(
        self, name: str, notes: str | None = None, protected: bool | None = None
    ) -> None:
        await self.reach(CHANGE_S)
        content = self.shelves.of(self.image(name))
        content.notes = content.notes if notes is None else notes
        content.protected = content.protected if protected is None else protected

    # shared with snapshots, files and copies

    async def reach(self, seconds: float) -> None:
        """Spend so long on it. UnavailableError if it does not answer, before or after."""
        pool = self.storage.id
        if not self.physics.reachable(pool, self._node):
            await self._boot.sleep(to_us(SILENCE_S))
            raise self.silent()
        await self._boot.sleep(to_us(seconds * self.physics.slowness(pool)))
        if not self.physics.reachable(pool, self._node):
            raise self.silent()

    def silent(self) -> UnavailableError:
        return UnavailableError(f"storage '{self.storage.id}' is not online")

    def parse(self, name: str) -> VolumeName:
        return parse_name(self.storage.type, name)

    def usual(self, form: str | None) -> str:
        """The format of a new image. RefusedError for one that is not made here."""
        formats = self.storage.formats
        if self.storage.type not in MADE_HERE or not formats:
            raise RefusedError(f"storage '{self.storage.id}' cannot allocate images")
        if form is not None and form not in formats:
            raise RefusedError(f"storage '{self.storage.id}' has no format '{form}', but "
                               f"{', '.join(formats)}")  # fmt: skip
        return form or formats[0]

    def next_name(self, vmid: int, form: str) -> str:
        taken = [image.name for image in self.images()]
        return next_disk(self.storage.type, vmid, form, taken)

    def images(self) -> tuple[Image, ...]:
        return self.physics.volumes_of(self.storage.id, self._node)

    def key(self, name: str) -> Image:
        """The place of a volume, there or not."""
        return self.physics.volume(self.storage.id, self._node, self.parse(name).own)

    def image(self, name: str) -> Image:
        found = self.key(name)
        if not self.physics.exists(found):
            raise MissingError(f"volume '{self.storage.id}:{name}' does not exist")
        return found

    def make(self, text: str, content: Content, taken_bytes: int) -> Image:
        """Have a new volume with that content. ExistsError; RefusedError without room."""
        image = self.key(text)
        if self.physics.exists(image):
            raise ExistsError(f"volume '{self.storage.id}:{text}' exists already")
        trouble = self.physics.create(image, taken_bytes, self._node)
        if trouble is not None:
            raise RefusedError(trouble)
        self.shelves.put(image, content)
        return image

    def rename(self, image: Image, text: str) -> str:
        """Call a volume otherwise. ExistsError."""
        target = self.key(text)
        if self.physics.exists(target):
            raise ExistsError(f"volume '{self.storage.id}:{text}' exists already")
        self.physics.rename(image, target)
        return text

    def check_idle(self, image: Image) -> None:
        writers = self.physics.writers(image)
        if writers:
            raise RefusedError(f"volume '{image.pool}:{image.name}' is in use on {writers[0]}")

    def children(self, base: VolumeName) -> tuple[str, ...]:
        """The linked clones of a base image."""
        return tuple(
            image.name for image in self.images() if self.shelves.of(image).parent == base.own
        )

    def told(self, image: Image) -> Volume | None:
        """None for what is no volume on a storage of this type."""
        content = self.shelves.of(image)
        text = image.name
        try:
            if content.parent is not None:
                text = linked_name(self.storage.type, self.parse(content.parent), text)
            name = self.parse(text)
        except ConfigError:
            return None
        files = self.storage.kind.layout == FILES and name.content != "images"
        used = None if files else self.physics.size_bytes(image)
        return Volume(f"{self.storage.id}:{text}", name, content.size_bytes, used,
                      content.created_s, content.parent, content.notes,
                      content.protected)  # fmt: skip
