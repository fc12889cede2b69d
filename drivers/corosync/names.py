"""Corosync's runtime map: which node has which number, and word of a changed configuration."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final

from drivers.corosync.library import (
    DISPATCH_ALL,
    NOT_EXIST,
    OK,
    TRY_AGAIN,
    libraries,
    out,
)

_TRACK_CHANGES: Final = 4 | 2 | 1  # added, modified, deleted
_STRING: Final = 11
_UNSIGNED: Final = {2: "uint8_t *", 4: "uint16_t *", 6: "uint32_t *", 8: "uint64_t *"}
_NODELIST: Final = "nodelist.node."
_RELOADING: Final = "config.reload_in_progress"


class Cmap:
    """A connection to the runtime map. All but `dispatch` may block: call them in a thread."""

    def __init__(self) -> None:
        self._lib = lib = libraries()
        handle = lib.ffi.new("handle *")
        lib.check("cmap_initialize", lib.cmap.cmap_initialize(handle))
        self._handle = handle[0]
        self._callbacks: list[Any] = []
        self.fd = int(out(lib, lib.cmap.cmap_fd_get, "cmap_fd_get", self._handle, "int *"))

    def close(self) -> None:
        self._lib.cmap.cmap_finalize(self._handle)

    def get(self, key: str) -> str | int | None:
        """A text or a whole number; None if there is no such key."""
        lib, name = self._lib, key.encode()
        size, kind = lib.ffi.new("size_t *"), lib.ffi.new("int *")
        code = lib.cmap.cmap_get(self._handle, name, lib.ffi.NULL, size, kind)
        if code == NOT_EXIST:
            return None
        lib.check("cmap_get", code)
        place = lib.ffi.new("char[]", max(size[0], 8))
        lib.check("cmap_get", lib.cmap.cmap_get(self._handle, name, place, size, kind))
        if kind[0] in _UNSIGNED:
            return int(lib.ffi.cast(_UNSIGNED[kind[0]], place)[0])
        return str(lib.ffi.string(place).decode()) if kind[0] == _STRING else None

    def keys(self, prefix: str) -> Iterator[str]:
        """All keys that begin so."""
        lib = self._lib
        walk, size, kind = (lib.ffi.new(t) for t in ("handle *", "size_t *", "int *"))
        name = lib.ffi.new("char[256]")
        lib.check("cmap_iter_init", lib.cmap.cmap_iter_init(self._handle, prefix.encode(), walk))
        try:
            while lib.cmap.cmap_iter_next(self._handle, walk[0], name, size, kind) == OK:
                yield str(lib.ffi.string(name).decode())
        finally:
            lib.cmap.cmap_iter_finalize(self._handle, walk[0])

    def on_reload(self, call: Callable[[], None]) -> None:
        """Call, in `dispatch`, whenever corosync has read its configuration again."""
        lib = self._lib

        def notify(_h: Any, _t: Any, _event: int, _key: Any, new: Any, *_rest: Any) -> None:
            if new.type in _UNSIGNED and lib.ffi.cast(_UNSIGNED[new.type], new.data)[0] == 0:
                call()

        callback = lib.ffi.callback("cmap_notify", notify)
        self._callbacks.append(callback)  # must live as long as the handle
        track = lib.ffi.new("handle *")
        code = lib.cmap.cmap_track_add(
            self._handle, _RELOADING.encode(), _TRACK_CHANGES, callback, lib.ffi.NULL, track
        )
        lib.check("cmap_track_add", code)

    def dispatch(self) -> None:
        """Handle what has arrived. CorosyncError when the connection is lost."""
        code = self._lib.cmap.cmap_dispatch(self._handle, DISPATCH_ALL)
        if code not in (OK, TRY_AGAIN):
            raise self._lib.error("cmap_dispatch", code)

    def node_names(self) -> dict[int, str]:
        """Node id -> name of every configured node."""
        found: dict[int, str] = {}
        for key in self.keys(_NODELIST):
            if key.endswith(".nodeid"):
                node_id = self.get(key)
                name = self.get(key.removesuffix("nodeid") + "name")
                if isinstance(node_id, int):
                    found[node_id] = str(name) if name else str(node_id)
        return found


def read_node_names() -> dict[int, str]:
    """Node id -> name, over a connection of its own."""
    cmap = Cmap()
    try:
        return cmap.node_names()
    finally:
        cmap.close()


def read_layout_version() -> int:
    """The config_version of what corosync runs with, 0: none. Over a connection of its own."""
    cmap = Cmap()
    try:
        version = cmap.get("totem.config_version")
    finally:
        cmap.close()
    return version if isinstance(version, int) else 0
