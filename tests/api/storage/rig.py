"""A small served world, with short ways to ask about storages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from appliance.api.http import HttpRequest
from tests.api.rig import Answer
from tests.api.world_rig import WorldRig


class Memory:
    """An uploaded file. Implements the `Upload` port."""

    def __init__(self, name: str, data: bytes) -> None:
        self.name, self._data = name, data
        self.kept = self.closed = False

    @property
    def size_bytes(self) -> int:
        return len(self._data)

    def read(self, offset: int, size_bytes: int) -> bytes:
        assert not self.closed
        return self._data[offset : offset + size_bytes]

    def keep(self) -> None:
        self.kept = True

    def close(self) -> None:
        self.closed = True


class StorageApi(WorldRig):
    """Three nodes, and guests 100 to 102 on `ceph`."""

    def __init__(self) -> None:
        super().__init__(guests=3)

    def get(self, path: str, node: str = "pve1", **more: Any) -> Any:
        return self.call(node, "GET", path, more)

    def make(self, storage: str, kind: str, **options: Any) -> Any:
        given = {key.replace("_", "-"): value for key, value in options.items()}
        return self.call("pve1", "POST", "/storage", {"storage": storage, "type": kind, **given})

    def done(self, upid: str, within_s: float = 600.0) -> str:
        """Let the task end; how it did."""
        node = upid.split(":")[1]
        until_s = self.world.now_s + within_s
        while True:
            status = self.call(node, "GET", f"/nodes/{node}/tasks/{upid}/status")
            if status["status"] == "stopped":
                return str(status["exitstatus"])
            assert self.world.now_s < until_s, "the task does not end"
            self.run(1)

    def log(self, upid: str) -> list[str]:
        node = upid.split(":")[1]
        rows = self.call(node, "GET", f"/nodes/{node}/tasks/{upid}/log", {"limit": 0})
        return [row["t"] for row in rows]

    def ids(self, storage: str, node: str = "pve1", **more: Any) -> list[str]:
        rows = self.get(f"/nodes/{node}/storage/{storage}/content", node, **more)
        return [row["volid"] for row in rows]

    def upload(self, storage: str, file: Memory, **fields: str) -> Answer:
        path = f"/api2/json/nodes/pve1/storage/{storage}/upload"
        given = {key.replace("_", "-"): value for key, value in fields.items()}
        return self.handle("pve1", HttpRequest("POST", path, fields=given, upload=file))

    def user(self, name: str, **roles: str) -> Mapping[str, str]:
        """A user of the realm pve with roles on paths: `storage_nfs="PVEDatastoreUser"`."""
        password = "correct horse"
        self.call("pve1", "POST", "/access/users", {"userid": name, "password": password})
        for place, role in roles.items():
            path = "/" + place.replace("__", "-").replace("_", "/")
            self.call("pve1", "PUT", "/access/acl", {"path": path, "roles": role, "users": name})
        return self.login(name, password)
