"""Configuration files as texts: read, and changed beside others who do the same."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from appliance.model.digest import check_digest
from appliance.model.errors import ExistsError, MissingError, StaleError
from appliance.model.json_fields import text_of
from appliance.model.store.changes import ABSENT, Delete, File, Put
from appliance.ports.config_store import ConfigStore

TRIES: Final = 64


def find_file(store: ConfigStore, path: str) -> File | None:
    """The file, private or not; None if there is none."""
    try:
        return store.read(path, privileged=True)
    except MissingError:
        return None


def read_text(store: ConfigStore, path: str) -> str:
    """The text of a file, empty if there is none. ConfigError for what is no UTF-8."""
    file = find_file(store, path)
    return "" if file is None else text_of(file.content, path)


async def change_text(
    store: ConfigStore, path: str, change: Callable[[str], str], digest: str | None = None
) -> None:
    """Make a file's text another; nothing is written if it stays the same.

    digest: of the text that the change is meant for, None: of any. `change` may be asked several
    times, when somebody else was faster, and may raise; then nothing is changed. StaleError, and
    what the store raises.
    """
    for _ in range(TRIES):
        file = find_file(store, path)
        before = "" if file is None else text_of(file.content, path)
        check_digest(before, digest)
        after = change(before)
        if after == before:
            return
        version = ABSENT if file is None else file.version
        try:
            await store.change(Put(path, after.encode("utf-8", "surrogatepass"), version))
        except (StaleError, MissingError, ExistsError):
            await store.catch_up()
            continue
        return
    raise StaleError(f"{path} is being changed elsewhere, try again")


async def remove_file(store: ConfigStore, path: str) -> None:
    """Nothing if there is none."""
    file = find_file(store, path)
    if file is not None:
        await store.change(Delete(path, file.version))
