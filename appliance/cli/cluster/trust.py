"""Whom a new node asks, and why it may: fingerprint and password of a member."""

from __future__ import annotations

import contextlib
import ssl
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from appliance.model.cluster.certificate import fingerprint_of_pem
from appliance.model.cluster.join_info import (
    check_fingerprint,
    host_of,
    parse_join_information,
    split_address,
)
from appliance.model.corosync_conf.check import is_address
from appliance.model.errors import ConfigError, UnavailableError
from appliance.ports.peers import API_PORT

if TYPE_CHECKING:
    from appliance.cli.connection import Connection

TIMEOUT_S = 10.0


def whom(
    connection: Connection, word: str, fingerprint: str | None, password_file: Path | None
) -> dict[str, object]:
    """The parameters that name the member. Asks people for what is not given."""
    address = word
    if not is_address(host_of(word)):
        information = parse_join_information(word)
        address, fingerprint = information.address, fingerprint or information.fingerprint
    known = connection.known_of(address)
    if fingerprint is not None:
        trusted = check_fingerprint(fingerprint)
    elif known is not None:
        trusted = known.fingerprint
    else:
        trusted = _asked(address)
    if password_file is None and known is not None:
        password = known.password
    else:
        password = _password(address, password_file)
    return {"hostname": address, "fingerprint": trusted, "password": password}


def _asked(address: str) -> str:
    """Show the fingerprint of whoever answers there; only a person can say whether it is right."""
    if not sys.stdin.isatty():
        raise ConfigError("give it, or join by join information", field="--fingerprint")
    seen = _fingerprint_at(address)
    typer.echo(f"The certificate of {address} has the SHA-256 fingerprint\n  {seen}")
    if not typer.confirm("Is that the one that the other node shows?"):
        raise typer.Exit(2)
    return seen


def _fingerprint_at(address: str) -> str:
    try:
        pem = ssl.get_server_certificate(split_address(address, API_PORT), timeout=TIMEOUT_S)
    except OSError as error:
        raise UnavailableError(f"nobody answers at {address}: {error}") from None
    return fingerprint_of_pem(pem.encode())


def _password(address: str, file: Path | None) -> str:
    if file is None:
        if not sys.stdin.isatty():
            raise ConfigError("give it: there is nobody to ask", field="--password-file")
        text: str = typer.prompt(f"Password of root at {host_of(address)}", hide_input=True)
        return text
    with contextlib.ExitStack() as stack:
        source = sys.stdin if str(file) == "-" else stack.enter_context(file.open(encoding="utf-8"))
        return source.readline().rstrip("\r\n")
