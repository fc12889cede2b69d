"""Guests' configuration files, as far as high availability looks into them: place and lock."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

_FOLDERS: Final = {"vm": "qemu-server", "ct": "lxc"}
_TYPES: Final = {folder: kind for kind, folder in _FOLDERS.items()}
_LOCK: Final = re.compile(r"^lock:[ \t]*(\S+)[ \t]*\n?", re.MULTILINE)
_SECTION: Final = re.compile(r"^\[", re.MULTILINE)


def guest_file(sid: str, node: str) -> str:
    """The file that configures the guest `vm:100` or `ct:101` while it belongs to that node."""
    kind, _, number = sid.partition(":")
    return f"nodes/{node}/{_FOLDERS[kind]}/{number}.conf"


@lru_cache(maxsize=65536)
def guest_place(path: str) -> tuple[str, str]:
    """Service id and node of the guest that this file configures."""
    _, node, folder, name = path.split("/")
    return f"{_TYPES[folder]}:{name.removesuffix('.conf')}", node


def guest_number(sid: str) -> int | None:
    """The number in a guest's service id; None if there is none."""
    kind, _, number = sid.partition(":")
    return int(number) if kind in _FOLDERS and number.isascii() and number.isdigit() else None


def lock_in(text: str) -> str | None:
    """What a guest's configuration is locked for, such as `backup`. Snapshots have no say."""
    found = _LOCK.search(text, 0, _end(text))
    return found[1] if found else None


def without_lock(text: str) -> str:
    found = _LOCK.search(text, 0, _end(text))
    return text[: found.start()] + text[found.end() :] if found else text


def _end(text: str) -> int:
    """Where the guest's own options end and the first snapshot begins."""
    section = _SECTION.search(text)
    return section.start() if section else len(text)
