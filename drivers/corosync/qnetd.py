"""Certificates for the quorum device: made here, signed by the host that runs corosync-qnetd.

That host is reached as an administrator reaches it, by SSH as root with a key. Keys are made in a
folder of their own and nothing on this node changes: what comes out goes into the store, and every
node takes it from there.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import os
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from appliance.model.cluster.device import AUTHORITY, NODE
from appliance.model.errors import UnavailableError

SSH: Final = ("ssh", "-o", "BatchMode=yes", "-o", "ConnectTimeout=10")
ANSWER_S: Final = 60.0
_AUTHORITY_NAME: Final = "QNet CA"  # names in corosync-qdevice's database of certificates
_NODE_NAME: Final = "Cluster Cert"
_NOISE_BYTES: Final = 1024

# The request comes in and both certificates go out in base64, a line each. A qnetd that was
# installed without an authority gets one; it reads it when it starts.
_SIGN: Final = """set -eu
folder=/etc/corosync/qnetd/nssdb
if [ ! -f $folder/cert9.db ] && [ ! -f $folder/cert8.db ]; then
  corosync-qnetd-certutil -i >&2
  systemctl try-restart corosync-qnetd >&2 2>/dev/null || true
fi
request=$(mktemp)
trap 'rm -f "$request"' EXIT
base64 -d > "$request"
corosync-qnetd-certutil -s -c "$request" -n {cluster} >&2
base64 -w 0 $folder/qnetd-cacert.crt; echo
base64 -w 0 $folder/cluster-{cluster}.crt; echo
"""


async def device_files(host: str, cluster: str, *, ssh: Sequence[str] = SSH) -> Mapping[str, bytes]:
    """What `drivers.corosync.device.follow` takes, signed by the authority of that host.

    cluster: the name in the certificate, which corosync-qnetd compares with the cluster's own.
    ssh: what runs a command on another host. UnavailableError says what to do.
    """
    with tempfile.TemporaryDirectory(prefix="quorate-qdevice-") as folder:
        return await _Maker(Path(folder), ssh).make(host, cluster)


class _Maker:
    """One certificate, in a folder that is there for nothing else."""

    def __init__(self, folder: Path, ssh: Sequence[str]) -> None:
        self._folder, self._ssh = folder, tuple(ssh)
        self._password, self._noise = folder / "password", folder / "noise"

    async def make(self, host: str, cluster: str) -> Mapping[str, bytes]:
        self._password.touch(0o600)
        self._noise.write_bytes(os.urandom(_NOISE_BYTES))
        await self._certutil("-N")
        request = self._folder / "request"
        await self._certutil(
            "-R", "-s", f"CN={cluster}", "-o", str(request), "-z", str(self._noise)
        )
        authority, signed = await self._signed(host, cluster, request.read_bytes())
        await self._add(_AUTHORITY_NAME, "CT,c,c", authority)
        await self._add(_NODE_NAME, "u,u,u", signed)
        packed = self._folder / NODE
        where = ("-d", str(self._folder), "-k", str(self._password))
        await _run(("pk12util", "-o", str(packed), *where, "-W", "", "-n", _NODE_NAME))
        return {AUTHORITY: authority, NODE: packed.read_bytes()}

    async def _certutil(self, *words: str) -> None:
        await _run(("certutil", *words, "-d", str(self._folder), "-f", str(self._password)))

    async def _add(self, name: str, trust: str, certificate: bytes) -> None:
        file = self._folder / "certificate"
        file.write_bytes(certificate)
        await self._certutil("-A", "-n", name, "-t", trust, "-i", str(file))

    async def _signed(self, host: str, cluster: str, request: bytes) -> tuple[bytes, bytes]:
        """The authority's certificate and ours."""
        words = (*self._ssh, f"root@{host}", _SIGN.format(cluster=cluster))
        try:
            output = await _run(words, base64.b64encode(request))
        except UnavailableError as error:
            raise UnavailableError(
                f"{host} did not sign a certificate ({error}). It needs corosync-qnetd, and root "
                f"of this node must reach it: try `ssh root@{host}`, or use --tls off"
            ) from error
        lines = output.split()
        try:
            authority, signed = (base64.b64decode(line, validate=True) for line in lines)
        except (ValueError, binascii.Error):
            raise UnavailableError(
                f"{host} answered something else than two certificates"
            ) from None
        return authority, signed


async def _run(words: Sequence[str], sent: bytes = b"") -> bytes:
    """What it prints. UnavailableError with what it said if it fails or takes too long."""
    try:
        process = await asyncio.create_subprocess_exec(
            *words,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
    except OSError as error:
        raise UnavailableError(f"{words[0]} cannot be run: {error.strerror}") from error
    try:
        output, said = await asyncio.wait_for(process.communicate(sent), ANSWER_S)
    except TimeoutError:
        process.kill()
        await process.wait()
        raise UnavailableError(f"{words[0]} did not end within {ANSWER_S:.0f} s") from None
    if process.returncode:
        told = " ".join(said.decode("utf-8", "replace").split()[-40:])
        raise UnavailableError(f"{words[0]}: {told or f'exit code {process.returncode}'}")
    return output
