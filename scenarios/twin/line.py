"""Reading from a cluster's API over one connection: GET and nothing else."""

from __future__ import annotations

import contextlib
import hashlib
import http.client
import json
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Protocol
from urllib.parse import urlsplit

from appliance.api.client import target
from appliance.model.errors import (
    ConfigError,
    ForbiddenError,
    MissingError,
    QuorateError,
    UnauthenticatedError,
    UnreachableError,
)

ANSWER_S: Final = 60.0
API_PORT: Final = 8006
_KINDS: Final[Mapping[int, type[QuorateError]]] = {
    401: UnauthenticatedError,
    403: ForbiddenError,
    404: MissingError,
    501: MissingError,  # an older or another implementation does not have it
}


class Reads(Protocol):
    def get(self, path: str, **parameters: str) -> Any:
        """The `data` of the answer. ForbiddenError, MissingError; other errors end the reading."""
        ...


@dataclass(frozen=True, slots=True)
class Where:
    """Whom to ask, and why to believe that it is them.

    token: `USER@REALM!NAME=SECRET`. ca: who signed the certificate; fingerprint: of the
    certificate itself (SHA-256). With neither, the authorities that this machine trusts.
    """

    url: str
    token: str = field(repr=False)
    ca: Path | None = None
    fingerprint: str | None = None

    def host_and_port(self) -> tuple[str, int]:
        """ConfigError for what is no such address."""
        text = self.url if "//" in self.url else f"//{self.url}"
        try:
            parts = urlsplit(text, scheme="https")
            host, port = parts.hostname, parts.port or API_PORT
        except ValueError:
            raise ConfigError(f"'{self.url}' is not https://HOST[:PORT]", field="url") from None
        if parts.scheme != "https" or not host or parts.path.strip("/"):
            raise ConfigError(f"'{self.url}' is not https://HOST[:PORT]", field="url")
        return host, port

    def context(self) -> ssl.SSLContext:
        """ConfigError if the file of the authority cannot be used."""
        if self.fingerprint is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
            return context
        try:
            return ssl.create_default_context(cafile=str(self.ca) if self.ca else None)
        except OSError as error:
            raise ConfigError(f"{self.ca}: {error.strerror or error}", field="ca") from error


class Line:
    """Implements `Reads`. Opened again when the other end has closed it meanwhile."""

    def __init__(self, where: Where) -> None:
        self._where = where
        host, port = where.host_and_port()
        self._name = f"{host}:{port}"
        self._line = http.client.HTTPSConnection(
            host, port, timeout=ANSWER_S, context=where.context()
        )

    def get(self, path: str, **parameters: str) -> Any:
        target_path, _ = target("GET", path, parameters)
        for last in (False, True):
            if self._line.sock is None:
                self._connect()
            try:
                self._line.request("GET", target_path, headers=self._headers())
                answer = self._line.getresponse()
                return _data(path, answer, answer.read())
            except (OSError, http.client.HTTPException) as error:
                self._line.close()
                if last:
                    raise UnreachableError(f"{self._name} broke off: {error}") from error
        raise AssertionError("the second try returns or raises")

    def _headers(self) -> dict[str, str]:
        return {"authorization": f"PVEAPIToken={self._where.token}"}

    def _connect(self) -> None:
        """Nothing is sent before the certificate is known to be the right one."""
        try:
            self._line.connect()
        except ssl.SSLCertVerificationError as error:
            raise UnreachableError(
                f"the certificate of {self._name} is not trusted ({error.verify_message}): "
                "give --ca or --fingerprint"
            ) from error
        except OSError as error:
            raise UnreachableError(f"nobody answers at {self._name}: {error}") from error
        wanted = self._where.fingerprint
        if wanted is None:
            return
        assert isinstance(self._line.sock, ssl.SSLSocket)
        shown = self._line.sock.getpeercert(binary_form=True) or b""
        found = hashlib.sha256(shown).hexdigest().upper()
        if found != wanted.replace(":", "").upper():
            self._line.close()
            pairs = ":".join(found[at : at + 2] for at in range(0, len(found), 2))
            raise ConfigError(f"the certificate has {pairs}", field="fingerprint")

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._line.close()


def _data(path: str, answer: http.client.HTTPResponse, body: bytes) -> Any:
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        found = None
    if answer.status == 200 and isinstance(found, dict) and "data" in found:
        return found["data"]
    said = found.get("message") if isinstance(found, dict) else None
    reason = " ".join(str(said or answer.reason or "no data").split())
    kind = _KINDS.get(answer.status, QuorateError)
    raise kind(f"GET {path}: {answer.status} {reason}")
