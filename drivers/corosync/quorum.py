"""Connections to corosync's quorum services."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from appliance.model.errors import RefusedError
from appliance.ports.membership import Votes
from drivers.corosync.library import (
    DISPATCH_ALL,
    INVALID_PARAM,
    OK,
    TRY_AGAIN,
    CorosyncError,
    libraries,
    out,
)

_MODEL_V1: Final = 1
_TRACK: Final = 1 | 2  # the present state, then changes
_FLAGS: Final = (
    (1, "2Node"),
    (2, "Quorate"),
    (4, "WaitForAll"),
    (8, "LastManStanding"),
    (16, "AutoTieBreaker"),
    (32, "AllowDownscale"),
    (64, "Qdevice"),
    (128, "QdeviceAlive"),
    (256, "QdeviceCastVote"),
    (512, "QdeviceMasterWins"),
)


@dataclass(frozen=True, slots=True)
class RingChange:
    """A new ring: the nodes in it, and those that came and went, by their numbers."""

    members: tuple[int, ...]
    joined: tuple[int, ...]
    left: tuple[int, ...]


class Quorum:
    """Follows ring and quorum. All but `dispatch` may block: call them in a thread."""

    def __init__(
        self,
        on_quorum: Callable[[bool, tuple[int, ...]], None],
        on_ring: Callable[[RingChange], None],
    ) -> None:
        """Connect. `on_quorum(quorate, members)` follows `on_ring` of the same change."""
        self._lib = lib = libraries()
        self._failure: BaseException | None = None
        types = {name: field.type for name, field in lib.ffi.typeof("quorum_model_v1").fields}

        def quorum(_h: Any, quorate: int, _ring: Any, count: int, nodes: Any) -> None:
            on_quorum(bool(quorate), _numbers(nodes, count))

        def nodelist(_h: Any, _ring: Any, *lists: Any) -> None:
            counts, arrays = lists[0::2], lists[1::2]
            on_ring(RingChange(*map(_numbers, arrays, counts)))

        def failed(_kind: Any, error: BaseException, _trace: Any) -> None:
            self._failure = error

        self._callbacks = (  # must live as long as the handle
            lib.ffi.callback(types["quorum"], quorum, onerror=failed),
            lib.ffi.callback(types["nodelist"], nodelist, onerror=failed),
        )
        self._model = lib.ffi.new("quorum_model_v1 *", (_MODEL_V1, *self._callbacks))
        handle, kind = lib.ffi.new("handle *"), lib.ffi.new("uint32_t *")
        code = lib.quorum.quorum_model_initialize(
            handle, _MODEL_V1, self._model, kind, lib.ffi.NULL
        )
        lib.check("quorum_model_initialize", code)
        self._handle = handle[0]
        try:
            self.fd = int(out(lib, lib.quorum.quorum_fd_get, "quorum_fd_get", self._handle, "int*"))
            lib.check("quorum_trackstart", lib.quorum.quorum_trackstart(self._handle, _TRACK))
        except CorosyncError:
            self.close()
            raise

    def dispatch(self) -> None:
        """Handle what has arrived. CorosyncError when the connection is lost."""
        code = self._lib.quorum.quorum_dispatch(self._handle, DISPATCH_ALL)
        if self._failure is not None:
            failure, self._failure = self._failure, None
            raise failure
        if code not in (OK, TRY_AGAIN):
            raise self._lib.error("quorum_dispatch", code)

    def close(self) -> None:
        self._lib.quorum.quorum_finalize(self._handle)


def _numbers(array: Any, count: int) -> tuple[int, ...]:
    return tuple(int(array[i]) for i in range(count))


def read_votes(node_id: int) -> Votes:
    """How quorum is counted at the moment. May block."""
    lib = libraries()
    info = lib.ffi.new("struct votequorum_info *")
    handle = _votequorum()
    try:
        code = lib.votequorum.votequorum_getinfo(handle, node_id, info)
        lib.check("votequorum_getinfo", code)
    finally:
        lib.votequorum.votequorum_finalize(handle)
    flags = tuple(sorted(name for bit, name in _FLAGS if info.flags & bit))
    return Votes(int(info.highest_expected), int(info.total_votes), int(info.quorum), flags)


def expect_votes(votes: int) -> None:
    """Count quorum against so many votes, on all nodes of the partition. May block."""
    lib = libraries()
    handle = _votequorum()
    try:
        code = lib.votequorum.votequorum_setexpected(handle, votes)
    finally:
        lib.votequorum.votequorum_finalize(handle)
    if code == INVALID_PARAM:
        raise RefusedError(f"{votes} expected votes would not make sense now")
    lib.check("votequorum_setexpected", code)


def _votequorum() -> Any:
    lib = libraries()
    handle = lib.ffi.new("handle *")
    code = lib.votequorum.votequorum_initialize(handle, lib.ffi.NULL)
    lib.check("votequorum_initialize", code)
    return handle[0]


def reload_configuration() -> None:
    """Have all nodes of the partition read their configuration files again. May block."""
    lib = libraries()
    handle = lib.ffi.new("handle *")
    code = lib.cfg.corosync_cfg_initialize(handle, lib.ffi.NULL)
    lib.check("corosync_cfg_initialize", code)
    try:
        code = lib.cfg.corosync_cfg_reload_config(handle[0])
        lib.check("corosync_cfg_reload_config", code)
    finally:
        lib.cfg.corosync_cfg_finalize(handle[0])
