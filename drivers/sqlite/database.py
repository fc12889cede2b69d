"""The database file: pieces of files, each with its digest. Everything here blocks.

A file is its pieces in the order of their numbers; a replace leaves one piece, an append adds one.
The digest of a piece covers the name too, so that content in the wrong place is noticed.
"""

from __future__ import annotations

import contextlib
import hashlib
import itertools
import os
import sqlite3
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple, TypeAlias

from appliance.model.errors import DamagedError, DiskError, DiskFullError

_LAYOUT: Final = 1
_PAGE_BYTES: Final = 4096
_WAL_BYTES: Final = 16 * 1024 * 1024
_SET_UP: Final = (
    "PRAGMA locking_mode = EXCLUSIVE",  # no second process, and no shared memory file
    f"PRAGMA page_size = {_PAGE_BYTES}",
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",
    "PRAGMA cell_size_check = ON",
    # A checkpoint makes commits wait: rarely, then, and the log of writes is not made anew for it.
    f"PRAGMA wal_autocheckpoint = {_WAL_BYTES // _PAGE_BYTES}",
    f"PRAGMA journal_size_limit = {2 * _WAL_BYTES}",
)
_TABLE: Final = (
    """CREATE TABLE IF NOT EXISTS piece (
      name TEXT NOT NULL, number INTEGER NOT NULL, content BLOB NOT NULL, digest BLOB NOT NULL)""",
    "CREATE UNIQUE INDEX IF NOT EXISTS piece_place ON piece (name, number)",
)
_REMOVE: Final = "DELETE FROM piece WHERE name = ?"
_REPLACE: Final = "INSERT INTO piece VALUES (?, 0, ?, ?)"
_APPEND: Final = (
    "INSERT INTO piece SELECT ?1, coalesce(max(number) + 1, 0), ?2, ?3 FROM piece WHERE name = ?1"
)
_FILE: Final = "SELECT number, content, digest FROM piece WHERE name = ? ORDER BY number"
_WITH_PREFIX: Final = "FROM piece WHERE name >= ?1 AND (?2 IS NULL OR name < ?2) ORDER BY name"
_FILES: Final = f"SELECT name, number, content, digest {_WITH_PREFIX}, number"
_NAMES: Final = f"SELECT DISTINCT name {_WITH_PREFIX}"

Piece: TypeAlias = tuple[int, bytes, bytes]  # number, content, digest

_FIRST_SURROGATE, _LAST_SURROGATE = 0xD800, 0xDFFF  # no text of UTF-8 has these


class Operation(NamedTuple):
    """A queued write. content None: remove the file."""

    name: str
    content: bytes | None
    append: bool = False


class Database:
    """An open database. Used by one thread."""

    def __init__(self, path: Path, *, max_bytes: int | None = None) -> None:
        """Open or create it. DamagedError if it is not a sound database of ours."""
        self.path = path
        created = not path.exists()
        try:
            self._connection = sqlite3.connect(
                path, isolation_level=None, check_same_thread=False, timeout=0
            )
        except sqlite3.Error as error:
            raise disk_error(path, error) from error
        try:
            self._set_up(max_bytes)
        except sqlite3.Error as error:
            self.close()
            raise disk_error(path, error) from error
        except DiskError:
            self.close()
            raise
        _make_room(path.with_name(f"{path.name}-wal"))
        if created:
            sync_folder(path.parent)

    def _set_up(self, max_bytes: int | None) -> None:
        run = self._connection.execute
        for line in _SET_UP:
            run(line)
        found = run("PRAGMA integrity_check(1)").fetchone()
        if found[0] != "ok":
            raise DamagedError(f"{self.path}: the database is damaged: {found[0]}")
        version = run("PRAGMA user_version").fetchone()[0]
        if version not in (0, _LAYOUT):
            raise DiskError(f"{self.path}: layout {version} is newer than this program")
        with self._transaction():
            for line in _TABLE:
                run(line)
            run(f"PRAGMA user_version = {_LAYOUT}")
        if max_bytes is not None:
            run(f"PRAGMA max_page_count = {max_bytes // _PAGE_BYTES}")

    def close(self) -> None:
        self._connection.close()

    # writing

    def apply(self, operations: Iterable[Operation]) -> None:
        """Carry them out, undurably. After an error none of these since `commit` holds."""
        try:
            if not self._connection.in_transaction:
                self._connection.execute("BEGIN IMMEDIATE")
            for operation in operations:
                self._apply(operation)
        except sqlite3.Error as error:
            self._undo()
            raise disk_error(self.path, error) from error

    def _apply(self, operation: Operation) -> None:
        run, name, content = self._connection.execute, operation.name, operation.content
        if not operation.append:
            run(_REMOVE, (name,))
        if content is not None:
            statement = _APPEND if operation.append else _REPLACE
            run(statement, (name, content, digest(name, content)))

    def commit(self) -> None:
        """Make all of it durable. After an error none of it holds."""
        if not self._connection.in_transaction:
            return
        try:
            self._connection.execute("COMMIT")
        except sqlite3.Error as error:
            self._undo()
            raise disk_error(self.path, error) from error

    def _undo(self) -> None:
        if self._connection.in_transaction:
            with contextlib.suppress(sqlite3.Error):
                self._connection.execute("ROLLBACK")

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[None]:
        self._connection.execute("BEGIN IMMEDIATE")
        yield
        self._connection.execute("COMMIT")

    # reading

    def read(self, name: str) -> bytes | None:
        """A whole file. DamagedError if it is not what was written."""
        pieces = self._rows(_FILE, (name,))
        return join(name, pieces) if pieces else None

    def read_all(self, prefix: str) -> dict[str, bytes]:
        """All files that begin so, by name. DamagedError as `read`."""
        rows = self._rows(_FILES, (prefix, after_prefix(prefix)))
        files = itertools.groupby(rows, key=lambda row: row[0])
        return {name: join(name, [row[1:] for row in group]) for name, group in files}

    def names(self, prefix: str = "") -> tuple[str, ...]:
        rows = self._rows(_NAMES, (prefix, after_prefix(prefix)))
        return tuple(row[0] for row in rows)

    def damaged(self) -> tuple[str, ...]:
        """Read everything; the names of the files that are not what was written."""
        found = []
        for name in self.names():
            try:
                self.read(name)
            except DamagedError:
                found.append(name)
        return tuple(found)

    def _rows(self, statement: str, values: Sequence[str | None]) -> list[Any]:
        try:
            return self._connection.execute(statement, values).fetchall()
        except sqlite3.Error as error:
            raise disk_error(self.path, error) from error

    def backup(self, target: Path) -> None:
        """Write all that is committed into a new database file."""
        if target.exists():
            raise DiskError(f"{target}: exists already")
        try:
            with contextlib.closing(sqlite3.connect(target)) as copy:
                self._connection.backup(copy)
        except sqlite3.Error as error:
            target.unlink(missing_ok=True)
            raise disk_error(target, error) from error


def _make_room(log: Path) -> None:
    """Let the write-ahead log be as long from the start as it gets: no commit makes it grow.

    Else each commit also changes the file's length, and waits about twice as long for the disk.
    Zeros end the log for SQLite, which finds no frame in them.
    """
    try:
        with log.open("r+b", buffering=0) as file:
            size = file.seek(0, os.SEEK_END)
            try:
                for _ in range(size, _WAL_BYTES, _PAGE_BYTES):
                    file.write(bytes(_PAGE_BYTES))
                os.fsync(file.fileno())
            except OSError:
                os.ftruncate(file.fileno(), size)  # no room for it: slower, then
    except OSError:
        return


def sync_folder(folder: Path) -> None:
    """Make durable which files there are in it."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def after_prefix(prefix: str) -> str | None:
    """The smallest text greater than all that begin so; None if there is none."""
    for end in range(len(prefix), 0, -1):
        following = ord(prefix[end - 1]) + 1
        if following == _FIRST_SURROGATE:
            following = _LAST_SURROGATE + 1
        if following <= sys.maxunicode:
            return prefix[: end - 1] + chr(following)
    return None


def digest(name: str, content: bytes) -> bytes:
    """What proves that a piece is the one that was written."""
    mark = hashlib.blake2b(name.encode(), digest_size=16)
    mark.update(b"\0")
    mark.update(content)
    return mark.digest()


def join(name: str, pieces: Sequence[Piece]) -> bytes:
    """A file from its pieces. DamagedError if one is missing or not what was written."""
    for place, (number, content, mark) in enumerate(pieces):
        if number != place or digest(name, content) != mark:
            raise DamagedError(f"{name}: piece {place} is not what was written")
    return pieces[0][1] if len(pieces) == 1 else b"".join(piece[1] for piece in pieces)


def disk_error(path: Path, error: sqlite3.Error) -> DiskError:
    """SQLite's error as one of ours."""
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    text = f"{path}: {error}"
    if code == sqlite3.SQLITE_FULL:
        return DiskFullError(text)
    if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
        return DamagedError(text)
    if code == sqlite3.SQLITE_BUSY:
        return DiskError(f"{path}: another process uses it")
    return DiskError(text)
