"""What can be downloaded in a simulated world: every file with a sensible ending, of some size.

Tests put files of their own there. Names of hosts that end in `.invalid` lead nowhere, and a path
with `missing` in it is not found.
"""

from __future__ import annotations

from hashlib import sha256, sha512
from typing import Final
from urllib.parse import unquote, urlsplit

from appliance.model.errors import MissingError, UnavailableError
from appliance.ports.downloads import Template
from sim.kernel import to_us
from sim.storage.files import Bulk
from sim.tasks import Boot

MIB: Final = 1024**2
ANSWER_S: Final = 0.05
SILENCE_S: Final = 10.0
GROWS: Final = 3  # a packed file has so many times its length unpacked
_KINDS: Final = {
    "bz2": "application/x-bzip2",
    "gz": "application/gzip",
    "img": "application/octet-stream",
    "iso": "application/x-iso9660-image",
    "tar": "application/x-tar",
    "xz": "application/x-xz",
    "zst": "application/zstd",
}


def _template(os: str, package: str, version: str, ending: str) -> tuple[Template, bytes]:
    file = f"{package}_{version}_amd64.tar.{ending}"
    data = f"simulated template {file}".encode() * 1000
    url = f"https://templates.example/{file}"
    told = Template(file, url, sha512(data).hexdigest(), package, version, os, f"{package}, small")
    return told, data


_TEMPLATES: Final = (
    _template("alpine", "alpine-3.22-default", "20250617", "xz"),
    _template("debian-13", "debian-13-standard", "13.1-2", "zst"),
    _template("ubuntu-24.04", "ubuntu-24.04-standard", "24.04-2", "zst"),
)


class Web:
    """The files that are told apart from the others, by URL."""

    def __init__(self) -> None:
        self._files: dict[str, bytes] = {told.url: data for told, data in _TEMPLATES}

    def put(self, url: str, data: bytes) -> None:
        self._files[url] = data

    def find(self, url: str) -> Fetched:
        """MissingError, UnavailableError."""
        parts = urlsplit(url)
        name = unquote(parts.path).rpartition("/")[2]
        host = parts.hostname or ""
        if not host or host.endswith(".invalid"):
            raise UnavailableError(f"cannot reach '{host}'")
        if url in self._files:
            data = self._files[url]
            return Fetched(name, len(data), data)
        if not name or "missing" in parts.path:
            raise MissingError(f"'{host}' has no '{parts.path}' (404 Not Found)")
        return Fetched(name, _size_bytes(url), url.encode())


class Fetched(Bulk):
    """A file of the simulated web. A `Download`."""

    def __init__(self, name: str, size_bytes: int, head: bytes) -> None:
        super().__init__(size_bytes, head)
        self.name = name
        self.kind = _KINDS.get(name.rpartition(".")[2], "application/octet-stream")


def _size_bytes(url: str) -> int:
    """Between 4 and 64 MiB, always the same for the same URL."""
    return (4 + sha256(url.encode()).digest()[0] % 60) * MIB


class SimDownloads:
    """Implements the `Downloads` port on one boot."""

    def __init__(self, boot: Boot, web: Web) -> None:
        self._boot, self._web = boot, web

    async def open(self, url: str, *, verify: bool = True, unpack: str | None = None) -> Fetched:
        found = await self._fetch(url)
        if verify and "untrusted" in (urlsplit(url).hostname or ""):
            raise UnavailableError("the certificate of the server cannot be verified")
        if unpack is None:
            return found
        name = found.name.removesuffix(f".{unpack}")
        return Fetched(name, found.size_bytes * GROWS, found.head)

    async def pull(self, reference: str) -> Fetched:
        found = await self._fetch(f"https://{_whole(reference)}")
        return Fetched(f"{reference.rpartition('/')[2].replace(':', '_')}.tar", found.size_bytes,
                       found.head)  # fmt: skip

    async def tags(self, reference: str) -> tuple[str, ...]:
        await self._fetch(f"https://{_whole(reference)}")
        return ("1.0", "1.1", "latest")

    async def templates(self) -> tuple[Template, ...]:
        return tuple(told for told, _ in _TEMPLATES)

    async def _fetch(self, url: str) -> Fetched:
        try:
            found = self._web.find(url)
        except UnavailableError:
            await self._boot.sleep(to_us(SILENCE_S))
            raise
        await self._boot.sleep(to_us(ANSWER_S))
        return found


def _whole(reference: str) -> str:
    """With a registry in front."""
    first = reference.partition("/")[0]
    return reference if "." in first or ":" in first else f"registry.example/{reference}"
