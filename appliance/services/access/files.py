"""The files of users and permissions: read as objects, changed together or not at all."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Generic, TypeVar

from appliance.core.access.permissions import Access
from appliance.model.access import realms, secret_files, tfa_cfg, user_cfg
from appliance.model.access.ids import ROOT
from appliance.model.access.realms import Realms
from appliance.model.access.users import User, UserConfig
from appliance.model.store.changes import ABSENT, Delete, Expect, File, Put, Step
from appliance.ports.config_store import ConfigStore
from appliance.services.config.texts import change_together, find_file

T = TypeVar("T")
R = TypeVar("R")

TRIES = 8


@dataclass(frozen=True, slots=True)
class Sheet(Generic[T]):
    """A file of the store and what it means."""

    path: str
    parse: Callable[[str], T]
    write: Callable[[T], str]


def _users(text: str) -> UserConfig:
    """root@pam is there even where nobody wrote it down."""
    config = user_cfg.parse_user_config(text)
    if ROOT in config.users:
        return config
    return replace(config, users={ROOT: User(), **config.users})


def _write_realms(found: Realms) -> str:
    return realms.write_realms(found.realms.values(), found.document)


USERS = Sheet(user_cfg.FILE, _users, user_cfg.write_user_config)
REALMS = Sheet(realms.FILE, realms.parse_realms, _write_realms)
FACTORS = Sheet(tfa_cfg.FILE, tfa_cfg.parse_factors, tfa_cfg.write_factors)
SHADOW = Sheet(secret_files.SHADOW_FILE, secret_files.parse_shadow, secret_files.write_shadow)
TOKENS = Sheet(
    secret_files.TOKEN_FILE, secret_files.parse_token_secrets, secret_files.write_token_secrets
)


def bind_secret(realm: str) -> Sheet[str]:
    """The password with which a directory is read."""
    return Sheet(
        f"priv/realm/{realm}.pw", lambda text: text.removesuffix("\n"), lambda text: f"{text}\n"
    )


class Draft:
    """A change in the making: what was read must still hold when it is written."""

    def __init__(self, store: ConfigStore) -> None:
        self._store = store
        self._read: dict[str, tuple[int, Any]] = {}
        self._texts: dict[str, str] = {}
        self._written: dict[str, str | None] = {}

    def read(self, sheet: Sheet[T]) -> T:
        """As of this change: what was written in it before is read back."""
        found = self._read.get(sheet.path)
        if found is None:
            file = find_file(self._store, sheet.path)
            version = ABSENT if file is None else file.version
            text = self._texts[sheet.path] = _text(file)
            found = self._read[sheet.path] = version, sheet.parse(text)
        value: T = found[1]
        return value

    def text(self, sheet: Sheet[Any]) -> str:
        """The file as it was before this change."""
        self.read(sheet)
        return self._texts[sheet.path]

    def write(self, sheet: Sheet[T], value: T) -> None:
        self.read(sheet)
        self._read[sheet.path] = self._read[sheet.path][0], value
        self._written[sheet.path] = sheet.write(value)

    def remove(self, sheet: Sheet[Any]) -> None:
        """Delete the file; nothing if there is none."""
        self.read(sheet)
        if self._read[sheet.path][0] != ABSENT:
            self._written[sheet.path] = None

    def steps(self) -> tuple[Step, ...]:
        """What is read and not written is expected to be as it was. Empty: nothing is changed."""
        if not self._written:
            return ()
        found: list[Step] = []
        for path, (version, _value) in sorted(self._read.items()):
            if path not in self._written:
                found.append(Expect(path, version))
                continue
            text = self._written[path]
            if text is None:
                found.append(Delete(path, version))
            else:
                found.append(Put(path, text.encode("utf-8", "surrogatepass"), version))
        return tuple(found)


class AccessFiles:
    """Of one node. Reads are local; a file is parsed once for each version."""

    def __init__(self, store: ConfigStore) -> None:
        self._store = store
        self._seen: dict[str, tuple[File | None, Any]] = {}
        self._access: Access | None = None

    def read(self, sheet: Sheet[T]) -> T:
        file = find_file(self._store, sheet.path)
        seen = self._seen.get(sheet.path)
        if seen is None or seen[0] is not file:
            seen = self._seen[sheet.path] = file, sheet.parse(_text(file))
        value: T = seen[1]
        return value

    def access(self) -> Access:
        """The permissions of now; the same object until user.cfg changes."""
        config = self.read(USERS)
        if self._access is None or self._access.config is not config:
            self._access = Access(config)
        return self._access

    async def change(self, edit: Callable[[Draft], R]) -> R:
        """Let `edit` change files and write them all at once; what it returns.

        It is called again when somebody else was faster, and must do nothing but edit. Errors of
        the store and of `edit` are raised, then nothing is changed.
        """
        results: list[R] = []

        def made() -> tuple[Step, ...]:
            draft = Draft(self._store)
            results[:] = [edit(draft)]
            return draft.steps()

        await change_together(self._store, "users and permissions are", made, TRIES)
        return results[0]


def _text(file: File | None) -> str:
    return "" if file is None else file.content.decode("utf-8", "replace")
