"""A self-signed certificate, made once. Others know a node by its fingerprint."""

from __future__ import annotations

import contextlib
import datetime as dt
import ipaddress
import os
import ssl
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from appliance.model.cluster.certificate import fingerprint_of_pem
from appliance.model.errors import ConfigError

LIFE: Final = dt.timedelta(days=3650)
_DAY: Final = dt.timedelta(days=1)
_CALL: Final = """
import pathlib, sys
from drivers.tls.certificate import make
certificate, key, name, *addresses = sys.argv[1:]
make(pathlib.Path(certificate), pathlib.Path(key), name, addresses)
"""


@dataclass(frozen=True, slots=True)
class Identity:
    """Certificate and key as files, and what others see of them."""

    certificate: Path
    key: Path
    pem: bytes
    fingerprint: str


def own_identity(folder: Path, name: str, addresses: Sequence[str]) -> Identity:
    """What is in the folder, made first if it is not there. ConfigError if it is unusable.

    addresses: under which the API is reached; they stand in a certificate that is made now.
    """
    certificate, key = folder / "api.crt", folder / "api.key"
    if not certificate.exists() or not key.exists():
        _make_apart(certificate, key, name, addresses)
    pem = certificate.read_bytes()
    try:
        ssl.create_default_context(ssl.Purpose.CLIENT_AUTH).load_cert_chain(certificate, key)
        found = fingerprint_of_pem(pem)
    except (ssl.SSLError, ValueError) as error:
        raise ConfigError(
            f"certificate and key {key} do not belong together or cannot be read ({error}); "
            "remove both to have new ones made",
            file=str(certificate),
        ) from error
    return Identity(certificate, key, pem, found)


def _make_apart(certificate: Path, key: Path, name: str, addresses: Sequence[str]) -> None:
    """In a process that ends: what makes them is large, and needed once in a node's life."""
    words = (str(certificate), str(key), name, *addresses)
    done = subprocess.run(
        [sys.executable, "-c", _CALL, *words],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        said = done.stderr.strip().splitlines()[-1:] or [f"exit code {done.returncode}"]
        raise ConfigError(f"no certificate could be made: {said[0]}", file=str(certificate))


def make(certificate: Path, key: Path, name: str, addresses: Sequence[str]) -> None:
    """Both files, anew."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    secret = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name[:64])])
    now = dt.datetime.now(dt.UTC)
    names: list[x509.GeneralName] = [x509.DNSName("localhost")]
    if name != "localhost":
        names.insert(0, x509.DNSName(name))
    for address in dict.fromkeys(("127.0.0.1", "::1", *addresses)):
        with contextlib.suppress(ValueError):
            names.append(x509.IPAddress(ipaddress.ip_address(address)))
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(secret.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _DAY)  # clocks of clients differ
        .not_valid_after(now + LIFE)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .sign(secret, hashes.SHA256())
    )
    hidden = secret.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    _write(key, hidden, 0o600)
    _write(certificate, made.public_bytes(serialization.Encoding.PEM), 0o644)


def _write(path: Path, content: bytes, mode: int) -> None:
    beside = path.with_name(f".{path.name}.new")
    beside.unlink(missing_ok=True)
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)
