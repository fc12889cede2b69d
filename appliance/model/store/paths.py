"""Names of files in the store: `storage.cfg`, `nodes/n1/qemu-server/100.conf`."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from appliance.model.errors import ConfigError
from appliance.model.store.limits import MAX_NAME_BYTES, MAX_PATH_BYTES

_GUEST: Final = re.compile(r"nodes/[^/]+/(?:qemu-server|lxc)/([1-9][0-9]{0,9})\.conf")
_PRIVATE: Final = re.compile(r"(?:nodes/[^/]+/)?priv(?:/|$)")
_REMEMBERED: Final = 4096  # names come again and again
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")


@lru_cache(maxsize=_REMEMBERED)
def check_path(path: str) -> None:
    """ConfigError with what is wrong and what is allowed if this cannot name a file."""
    if not path or len(path.encode()) > MAX_PATH_BYTES:
        raise ConfigError(f"must have 1 to {MAX_PATH_BYTES} bytes", file=path[:60], field="path")
    if _CONTROL.search(path):
        raise ConfigError("contains a control character", file=repr(path), field="path")
    for name in path.split("/"):
        if name in {"", ".", ".."}:
            raise ConfigError(
                "names between slashes must not be empty, '.' or '..'", file=path, field="path"
            )
        if len(name.encode()) > MAX_NAME_BYTES:
            raise ConfigError(
                f"a name has at most {MAX_NAME_BYTES} bytes", file=path[:60], field="path"
            )


@lru_cache(maxsize=_REMEMBERED)
def guest_of(path: str) -> int | None:
    """The number of the guest that this file configures, if it does."""
    found = _GUEST.fullmatch(path) if path.startswith("nodes/") else None
    return int(found[1]) if found else None


@lru_cache(maxsize=_REMEMBERED)
def is_private(path: str) -> bool:
    """Whether only privileged readers may see it: `priv/...` and `nodes/<node>/priv/...`."""
    return _PRIVATE.match(path) is not None


def folders_of(path: str) -> list[str]:
    """The folders that it is in, outermost first."""
    names = path.split("/")
    return ["/".join(names[:depth]) for depth in range(1, len(names))]
