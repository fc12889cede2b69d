"""The authority of a served cluster: it signs one certificate for each node."""

from __future__ import annotations

import datetime as dt
import ipaddress
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from appliance.web.listener import TlsFiles

LIFE: Final = dt.timedelta(days=825)
_DAY: Final = dt.timedelta(days=1)
CA: Final = "ca.pem"
_CA_KEY: Final = "ca.key"
_PRIVATE = serialization.PrivateFormat.PKCS8
_OPEN = serialization.NoEncryption()


class Authority:
    """Keeps its files in a folder, and makes there what is missing."""

    def __init__(self, folder: Path, name: str) -> None:
        self._folder = folder
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not (folder / CA).exists() or not (folder / _CA_KEY).exists():
            self._found(name)
        self._own = x509.load_pem_x509_certificate((folder / CA).read_bytes())
        key = serialization.load_pem_private_key((folder / _CA_KEY).read_bytes(), None)
        assert isinstance(key, ec.EllipticCurvePrivateKey)
        self._key = key

    @property
    def ca(self) -> Path:
        """What clients are given to trust."""
        return self._folder / CA

    def _found(self, name: str) -> None:
        key = ec.generate_private_key(ec.SECP256R1())
        subject = _subject(f"{name} authority")
        usage = x509.KeyUsage(
            digital_signature=False,
            content_commitment=False,
            key_encipherment=False,
            data_encipherment=False,
            key_agreement=False,
            key_cert_sign=True,
            crl_sign=True,
            encipher_only=False,
            decipher_only=False,
        )
        made = (
            _builder(subject, subject, key)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(usage, critical=True)
            .add_extension(_id_of(key), critical=False)
            .sign(key, hashes.SHA256())
        )
        self._write(_CA_KEY, CA, key, made)

    def node(self, name: str, addresses: tuple[str, ...]) -> TlsFiles:
        """Certificate and key of a node at these addresses."""
        certificate, key_file = self._folder / f"{name}.pem", self._folder / f"{name}.key"
        if not certificate.exists() or not key_file.exists():
            key = ec.generate_private_key(ec.SECP256R1())
            names: list[x509.GeneralName] = [x509.DNSName(name), x509.DNSName("localhost")]
            names += [x509.IPAddress(ipaddress.ip_address(one)) for one in addresses]
            issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key())
            made = (
                _builder(_subject(name), self._own.subject, key)
                .add_extension(x509.SubjectAlternativeName(names), critical=False)
                .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
                .add_extension(issuer, critical=False)
                .add_extension(_id_of(key), critical=False)
                .sign(self._key, hashes.SHA256())
            )
            self._write(key_file.name, certificate.name, key, made)
        return TlsFiles(certificate, key_file)

    def nodes(self, addresses: Mapping[str, tuple[str, ...]]) -> dict[str, TlsFiles]:
        return {name: self.node(name, own) for name, own in addresses.items()}

    def _write(
        self, key_name: str, name: str, key: ec.EllipticCurvePrivateKey, made: x509.Certificate
    ) -> None:
        hidden = key.private_bytes(serialization.Encoding.PEM, _PRIVATE, _OPEN)
        descriptor = os.open(self._folder / key_name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(hidden)
        (self._folder / name).write_bytes(made.public_bytes(serialization.Encoding.PEM))


def _subject(name: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(x509.NameOID.ORGANIZATION_NAME, "Quorate simulated cluster"),
            x509.NameAttribute(x509.NameOID.COMMON_NAME, name[:64]),
        ]
    )


def _id_of(key: ec.EllipticCurvePrivateKey) -> x509.SubjectKeyIdentifier:
    return x509.SubjectKeyIdentifier.from_public_key(key.public_key())


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey
) -> x509.CertificateBuilder:
    now = dt.datetime.now(dt.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _DAY)
        .not_valid_after(now + LIFE)
    )
