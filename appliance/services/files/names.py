"""Names and paths in the view, and the folders that are always there.

A path is as in the store, without a slash at its ends; the root is the empty text.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from appliance.model.errors import FileError
from appliance.model.store.limits import MAX_NAME_BYTES, MAX_PATH_BYTES

MARK: Final = ".folder"  # an empty file of the store that keeps its folder
LOCKS: Final = "priv/lock"
_ALWAYS: Final = ("firewall", "ha", "mapping", "nodes", "priv", LOCKS, "sdn", "virtual-guest")
_OF_A_NODE: Final = ("lxc", "openvz", "priv", "qemu-server")
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f/]")


def mark_of(folder: str) -> str:
    return f"{folder}/{MARK}"


def parent_of(path: str) -> str:
    return path.rpartition("/")[0]


def is_lock(path: str) -> bool:
    """Whether this is a lock, or something below one."""
    return path.startswith(LOCKS + "/")


@lru_cache(maxsize=8)
def standing_folders(nodes: tuple[str, ...]) -> dict[str, None]:
    """Folders that exist with nothing in them, in a cluster of these nodes."""
    found = dict.fromkeys(_ALWAYS)
    for node in nodes:
        found[f"nodes/{node}"] = None
        found.update(dict.fromkeys(f"nodes/{node}/{name}" for name in _OF_A_NODE))
    return found


def child_of(folder: str, name: bytes) -> str:
    """The path of something new or old in a folder. FileError if nothing can have that name."""
    try:
        text = name.decode()
    except UnicodeDecodeError as error:
        raise FileError("EILSEQ", "a name must be UTF-8") from error
    if text in {"", ".", ".."} or _CONTROL.search(text):
        raise FileError("EINVAL", f"{text!r} cannot be a name")
    path = f"{folder}/{text}" if folder else text
    if len(name) > MAX_NAME_BYTES or len(path.encode()) > MAX_PATH_BYTES:
        limits = f"a name has at most {MAX_NAME_BYTES} bytes, a path {MAX_PATH_BYTES}"
        raise FileError("ENAMETOOLONG", limits)
    return path
