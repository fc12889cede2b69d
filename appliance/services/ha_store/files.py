"""Reading and changing one file of the store, beside others who do the same."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeVar

from appliance.model.errors import (
    ConfigError,
    ExistsError,
    MissingError,
    StaleError,
    UnavailableError,
)
from appliance.model.json_fields import text_of
from appliance.model.store.changes import ABSENT, File, HoldLease, Put, Step
from appliance.ports.config_store import ConfigStore

T = TypeVar("T")
# Whoever is overtaken was overtaken by somebody who got on: so many may edit a file at once.
TRIES: Final = 256


def find(store: ConfigStore, path: str) -> File | None:
    """None: there is no such file. UnavailableError."""
    try:
        return store.read(path)
    except MissingError:
        return None


def decoded(decode: Callable[[], T]) -> T:
    """UnavailableError for a content that cannot be read: as good as none to a daemon."""
    try:
        return decode()
    except ConfigError as error:
        raise UnavailableError(str(error)) from None


def under(lease: str | None) -> tuple[Step, ...]:
    """The condition that this node holds that lease; None: no condition."""
    return () if lease is None else (HoldLease(lease),)


class Overtaken:
    """Tells a file changed by somebody else from a lease that was lost, when a change is refused.

    Whoever is refused has everything here that the refusal was judged on. So a file that still has
    the version expected of it was not the reason.
    """

    def __init__(self, store: ConfigStore, *paths: str) -> None:
        self._store, self.paths = store, paths
        self.files = [find(store, path) for path in paths]
        self._left = TRIES

    def versions(self) -> list[int]:
        """What to expect of each."""
        return [file.version if file is not None else ABSENT for file in self.files]

    def look_again(self, refusal: StaleError | MissingError | ExistsError) -> None:
        """Raises StaleError if it was not the files, or they change all the time."""
        before, self.files = self.versions(), [find(self._store, path) for path in self.paths]
        self._left -= 1
        if self._left == 0 or self.versions() == before:
            raise StaleError(str(refusal)) from None


async def edit(
    store: ConfigStore, path: str, change: Callable[[str], str], lease: str | None
) -> None:
    """Make a file's text another, whoever else changes it meanwhile.

    `change` may be asked several times and may raise. StaleError if the lease is not held.
    """
    seen = Overtaken(store, path)
    while True:
        (file,), (version,) = seen.files, seen.versions()
        text = "" if file is None else text_of(file.content, path)
        put = Put(path, change(text).encode(), expect=version)
        try:
            await store.change(*under(lease), put)
        except (StaleError, MissingError, ExistsError) as refusal:
            seen.look_again(refusal)
        else:
            return
