"""Copying the tree into a folder."""

from __future__ import annotations

import base64
import os
from pathlib import Path

from appliance.cli.connection import Connection
from appliance.model.errors import ExistsError, MissingError


def export_tree(connection: Connection, folder: Path, prefix: str, *, latest: bool) -> int:
    """How many files were written. ExistsError unless the folder is new or empty."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if any(folder.iterdir()):
        raise ExistsError(f"{folder} is not empty")
    parameters: dict[str, object] = {"latest": latest}
    if prefix:
        parameters["prefix"] = prefix
    count = 0
    for listed in connection.call("GET", "/store/files", parameters):
        try:
            file = connection.call("GET", f"/store/files/{listed['path']}")
        except MissingError:
            continue  # deleted since it was listed
        _write(folder, file["path"], file)
        count += 1
    return count


def _write(folder: Path, path: str, file: dict[str, str]) -> None:
    # The store has no names such as `..`: this is the second lock on that door.
    target = folder.joinpath(*path.split("/"))
    if not target.resolve().is_relative_to(folder.resolve()):
        raise ExistsError(f"{path} would not be below {folder}")
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    text = file["content"]
    content = base64.b64decode(text) if file["encoding"] == "base64" else text.encode()
    descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as out:
        out.write(content)
