"""Configuration files as texts: read, and changed beside others who do the same."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from appliance.model.digest import check_digest
from appliance.model.errors import ExistsError, MissingError, StaleError
from appliance.model.json_fields import text_of
from appliance.model.store.changes import ABSENT, Delete, File, Put, Step
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


async def change_together(
    store: ConfigStore, what: str, made: Callable[[], Sequence[Step]], tries: int = TRIES
) -> None:
    """Make the changes that `made` gives, all or none; nothing if it gives none.

    It is asked again when somebody else was faster, so it must do nothing but look and decide; its
    errors are raised, then nothing is changed. what: for the StaleError after too many tries.
    """
    for _ in range(tries):
        steps = made()
        if not steps:
            return
        try:
            await store.change(*steps)
        except (StaleError, MissingError, ExistsError):
            await store.catch_up()
            continue
        return
    raise StaleError(f"{what} being changed elsewhere, try again")


async def change_text(
    store: ConfigStore, path: str, change: Callable[[str], str], digest: str | None = None
) -> None:
    """Make a file's text another; nothing is written if it stays the same.

    digest: of the text that the change is meant for, None: of any. `change` may be asked several
    times, when somebody else was faster, and may raise; then nothing is changed. StaleError, and
    what the store raises.
    """

    def made() -> tuple[Step, ...]:
        file = find_file(store, path)
        before = "" if file is None else text_of(file.content, path)
        check_digest(before, digest)
        after = change(before)
        if after == before:
            return ()
        version = ABSENT if file is None else file.version
        return (Put(path, after.encode("utf-8", "surrogatepass"), version),)

    await change_together(store, f"{path} is", made)


async def remove_file(store: ConfigStore, path: str) -> None:
    """Nothing if there is none."""
    file = find_file(store, path)
    if file is not None:
        await store.change(Delete(path, file.version))
