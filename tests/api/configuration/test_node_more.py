"""Certificates, ACME, devices and what a node can, through the API."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.api.world_rig import WorldRig

NODE = "/nodes/pve1"


@pytest.fixture(scope="module")
def rig() -> WorldRig:
    return WorldRig(guests=3)


def self_signed(name: str) -> tuple[str, str]:
    """A certificate and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    begin = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(7)
        .not_valid_before(begin)
        .not_valid_after(begin + dt.timedelta(days=10))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    secret = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    return made.public_bytes(serialization.Encoding.PEM).decode(), secret.decode()


def test_a_certificate_of_ones_own_is_kept_with_its_key(rig: WorldRig) -> None:
    path = f"{NODE}/certificates/custom"
    pem, key = self_signed("a.example")
    _other, wrong = self_signed("b.example")
    assert list(rig.ask("POST", path, {"certificates": pem}).errors) == ["key"]
    assert list(rig.ask("POST", path, {"certificates": pem, "key": wrong}).errors) == ["key"]
    bad = rig.ask("POST", path, {"certificates": "-----BEGIN CERT", "key": key})
    assert list(bad.errors) == ["certificates"]
    found = rig.ask("POST", path, {"certificates": pem, "key": key}).data
    assert (found["subject"], found["san"]) == ("/CN=a.example", ["a.example"])
    assert (found["public-key-type"], found["public-key-bits"]) == ("id-ecPublicKey", 256)
    assert found["notafter"] - found["notbefore"] == 864000
    rows = {one["filename"]: one for one in rig.ask("GET", f"{NODE}/certificates/info").data}
    assert rows["pveproxy-ssl.pem"]["fingerprint"] == found["fingerprint"]
    assert rig.ask("POST", path, {"certificates": pem, "key": key}).body["code"] == "refused"
    rig.ask("POST", path, {"certificates": pem, "force": 1})
    rig.ask("DELETE", path)
    assert rig.ask("DELETE", path).body["code"] == "missing"


def test_ways_to_prove_domains(rig: WorldRig) -> None:
    path = "/cluster/acme/plugins"
    given = {"id": "dns1", "type": "dns", "api": "pdns", "data": "c2VjcmV0", "validation-delay": 60}
    rig.ask("POST", path, given)
    found = rig.ask("GET", f"{path}/dns1").data
    assert {key: found[key] for key in ("api", "data", "validation-delay")} == {
        "api": "pdns",
        "data": "c2VjcmV0",
        "validation-delay": 60,
    }
    assert found["plugin"] == "dns1"
    assert "data" not in rig.ask("GET", path).data[0]
    rig.ask("PUT", f"{path}/dns1", {"delete": "validation-delay", "nodes": "pve1"})
    assert "validation-delay" not in rig.ask("GET", f"{path}/dns1").data
    wrong = rig.ask("POST", path, {"id": "st", "type": "standalone", "data": "x"})
    assert list(wrong.errors) == ["data"]
    rig.ask("DELETE", f"{path}/dns1")
    assert all("https://" in one["url"] for one in rig.ask("GET", "/cluster/acme/directories").data)


def test_accounts_are_shown_without_their_keys(rig: WorldRig) -> None:
    path = "/cluster/acme/account"
    assert rig.ask("GET", path).data == []
    assert rig.ask("GET", f"{path}/default").body["code"] == "missing"
    kept = (
        '{"directory": "https://a.example/dir", "location": "https://a.example/1", "key": "hush"}'
    )
    rig.put("priv/acme/accounts/default", kept)
    assert rig.ask("GET", path).data == [{"name": "default"}]
    found = rig.ask("GET", f"{path}/default").data
    assert found == {"directory": "https://a.example/dir", "location": "https://a.example/1"}


def test_the_clusters_log_tells_of_tasks(rig: WorldRig) -> None:
    for verb in ("stop", "start"):
        rig.ask("POST", f"/nodes/pve2/services/cron/{verb}")
        rig.run(30)
    rows = rig.ask("GET", "/cluster/log", {"max": 4}).data
    told = [(row["node"], row["msg"].split()[0], row["msg"].split(":")[5]) for row in rows]
    assert told == [
        ("pve2", "end", "srvstart"),
        ("pve2", "starting", "srvstart"),
        ("pve2", "end", "srvstop"),
        ("pve2", "starting", "srvstop"),
    ]
    assert rows[0]["msg"].endswith(" OK")


def test_devices(rig: WorldRig) -> None:
    def classes(**given: Any) -> list[str]:
        return [one["class"] for one in rig.ask("GET", f"{NODE}/hardware/pci", given).data]

    assert len(classes()) == 4
    assert "0x020000" not in classes(**{"pci-class-blacklist": "02;03"})
    assert "vendor_name" not in rig.ask("GET", f"{NODE}/hardware/pci", {"verbose": 0}).data[0]
    assert rig.ask("GET", f"{NODE}/hardware/usb").data[0]["vendid"] == "0627"


def test_what_machines_can_be(rig: WorldRig) -> None:
    path = f"{NODE}/capabilities/qemu"
    machines = rig.ask("GET", f"{path}/machines").data
    assert {one["type"] for one in machines} == {"q35", "i440fx"}
    rig.ask(
        "POST",
        "/cluster/qemu/custom-cpu-models",
        {"cputype": "mine", "reported-model": "EPYC-Rome"},
    )
    models = {one["name"]: one for one in rig.ask("GET", f"{path}/cpu").data}
    assert models["custom-mine"] == {
        "name": "custom-mine",
        "vendor": "AuthenticAMD",
        "custom": 1,
    }
    assert models["host"]["vendor"] == "default"
    assert "aes" in [one["name"] for one in rig.ask("GET", f"{path}/cpu-flags").data]


def test_jobs_of_a_nodes_guests(rig: WorldRig) -> None:
    job = {"id": "100-0", "type": "local", "target": "pve2", "schedule": "0:00"}
    rig.ask("POST", "/cluster/replication", job)
    (row,) = rig.ask("GET", f"{NODE}/replication").data
    assert (row["guest"], row["last_sync"], row["next_sync"] % 86400) == (100, 0, 0)
    assert rig.ask("GET", f"{NODE}/replication/100-0/status").data["target"] == "pve2"
    assert rig.ask("GET", "/nodes/pve2/replication").data == []
    rig.ask("PUT", "/cluster/replication/100-0", {"disable": 1})
    assert rig.ask("GET", f"{NODE}/replication", {"guest": 100}).data[0]["next_sync"] == 0
    assert rig.ask("GET", f"{NODE}/firewall/log").data == []
