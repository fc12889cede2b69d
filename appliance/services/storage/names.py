"""Names of files that clients bring: what becomes of them, and which are taken."""

from __future__ import annotations

import re
from typing import Final

from appliance.model.errors import ConfigError, RefusedError
from appliance.model.storage.config import Storage
from appliance.model.storage.volumes import parse_name

_FOLDERS: Final = re.compile(r".*[/\\]", re.ASCII | re.DOTALL)
_STRANGE: Final = re.compile(r"[^a-zA-Z0-9+\-_.]", re.ASCII)


def plain_name(given: str) -> str:
    """The last part of a name from elsewhere, with `_` for every strange character."""
    return _STRANGE.sub("_", _FOLDERS.sub("", given.strip()))


def new_file(storage: Storage, content: str, filename: str) -> str:
    """The id of a new file. ConfigError names `filename`; RefusedError: it is not kept there."""
    if content not in storage.content:
        raise RefusedError(f"storage '{storage.id}' does not support '{content}' content")
    text = f"{content}/{plain_name(filename)}"
    try:
        name = parse_name(storage.type, text)
    except ConfigError:
        name = None
    if name is None or name.content != content:
        raise ConfigError(f"'{filename[:100]}' has not the ending of a file for '{content}'",
                          field="filename")  # fmt: skip
    return f"{storage.id}:{text}"
