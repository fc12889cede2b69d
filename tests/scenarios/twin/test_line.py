"""A served cluster read by its own API: the twin is what is served."""

from __future__ import annotations

import contextlib
import hashlib
import ssl
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from appliance.model.errors import (
    ConfigError,
    MissingError,
    UnauthenticatedError,
    UnreachableError,
)
from scenarios.format.load import load, loads
from scenarios.served.background import Served
from scenarios.served.cluster import Wish
from scenarios.twin.line import Line, Where

QUORATE = str(Path(sys.executable).with_name("quorate"))


@pytest.fixture(scope="module")
def served() -> Iterator[Served]:
    with Served(Wish(port=0, nodes=3, guests=5)) as found:
        yield found


def where(served: Served, **more: object) -> Where:
    given = {"url": served.url, "token": served.token, "ca": Path(served.ca)} | more
    return Where(**given)  # type: ignore[arg-type]


def got(where: Where, path: str) -> Any:
    with contextlib.closing(Line(where)) as line:
        return line.get(path)


def run(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([QUORATE, *words], capture_output=True, text=True, check=False)


def test_the_twin_of_a_served_cluster_is_rehearsed(served: Served, tmp_path: Path) -> None:
    secret, file = tmp_path / "token", tmp_path / "twin.toml"
    secret.write_text(served.token + "\n")
    words = ("twin", served.url, "--token-file", str(secret), "--ca", str(served.ca))
    done = run(*words, "--output", str(file))
    assert done.returncode == 0, done.stderr
    layout = load(file).layout
    assert layout.node_names() == ("pve1", "pve2", "pve3")
    rows = served.call("GET", "/cluster/resources", type="vm")
    kinds = {"qemu": "vm", "lxc": "ct"}
    shown = {f"{kinds[row['type']]}:{row['vmid']}": row for row in rows}
    assert {one.sid: one.node for one in layout.guests} == {
        sid: row["node"] for sid, row in shown.items()
    }
    assert {one.sid: (one.cpus, one.memory_bytes) for one in layout.guests} == {
        sid: (row["maxcpu"], row["maxmem"]) for sid, row in shown.items()
    }
    managed = {row["sid"] for row in served.call("GET", "/cluster/ha/resources")}
    assert {one.sid for one in layout.guests if one.ha} == managed
    assert served.token not in file.read_text()
    assert run("rehearse", str(file)).returncode == 0
    again = run(*words, "--output", str(file))
    assert (again.returncode, "--force overwrites it" in again.stderr) == (2, True)
    assert loads(run(*words).stdout).layout.node_names() == layout.node_names()


def test_the_certificate_is_known_by_its_authority_or_its_fingerprint(served: Served) -> None:
    parts = urlsplit(served.url)
    pem = ssl.get_server_certificate((str(parts.hostname), parts.port or 0))
    shown = hashlib.sha256(ssl.PEM_cert_to_DER_cert(pem)).hexdigest()
    assert got(where(served, ca=None, fingerprint=shown), "/version")["release"]
    with pytest.raises(ConfigError, match="fingerprint: the certificate has"):
        got(where(served, ca=None, fingerprint="00" * 32), "/version")
    with pytest.raises(UnreachableError, match=r"is not trusted .* give --ca or --fingerprint"):
        got(where(served, ca=None), "/version")


def test_errors_of_the_other_side_keep_their_words(served: Served) -> None:
    with pytest.raises(UnauthenticatedError, match="GET /version: 401"):
        got(where(served, token="root@pam!no=1"), "/version")
    with pytest.raises(MissingError, match="501"):
        got(where(served), "/no/such/path")


@pytest.mark.parametrize("url", ["http://pve1", "https://", "https://a/b", "https://a:x", ""])
def test_what_is_no_address(url: str) -> None:
    with pytest.raises(ConfigError, match=r"is not https://HOST\[:PORT\]"):
        Line(Where(url, "x"))


@pytest.mark.parametrize("token", ["", "root@pam", "root@pam!a", "root@pam=b"])
def test_what_is_no_token(token: str) -> None:
    done = run("twin", "https://127.0.0.1:1", f"--token={token}")
    assert done.returncode == 2
    assert "token: USER@REALM!NAME=SECRET is needed" in done.stderr
