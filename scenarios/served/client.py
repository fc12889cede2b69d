"""A client of a served cluster: over HTTPS, with an API token, trusting its authority alone."""

from __future__ import annotations

import contextlib
import http.client
import json
import ssl
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from appliance.api.client import FORM, data_of, target
from appliance.model.errors import ConfigError, OutcomeUnknownError, UnreachableError

ANSWER_S: Final = 60.0


@dataclass(frozen=True, slots=True)
class Remote:
    """One address of a cluster. token: `USER@REALM!NAME=SECRET`."""

    url: str
    ca: Path
    token: str = field(repr=False)

    def call(self, verb: str, path: str, parameters: Mapping[str, Any] | None = None) -> Any:
        """The data of the answer; its error raised as what it was there."""
        with contextlib.closing(self._line(ANSWER_S)) as line:
            answer = self._ask(line, verb, path, parameters or {})
            try:
                body = answer.read()
            except (OSError, http.client.HTTPException) as error:
                raise OutcomeUnknownError(f"{self.url} broke off: {error}") from error
            return data_of(answer.status, body, where=self.url)

    def stream(self, path: str, parameters: Mapping[str, Any] | None = None) -> Iterator[Any]:
        """The values of a GET that does not end by itself."""
        with contextlib.closing(self._line(None)) as line:
            answer = self._ask(line, "GET", path, parameters or {})
            if answer.status != 200:
                data_of(answer.status, answer.read(), where=self.url)
            for text in answer:
                yield json.loads(text)["data"]

    def _line(self, timeout_s: float | None) -> http.client.HTTPSConnection:
        parts = urlsplit(self.url)
        if parts.scheme != "https" or not parts.hostname:
            raise ConfigError(f"'{self.url}' is not https://HOST:PORT", field="url")
        try:
            context = ssl.create_default_context(cafile=str(self.ca))
        except OSError as error:
            raise ConfigError(f"{self.ca}: {error.strerror or error}", field="ca") from error
        return http.client.HTTPSConnection(
            parts.hostname, parts.port or 8006, timeout=timeout_s, context=context
        )

    def _ask(
        self,
        line: http.client.HTTPSConnection,
        verb: str,
        path: str,
        parameters: Mapping[str, Any],
    ) -> http.client.HTTPResponse:
        where, body = target(verb, path, parameters)
        headers = {"authorization": f"PVEAPIToken={self.token}"}
        if body:
            headers["content-type"] = FORM
        try:
            line.connect()
        except OSError as error:
            raise UnreachableError(f"nobody answers at {self.url}: {error}") from error
        try:
            line.request(verb, where, body, headers)
            return line.getresponse()
        except (OSError, http.client.HTTPException) as error:
            raise OutcomeUnknownError(f"{self.url} broke off: {error}") from error
