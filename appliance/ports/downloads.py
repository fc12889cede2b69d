"""Files from elsewhere: by URL, or container images of a registry."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from appliance.ports.storage import FileSource


class Download(FileSource, Protocol):
    """A file that comes over the network. UnavailableError where it breaks off."""

    @property
    def name(self) -> str:
        """What the server calls it, or the last part of the URL."""
        ...

    @property
    def kind(self) -> str:
        """Its media type."""
        ...


@dataclass(frozen=True, slots=True)
class Template:
    """A container template of the catalogue."""

    file: str
    url: str
    sha512: str
    package: str
    version: str
    os: str
    headline: str = ""


class Downloads(Protocol):
    async def open(self, url: str, *, verify: bool = True, unpack: str | None = None) -> Download:
        """Begin to fetch; verify: the server's certificate; unpack: gz, lzo, zst or bz2.

        MissingError: the server has no such file. UnavailableError: it cannot be reached.
        """
        ...

    async def pull(self, reference: str) -> Download:
        """A container image, `[registry/]name:tag`, as one archive. Errors as `open`."""
        ...

    async def tags(self, reference: str) -> tuple[str, ...]:
        """The tags of an image, `[registry/]name`. Errors as `open`."""
        ...

    async def templates(self) -> tuple[Template, ...]:
        """The catalogue, as this node knows it."""
        ...
