"""Bodies in parts: the file goes to the disk while it comes, so that no size fills the memory."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final

from appliance.model.errors import DiskError, TooLargeError
from appliance.model.multipart import Field, FileBegins, MultipartReader, Part

SPARE_BYTES: Final = 256 * 1024 * 1024  # of the disk, which no upload may take
FOLDER: Final = Path("/var/tmp")  # not in memory, as /tmp often is


class DiskUpload:
    """Implements the `Upload` port. The file has no name any more: it ends with the process."""

    def __init__(self, name: str, folder: Path = FOLDER) -> None:
        self._name, self._size_bytes = name, 0
        self._kept = False
        try:
            number, path = tempfile.mkstemp(prefix=".quorate-upload-", dir=folder)
        except OSError as error:
            raise DiskError(f"no place for an upload in {folder}: {error.strerror}") from error
        os.unlink(path)  # noqa: PTH108 - the descriptor is what counts
        self._file: int | None = number

    @property
    def name(self) -> str:
        return self._name

    @property
    def size_bytes(self) -> int:
        return self._size_bytes

    def add(self, piece: bytes) -> None:
        """DiskError when there is no more room."""
        view = memoryview(piece)
        try:
            while view:
                view = view[os.write(self._open(), view) :]
        except OSError as error:
            raise DiskError(f"the upload cannot be written: {error.strerror}") from error
        self._size_bytes += len(piece)

    def read(self, offset: int, size_bytes: int) -> bytes:
        try:
            return os.pread(self._open(), size_bytes, offset)
        except OSError as error:
            raise DiskError(f"the upload cannot be read: {error.strerror}") from error

    def _open(self) -> int:
        if self._file is None:
            raise DiskError("the upload was removed already")
        return self._file

    def keep(self) -> None:
        self._kept = True

    def close(self) -> None:
        number, self._file = self._file, None
        if number is not None:
            with contextlib.suppress(OSError):
                os.close(number)

    def answered(self) -> None:
        """The request is over."""
        if not self._kept:
            self.close()


class _Intake:
    """What came so far. free_bytes: what the file may take of the disk."""

    def __init__(self, free_bytes: int) -> None:
        self.free_bytes = max(free_bytes, 0)
        self.fields: dict[str, str] = {}
        self.upload: DiskUpload | None = None

    def take(self, part: Part) -> None:
        if isinstance(part, Field):
            self.fields[part.name] = part.value
        elif isinstance(part, FileBegins):
            self.upload = DiskUpload(part.filename)
        elif self.upload is not None:
            self.need_room(self.upload.size_bytes + len(part))
            self.upload.add(part)

    def need_room(self, size_bytes: int) -> None:
        if size_bytes > self.free_bytes:
            raise TooLargeError(f"there is room for {self.free_bytes} bytes at most")


async def take_in(
    pieces: AsyncIterator[bytes], boundary: str, length: int
) -> tuple[dict[str, str], DiskUpload | None]:
    """Fields and file of a body that says it has that length, 0 if it does not say.

    ConfigError, TooLargeError, DiskError: then nothing is kept.
    """
    intake = _Intake(shutil.disk_usage(FOLDER).free - SPARE_BYTES)
    intake.need_room(length)
    reader = MultipartReader(boundary)
    try:
        async for piece in pieces:
            for part in reader.feed(piece):
                intake.take(part)
        reader.end()
    except BaseException:
        if intake.upload is not None:
            intake.upload.close()
        raise
    return intake.fields, intake.upload
