"""One connection to corosync's closed process groups."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from drivers.corosync.library import (
    DISPATCH_ONE_NONBLOCKING,
    OK,
    TRY_AGAIN,
    CorosyncError,
    Libraries,
    libraries,
    out,
)
from drivers.corosync.parts import HEADER

_MODEL_V1: Final = 1
_AGREED: Final = 2
_NO_FLAGS: Final = 0
GROUP_BYTES: Final = 127

Address: TypeAlias = tuple[int, int]  # node id, process id


@dataclass(frozen=True, slots=True)
class Change:
    """Who is in the group now, who left and who joined just before, in corosync's order."""

    members: tuple[Address, ...]
    left: tuple[Address, ...]
    joined: tuple[Address, ...]


@dataclass(frozen=True, slots=True)
class Handlers:
    """What is called while `dispatch` runs: (sender, header, payload) and changes."""

    deliver: Callable[[Address, bytes, bytes], None]
    change: Callable[[Change], None]


class Cpg:
    """A member of one group. All but `send` and `dispatch` may block: call them in a thread."""

    def __init__(self, group: str, handlers: Handlers) -> None:
        """Connect and ask to join. CorosyncError if corosync does not run or refuses."""
        self._lib = lib = libraries()
        self._handlers = handlers
        self._failure: BaseException | None = None
        self._callbacks = self._make_callbacks(lib)  # must live as long as the handle
        self._model = lib.ffi.new("cpg_model_v1 *", (_MODEL_V1, *self._callbacks, _NO_FLAGS))
        handle = lib.ffi.new("handle *")
        code = lib.cpg.cpg_model_initialize(handle, _MODEL_V1, self._model, lib.ffi.NULL)
        lib.check("cpg_model_initialize", code)
        self._handle = handle[0]
        self._name = lib.ffi.new("struct cpg_name *", (len(group.encode()), group.encode()))
        self._vector = lib.ffi.new("struct iovec[2]")
        try:
            self.fd = int(out(lib, lib.cpg.cpg_fd_get, "cpg_fd_get", self._handle, "int *"))
            self.node_id = int(
                out(lib, lib.cpg.cpg_local_get, "cpg_local_get", self._handle, "unsigned int *")
            )
            lib.check("cpg_join", lib.cpg.cpg_join(self._handle, self._name))
        except CorosyncError:
            self.close()
            raise

    def send(self, header: bytes, payload: bytes | memoryview) -> bool:
        """Hand over one part. False: not now, try again later. CorosyncError: not at all."""
        ffi = self._lib.ffi
        start, rest = ffi.from_buffer(header), ffi.from_buffer(payload)
        vector = self._vector
        vector[0].iov_base, vector[0].iov_len = start, len(header)
        vector[1].iov_base, vector[1].iov_len = rest, len(payload)
        code = self._lib.cpg.cpg_mcast_joined(self._handle, _AGREED, vector, 2)
        if code == OK:
            return True
        if code == TRY_AGAIN:
            return False
        raise self._lib.error("cpg_mcast_joined", code)

    def dispatch(self, at_most: int) -> int:
        """Handle what has arrived, so many events at most; how many there were.

        CorosyncError when the connection is lost.
        """
        dispatch, handle = self._lib.cpg.cpg_dispatch, self._handle
        for count in range(at_most):
            code = dispatch(handle, DISPATCH_ONE_NONBLOCKING)
            if self._failure is not None:
                failure, self._failure = self._failure, None
                raise failure
            if code != OK:
                if code == TRY_AGAIN:
                    return count
                raise self._lib.error("cpg_dispatch", code)
        return at_most

    def leave(self) -> None:
        """Ask to leave; the change without this process follows in `dispatch`."""
        self._lib.check("cpg_leave", self._lib.cpg.cpg_leave(self._handle, self._name))

    def close(self) -> None:
        """Give the connection up. Never fails."""
        with contextlib.suppress(CorosyncError):
            self._lib.cpg.cpg_finalize(self._handle)

    def _make_callbacks(self, lib: Libraries) -> tuple[Any, Any, Any]:
        ffi, handlers = lib.ffi, self._handlers
        size = HEADER.size

        def deliver(_h: Any, _g: Any, node: int, pid: int, data: Any, length: int) -> None:
            content = ffi.buffer(data, length)
            handlers.deliver((node, pid), content[:size], content[size:])

        def confchg(*args: Any) -> None:
            lists = [args[2:4], args[4:6], args[6:8]]
            handlers.change(Change(*(_addresses(array, count) for array, count in lists)))

        def totem(*_args: Any) -> None:
            """Nothing here depends on it."""

        def failed(_kind: Any, error: BaseException, _trace: Any) -> None:
            self._failure = error

        types = lib.ffi.typeof("cpg_model_v1").fields
        by_name = {name: field.type for name, field in types}
        return (
            ffi.callback(by_name["deliver"], deliver, onerror=failed),
            ffi.callback(by_name["confchg"], confchg, onerror=failed),
            ffi.callback(by_name["totem"], totem, onerror=failed),
        )


def _addresses(array: Any, count: int) -> tuple[Address, ...]:
    return tuple((array[i].nodeid, array[i].pid) for i in range(count))
