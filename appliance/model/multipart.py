"""Bodies of the type multipart/form-data, piece by piece: fields, then a file, which comes last."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from appliance.model.errors import ConfigError, TooLargeError

TYPE: Final = "multipart/form-data"
MAX_HEAD_BYTES: Final = 8 * 1024
MAX_FIELD_BYTES: Final = 64 * 1024
MAX_FIELDS: Final = 100
_BOUNDARY: Final = re.compile(r'boundary=(?:"([^"]{1,70})"|([^\s;"]{1,70}))', re.IGNORECASE)
_WORD: Final = re.compile(r';\s*(name|filename)="((?:[^"\\]|\\.)*)"', re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Field:
    name: str
    value: str


@dataclass(frozen=True, slots=True)
class FileBegins:
    """filename: as the client calls it."""

    name: str
    filename: str


Part = Field | FileBegins | bytes  # bytes: more of the file that has begun


def boundary_of(content_type: str) -> str | None:
    """None if this is no such type. ConfigError (field `body`) without a boundary."""
    if content_type.partition(";")[0].strip().lower() != TYPE:
        return None
    match = _BOUNDARY.search(content_type)
    if match is None:
        raise ConfigError("its type has no boundary", field="body")
    return match[1] or match[2]


class MultipartReader:
    """`feed` it the body as it comes, then `end`. ConfigError, TooLargeError (field `body`)."""

    def __init__(self, boundary: str) -> None:
        self._mark = b"\r\n--" + boundary.encode("latin-1", "replace")
        self._kept = bytearray(b"\r\n")  # the first mark may begin the body
        self._state = self._preamble
        self._field: str | None = None
        self._value = bytearray()
        self._fields = 0
        self._file = False
        self._over = False

    def feed(self, piece: bytes) -> Iterator[Part]:
        self._kept += piece
        going = True
        while going:
            found, going = self._state()
            if found is not None:
                yield found

    def end(self) -> None:
        if not self._over:
            raise ConfigError("breaks off in the middle", field="body")

    # states: something found, and whether there may be more

    def _preamble(self) -> tuple[Part | None, bool]:
        at = self._kept.find(self._mark)
        if at < 0:
            if len(self._kept) > MAX_HEAD_BYTES:
                raise ConfigError("does not begin with its boundary", field="body")
            return None, False
        del self._kept[: at + len(self._mark)]
        self._state = self._between
        return None, True

    def _between(self) -> tuple[Part | None, bool]:
        """After a boundary: two dashes and nothing more, or a line's end and a part."""
        if len(self._kept) < 2:
            return None, False
        if self._kept.startswith(b"--"):
            self._over, self._state = True, self._epilogue
        elif self._kept.startswith(b"\r\n"):
            self._state = self._head
        else:
            raise ConfigError("has a broken boundary", field="body")
        return None, True

    def _epilogue(self) -> tuple[Part | None, bool]:
        self._kept.clear()
        return None, False

    def _head(self) -> tuple[Part | None, bool]:
        at = self._kept.find(b"\r\n\r\n")
        if max(at, len(self._kept) if at < 0 else 0) > MAX_HEAD_BYTES:
            raise TooLargeError(f"the head of a part has at most {MAX_HEAD_BYTES} bytes")
        if at < 0:
            return None, False
        words = _words(bytes(self._kept[:at]))
        del self._kept[: at + 4]
        if "name" not in words or self._file:
            what = "the file comes last" if self._file else "a part has no name"
            raise ConfigError(what, field="body")
        self._state = self._content
        if "filename" in words:
            self._file, self._field = True, None
            return FileBegins(words["name"], words["filename"]), True
        self._fields += 1
        if self._fields > MAX_FIELDS:
            raise TooLargeError(f"a request has at most {MAX_FIELDS} parts")
        self._field = words["name"]
        self._value.clear()
        return None, True

    def _content(self) -> tuple[Part | None, bool]:
        at = self._kept.find(self._mark)
        # What may be the beginning of a boundary waits for more.
        sure = at if at >= 0 else max(0, len(self._kept) - len(self._mark) + 1)
        piece = bytes(self._kept[:sure])
        del self._kept[: sure + (len(self._mark) if at >= 0 else 0)]
        if at >= 0:
            self._state = self._between
        if self._field is None:
            return piece or None, at >= 0
        self._value += piece
        if len(self._value) > MAX_FIELD_BYTES:
            raise TooLargeError(f"{self._field[:80]} has at most {MAX_FIELD_BYTES} bytes")
        if at < 0:
            return None, False
        return Field(self._field, self._value.decode("utf-8", "replace")), True


def _words(head: bytes) -> dict[str, str]:
    """`name` and `filename` of a part's Content-Disposition."""
    for line in head.decode("utf-8", "replace").split("\r\n"):
        name, _, value = line.partition(":")
        if name.strip().lower() == "content-disposition":
            return {
                found[1].lower(): re.sub(r"\\(.)", r"\1", found[2])
                for found in _WORD.finditer(value)
            }
    return {}


def composed(
    boundary: str, fields: Mapping[str, str], name: str, filename: str
) -> tuple[bytes, bytes]:
    """What stands before the file's content in such a body, and after it."""
    parts = "".join(
        f'--{boundary}\r\nContent-Disposition: form-data; name="{_quoted(key)}"\r\n\r\n{value}\r\n'
        for key, value in fields.items()
    )
    head = (
        f'{parts}--{boundary}\r\nContent-Disposition: form-data; name="{_quoted(name)}"; '
        f'filename="{_quoted(filename)}"\r\nContent-Type: application/octet-stream\r\n\r\n'
    )
    return head.encode(), f"\r\n--{boundary}--\r\n".encode()


def _quoted(text: str) -> str:
    plain = text.replace("\r", " ").replace("\n", " ")
    return plain.replace("\\", "\\\\").replace('"', '\\"')
