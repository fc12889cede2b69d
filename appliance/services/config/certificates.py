"""Certificates of a node: what they say, and one of its own for its API."""

from __future__ import annotations

from typing import Any, Final

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes

from appliance.model.errors import ConfigError, MissingError, RefusedError
from appliance.model.store.changes import ABSENT, Delete, Put
from appliance.ports.config_store import ConfigStore
from appliance.services.config.texts import find_file, read_text

Row = dict[str, Any]
_AUTHORITY: Final = "pve-root-ca.pem"
_OWN: Final = "pve-ssl.pem"
_CUSTOM: Final = "pveproxy-ssl.pem"


def custom_path(node: str) -> str:
    return f"nodes/{node}/{_CUSTOM}"


def custom_key_path(node: str) -> str:
    """Where nobody but the node itself reads."""
    return f"priv/pveproxy/{node}.key"


def certificates(store: ConfigStore, node: str) -> list[Row]:
    """Those that there are; what cannot be read is left out."""
    places = {
        _AUTHORITY: _AUTHORITY,
        _OWN: f"nodes/{node}/{_OWN}",
        _CUSTOM: custom_path(node),
    }
    rows = []
    for name, path in places.items():
        pem = read_text(store, path)
        if pem:
            try:
                rows.append({"filename": name, **described(pem)})
            except ConfigError:
                continue
    return rows


def described(pem: str) -> Row:
    """What the first certificate says. ConfigError."""
    first = _chain(pem)[0]
    kind, bits = _key_of(first.public_key())
    return {
        "fingerprint": first.fingerprint(hashes.SHA256()).hex(":").upper(),
        "subject": _name(first.subject),
        "issuer": _name(first.issuer),
        "notbefore": int(first.not_valid_before_utc.timestamp()),
        "notafter": int(first.not_valid_after_utc.timestamp()),
        "public-key-type": kind,
        "public-key-bits": bits,
        "san": _other_names(first),
        "pem": first.public_bytes(serialization.Encoding.PEM).decode(),
    }


def _chain(pem: str) -> list[x509.Certificate]:
    try:
        found = x509.load_pem_x509_certificates(pem.encode())
    except ValueError:
        found = []
    if not found:
        raise ConfigError("is no chain of certificates in PEM", field="certificates")
    return found


def _name(name: x509.Name) -> str:
    """`/O=.../CN=...`, the widest first."""
    return "".join(f"/{part.rfc4514_string()}" for part in name.rdns)


def _key_of(key: CertificatePublicKeyTypes) -> tuple[str, int]:
    if isinstance(key, rsa.RSAPublicKey):
        return "rsaEncryption", key.key_size
    if isinstance(key, ec.EllipticCurvePublicKey):
        return "id-ecPublicKey", key.key_size
    return type(key).__name__.removeprefix("_"), 256


def _other_names(certificate: x509.Certificate) -> list[str]:
    try:
        extension = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except x509.ExtensionNotFound:
        return []
    return [str(name.value) for name in extension.value]


async def keep_custom(
    store: ConfigStore, node: str, pem: str, key: str | None, *, force: bool
) -> Row:
    """Keep a certificate of the node's own beside its key; what it says.

    Without a key the present one must fit. RefusedError if there is one and force is not given.
    """
    chain = _chain(pem)
    known, known_key = find_file(store, custom_path(node)), find_file(store, custom_key_path(node))
    if known is not None and not force:
        raise RefusedError("there is a custom certificate already, it is replaced by force only")
    secret = key or (known_key.content.decode("utf-8", "replace") if known_key else None)
    if secret is None:
        raise ConfigError("is missing, there is none yet", field="key")
    _check_key(chain[0], secret)
    version, key_version = (ABSENT if f is None else f.version for f in (known, known_key))
    text = "".join(c.public_bytes(serialization.Encoding.PEM).decode() for c in chain)
    await store.change(
        Put(custom_path(node), text.encode(), version),
        Put(custom_key_path(node), secret.encode(), key_version),
    )
    return {"filename": _CUSTOM, **described(pem)}


def _check_key(certificate: x509.Certificate, key: str) -> None:
    try:
        private = serialization.load_pem_private_key(key.encode(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise ConfigError("is no private key in PEM without a password", field="key") from None
    form = serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    if private.public_key().public_bytes(*form) != certificate.public_key().public_bytes(*form):
        raise ConfigError("is not the key of the certificate", field="key")


async def remove_custom(store: ConfigStore, node: str) -> None:
    """MissingError if there is none."""
    files = [(path, find_file(store, path)) for path in (custom_path(node), custom_key_path(node))]
    if files[0][1] is None:
        raise MissingError("a custom certificate does not exist")
    await store.change(*(Delete(path, file.version) for path, file in files if file is not None))
