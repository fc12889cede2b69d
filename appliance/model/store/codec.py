"""A small binary form: whole numbers of any size, texts and bytes with their length."""

from __future__ import annotations

import struct
from typing import Final

from appliance.model.errors import DamagedError

_FLOAT: Final = struct.Struct(">d")


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
        self.number(len(value))
        self._parts += value
        return self

    def text(self, value: str) -> Writer:
        return self.data(value.encode())

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
        value = shift = 0
        while True:
            byte = self._take(1)[0]
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value
            shift += 7

    def data(self) -> bytes:
        return self._take(self.number())

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
        end = self.at + size
        if end > len(self._data):
            raise DamagedError("encoded value ends too early")
        taken, self.at = self._data[self.at : end], end
        return taken
