"""Free text in one-line configuration values: UTF-8, percent-encoded where a line could break."""

from __future__ import annotations

import re
import string

_ESCAPE = re.compile(r"%([0-9A-Fa-f]{2})")
_UNRESERVED = f"{string.ascii_letters}{string.digits}-._~"


def encode_text(text: str) -> str:
    """Encode control and non-ASCII characters, the colon and the percent sign.

    A blank at either end is encoded too, for the line formats strip blanks there.
    """
    data = text.encode("utf-8", "surrogatepass")
    last = len(data) - 1
    return "".join(
        chr(byte) if _plain(byte, index in (0, last)) else f"%{byte:02X}"
        for index, byte in enumerate(data)
    )


def encode_url(text: str, *, keep: str = "") -> str:
    """As it may stand in a URL, a form or a cookie: letters, digits, `-._~` and `keep` remain."""
    kept = f"{_UNRESERVED}{keep}".encode()
    data = text.encode("utf-8", "surrogatepass")
    return "".join(chr(byte) if byte in kept else f"%{byte:02X}" for byte in data)


def decode_text(text: str) -> str:
    """The text that was encoded. Bytes that are no UTF-8 become U+FFFD; a lone % stays."""
    data = bytearray()
    position = 0
    for match in _ESCAPE.finditer(text):
        data += text[position : match.start()].encode("utf-8", "surrogatepass")
        data.append(int(match[1], 16))
        position = match.end()
    data += text[position:].encode("utf-8", "surrogatepass")
    return data.decode("utf-8", "replace")


def _plain(byte: int, at_end: bool) -> bool:
    if byte == 0x20:
        return not at_end
    return 0x21 <= byte <= 0x7E and byte not in (0x25, 0x3A)
