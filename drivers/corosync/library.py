"""Corosync's C libraries, loaded as they are (cffi in ABI mode).

Functions return corosync's error codes; `check` turns them into errors. What waits for an answer of
the corosync process (initialize, join, leave, get, finalize) blocks for as long as that process is
stopped, so callers use a thread (`drivers.corosync.threads`). Dispatch and multicast never block.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Any, Final

from appliance.model.errors import UnavailableError

OK: Final = 1
TRY_AGAIN: Final = 6
INVALID_PARAM: Final = 7
NOT_EXIST: Final = 12
DISPATCH_ALL: Final = 2
DISPATCH_ONE_NONBLOCKING: Final = 4

_DECLARATIONS: Final = """
typedef uint64_t handle; typedef int err;
struct iovec { void *iov_base; size_t iov_len; };
struct ring { uint32_t nodeid; uint64_t seq; };
const char *cs_strerror(err);

struct cpg_address { uint32_t nodeid, pid, reason; };
struct cpg_name { uint32_t length; char value[128]; };
typedef struct {
  int model;
  void (*deliver)(handle, const struct cpg_name *, uint32_t, uint32_t, void *, size_t);
  void (*confchg)(handle, const struct cpg_name *, const struct cpg_address *, size_t,
    const struct cpg_address *, size_t, const struct cpg_address *, size_t);
  void (*totem)(handle, struct ring, uint32_t, const uint32_t *);
  unsigned int flags;
} cpg_model_v1;
err cpg_model_initialize(handle *, int, void *, void *); err cpg_finalize(handle);
err cpg_fd_get(handle, int *); err cpg_dispatch(handle, int);
err cpg_join(handle, const struct cpg_name *); err cpg_leave(handle, const struct cpg_name *);
err cpg_local_get(handle, unsigned int *);
err cpg_mcast_joined(handle, int, const struct iovec *, unsigned int);
err cpg_max_atomic_msgsize_get(handle, uint32_t *);

typedef struct {
  int model;
  void (*quorum)(handle, uint32_t, struct ring, uint32_t, const uint32_t *);
  void (*nodelist)(handle, struct ring, uint32_t, const uint32_t *, uint32_t, const uint32_t *,
    uint32_t, const uint32_t *);
} quorum_model_v1;
err quorum_model_initialize(handle *, int, void *, uint32_t *, void *);
err quorum_finalize(handle); err quorum_fd_get(handle, int *); err quorum_dispatch(handle, int);
err quorum_trackstart(handle, unsigned int);

struct votequorum_info {
  unsigned int node_id, node_state, node_votes, node_expected_votes, highest_expected, total_votes,
    quorum, flags, qdevice_votes;
  char qdevice_name[255];
};
err votequorum_initialize(handle *, void *); err votequorum_finalize(handle);
err votequorum_getinfo(handle, unsigned int, struct votequorum_info *);
err votequorum_setexpected(handle, unsigned int);

struct cmap_value { int type; size_t len; const void *data; };
typedef void (*cmap_notify)(handle, handle, int32_t, const char *, struct cmap_value,
  struct cmap_value, void *);
err cmap_initialize(handle *); err cmap_finalize(handle);
err cmap_fd_get(handle, int *); err cmap_dispatch(handle, int);
err cmap_get(handle, const char *, void *, size_t *, int *);
err cmap_iter_init(handle, const char *, handle *);
err cmap_iter_next(handle, handle, char *, size_t *, int *);
err cmap_iter_finalize(handle, handle);
err cmap_track_add(handle, const char *, int32_t, cmap_notify, void *, handle *);

err corosync_cfg_initialize(handle *, const void *); err corosync_cfg_finalize(handle);
err corosync_cfg_reload_config(handle);
"""


class CorosyncError(UnavailableError):
    """A call that corosync refused or did not answer, with its code."""

    def __init__(self, call: str, code: int, text: str) -> None:
        self.call, self.error = call, code
        super().__init__(f"corosync: {call}: {text}")


@dataclass(frozen=True, slots=True)
class Libraries:
    """The loaded libraries. `ffi` makes C values."""

    ffi: Any
    cpg: Any
    quorum: Any
    votequorum: Any
    cmap: Any
    cfg: Any
    common: Any

    def check(self, call: str, code: int) -> None:
        """CorosyncError unless the code says that it went well."""
        if code != OK:
            raise self.error(call, code)

    def error(self, call: str, code: int) -> CorosyncError:
        text = self.ffi.string(self.common.cs_strerror(code)).decode()
        return CorosyncError(call, code, text)


@functools.cache
def libraries() -> Libraries:
    """Load them, once. UnavailableError says what to install."""
    try:
        import cffi
    except ImportError:
        raise UnavailableError("Corosync needs the Python package cffi: extra 'corosync'") from None
    ffi = cffi.FFI()
    ffi.cdef(_DECLARATIONS)

    def load(name: str, package: str) -> Any:
        try:
            return ffi.dlopen(name)
        except OSError:
            raise UnavailableError(f"{name} is missing (Debian: apt install {package})") from None

    return Libraries(
        ffi,
        cpg=load("libcpg.so.4", "libcpg4"),
        quorum=load("libquorum.so.5", "libquorum5"),
        votequorum=load("libvotequorum.so.8", "libvotequorum8"),
        cmap=load("libcmap.so.4", "libcmap4"),
        cfg=load("libcfg.so.7", "libcfg7"),
        common=load("libcorosync_common.so.4", "libcorosync-common4"),
    )


def out(lib: Libraries, function: Any, call: str, handle: int, kind: str) -> Any:
    """The value that a function writes through its second argument."""
    place = lib.ffi.new(kind)
    lib.check(call, function(handle, place))
    return place[0]
