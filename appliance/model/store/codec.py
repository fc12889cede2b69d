"""A small binary form: whole numbers of any size, texts and bytes with their length."""

from __future__ import annotations

import struct
from functools import lru_cache
from typing import Final

from appliance.model.errors import DamagedError

_FLOAT: Final = struct.Struct(">d")
_TOO_EARLY: Final = "encoded value ends too early"


_SMALL: Final = tuple(bytes((value,)) for value in range(0x80))
_REMEMBERED: Final = 4096


def number(value: int) -> bytes:
    """As `Writer.number`. Common sizes are written out: each change has several."""
    if value < 0x80:
        return _SMALL[value]
    if value < 0x4000:
        return bytes((value & 0x7F | 0x80, value >> 7))
    if value < 0x200000:
        return bytes((value & 0x7F | 0x80, value >> 7 & 0x7F | 0x80, value >> 14))
    return Writer().number(value).done()


@lru_cache(maxsize=_REMEMBERED)
def text(value: str) -> bytes:
    """As `Writer.text`, for names, which come again and again."""
    return Writer().text(value).done()


class Writer:
    """Collects values; `done` is their encoded form."""

    __slots__ = ("_parts",)

    def __init__(self) -> None:
        self._parts = bytearray()

    def number(self, value: int) -> Writer:
        """Not negative; seven bits a byte, lowest first."""
        while value > 0x7F:
            self._parts.append(value & 0x7F | 0x80)
            value >>= 7
        self._parts.append(value)
        return self

    def data(self, value: bytes) -> Writer:
        size = len(value)
        if size > 0x7F:
            self.number(size)
        else:
            self._parts.append(size)
        self._parts += value
        return self

    def text(self, value: str) -> Writer:
        return self.data(value.encode())

    def encoded(self, value: bytes) -> Writer:
        """What another writer has made."""
        self._parts += value
        return self

    def flag(self, value: bool) -> Writer:
        self._parts.append(value)
        return self

    def real(self, value: float) -> Writer:
        self._parts += _FLOAT.pack(value)
        return self

    def texts(self, values: tuple[str, ...]) -> Writer:
        self.number(len(values))
        for value in values:
            self.text(value)
        return self

    def optional(self, value: int | None) -> Writer:
        return self.number(0 if value is None else value + 1)

    def done(self) -> bytes:
        return bytes(self._parts)


class Reader:
    """Takes the values out again, in the same order. DamagedError where they end too early."""

    __slots__ = ("_data", "at")

    def __init__(self, data: bytes, at: int = 0) -> None:
        self._data, self.at = data, at

    def number(self) -> int:
        data, at = self._data, self.at
        try:
            value = data[at]
            at += 1
            if value > 0x7F:
                value, shift = value & 0x7F, 7
                while (byte := data[at]) > 0x7F:
                    value |= (byte & 0x7F) << shift
                    shift += 7
                    at += 1
                value |= byte << shift
                at += 1
        except IndexError:
            raise DamagedError(_TOO_EARLY) from None
        self.at = at
        return value

    def data(self) -> bytes:
        size = self.number()
        at = self.at
        self.at = end = at + size
        taken = self._data[at:end]
        if len(taken) != size:
            raise DamagedError(_TOO_EARLY)
        return taken

    def text(self) -> str:
        try:
            return self.data().decode()
        except UnicodeDecodeError as error:
            raise DamagedError("encoded text is not UTF-8") from error

    def flag(self) -> bool:
        return self._take(1) != b"\0"

    def real(self) -> float:
        value: float = _FLOAT.unpack(self._take(8))[0]
        return value

    def texts(self) -> tuple[str, ...]:
        return tuple(self.text() for _ in range(self.number()))

    def optional(self) -> int | None:
        value = self.number()
        return value - 1 if value else None

    @property
    def ended(self) -> bool:
        return self.at == len(self._data)

    def _take(self, size: int) -> bytes:
        at = self.at
        self.at = end = at + size
        taken = self._data[at:end]
        if len(taken) != size:
            raise DamagedError(_TOO_EARLY)
        return taken
