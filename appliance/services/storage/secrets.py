"""What storages log in with: files of their own that no answer shows."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Mapping
from datetime import UTC, datetime
from hashlib import sha256
from typing import Final

from appliance.model.errors import ConfigError
from appliance.model.parameters import Text

AUTO: Final = "autogen"
# By option: the file, and what stands for it in storage.cfg (None: nothing).
_FILES: Final[Mapping[str, tuple[str, str | None]]] = {
    "password": ("priv/storage/{}.pw", None),
    "encryption-key": ("priv/storage/{}.enc", "1"),
    "master-pubkey": ("priv/storage/{}.master.pem", "1"),
    "keyring": ("priv/ceph/{}.keyring", None),
}


def secret_file(option: str, storage: str) -> str:
    return _FILES[option][0].format(storage)


def secret_files(storage: str) -> tuple[str, ...]:
    """All that a storage may have."""
    return tuple(secret_file(option, storage) for option in _FILES)


def take_secrets(texts: dict[str, Text]) -> dict[str, str]:
    """Take the secrets out of what was given; what stands for them stays. ConfigError."""
    found: dict[str, str] = {}
    for option, (_, mark) in _FILES.items():
        given = texts.pop(option, None)
        if given is None:
            continue
        found[option] = str(given)
        if option == "encryption-key":
            texts[option] = key_fingerprint(found[option])
        elif mark is not None:
            texts[option] = mark
    return found


def is_secret(option: str) -> bool:
    return option in _FILES


def key_fingerprint(text: str) -> str:
    """By which people tell keys apart. ConfigError for what is no key."""
    try:
        found = json.loads(text)
    except ValueError:
        found = None
    if not isinstance(found, dict) or not isinstance(found.get("data"), str):
        raise ConfigError("is no key: give its JSON text, or 'autogen'", field="encryption-key")
    given = found.get("fingerprint")
    if isinstance(given, str) and given.isprintable() and " " not in given:
        return given
    return _fingerprint(found["data"])


def new_key(secret: str, now_s: float) -> str:
    """The text of a new key, from 32 bytes in hexadecimal."""
    data = b64encode(bytes.fromhex(secret)).decode()
    now = datetime.fromtimestamp(int(now_s), UTC).isoformat()
    key = {"kdf": None, "created": now, "modified": now, "data": data,
           "fingerprint": _fingerprint(data)}  # fmt: skip
    return json.dumps(key)


def _fingerprint(data: str) -> str:
    return sha256(data.encode()).digest()[:8].hex(":")
