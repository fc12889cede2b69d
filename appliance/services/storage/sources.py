"""Bytes on their way into a storage: uploaded ones, and a check of what comes."""

from __future__ import annotations

import hashlib

from appliance.model.errors import RefusedError
from appliance.ports.http import Upload
from appliance.ports.storage import FileSource

ALGORITHMS = ("md5", "sha1", "sha224", "sha256", "sha384", "sha512")


class Uploaded:
    """An uploaded file. A `FileSource`."""

    def __init__(self, upload: Upload) -> None:
        self._upload, self._offset = upload, 0

    @property
    def size_bytes(self) -> int:
        return self._upload.size_bytes

    async def read(self, count_bytes: int) -> bytes:
        part = self._upload.read(self._offset, count_bytes)
        self._offset += len(part)
        return part


class Summed:
    """Another source, whose last byte is refused if its sum is not the one that was told."""

    def __init__(self, source: FileSource, algorithm: str, expected: str) -> None:
        self._source, self._expected = source, expected.lower()
        self._sum, self._left = hashlib.new(algorithm, usedforsecurity=False), source.size_bytes

    @property
    def size_bytes(self) -> int:
        return self._source.size_bytes

    async def read(self, count_bytes: int) -> bytes:
        part = await self._source.read(count_bytes)
        self._sum.update(part)
        self._left -= len(part)
        found = self._sum.hexdigest()
        if self._left <= 0 and found != self._expected:
            raise RefusedError(f"checksum mismatch: got '{found}' != expect '{self._expected}'")
        return part
