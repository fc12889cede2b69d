from __future__ import annotations

import base64
import json

import pytest

from appliance.model.cluster.certificate import fingerprint_of_der, fingerprint_of_pem
from appliance.model.cluster.join_info import (
    JoinInformation,
    check_fingerprint,
    format_join_information,
    host_of,
    parse_join_information,
    split_address,
    totem_table,
)
from appliance.model.corosync_conf import Link, create
from appliance.model.errors import ConfigError

FINGERPRINT = ":".join(["AB"] * 32)
INFORMATION = JoinInformation(
    "10.0.0.1", FINGERPRINT, {0: "10.0.0.1", 3: "fd00::1"}, {"version": "2", "interface": {}}
)


def encoded(**changes: object) -> str:
    content = {
        "ipAddress": "10.0.0.1",
        "fingerprint": FINGERPRINT,
        "peerLinks": {"0": "10.0.0.1"},
        "ring_addr": ["10.0.0.1"],
        "totem": {},
        **changes,
    }
    kept = {key: value for key, value in content.items() if value is not None}
    return base64.b64encode(json.dumps(kept).encode()).decode()


def test_what_is_written_is_read() -> None:
    assert parse_join_information(format_join_information(INFORMATION)) == INFORMATION


def test_it_has_the_fields_that_others_read() -> None:
    found = json.loads(base64.b64decode(format_join_information(INFORMATION)))
    assert sorted(found) == ["fingerprint", "ipAddress", "peerLinks", "ring_addr", "totem"]
    assert found["peerLinks"] == {"0": "10.0.0.1", "3": "fd00::1"}
    assert found["ring_addr"] == ["10.0.0.1", "fd00::1"]


def test_line_ends_of_a_terminal_do_no_harm() -> None:
    text = format_join_information(INFORMATION)
    broken = "\n".join(text[start : start + 70] for start in range(0, len(text), 70))
    assert parse_join_information(f"  {broken}\n") == INFORMATION


def test_the_older_list_of_addresses_numbers_the_links() -> None:
    found = parse_join_information(encoded(peerLinks=None, ring_addr=["10.0.0.1", "10.1.0.1"]))
    assert found.peer_links == {0: "10.0.0.1", 1: "10.1.0.1"}


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ("not base64!", "join information"),
        (base64.b64encode(b"no json").decode(), "join information"),
        (base64.b64encode(b"[1]").decode(), "join information"),
        (format_join_information(INFORMATION)[:-9], "join information"),
        (encoded(ipAddress=None), "join information.ipAddress"),
        (encoded(ipAddress="a b"), "join information.ipAddress"),
        (encoded(fingerprint=None), "join information.fingerprint"),
        (encoded(fingerprint="AB:CD"), "fingerprint"),
        (encoded(peerLinks=[1]), "join information.peerLinks"),
        (encoded(peerLinks={"8": "10.0.0.1"}), "join information.peerLinks.8"),
        (encoded(peerLinks={"0": 7}), "join information.peerLinks.0"),
        (encoded(totem=1), "join information.totem"),
    ],
)
def test_what_is_wrong_with_it_is_named(text: str, field: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_join_information(text)
    assert caught.value.field == field


def test_a_fingerprint_is_written_in_capitals() -> None:
    assert check_fingerprint(f" {FINGERPRINT.lower()}\n") == FINGERPRINT


@pytest.mark.parametrize(
    ("address", "host"),
    [
        ("10.0.0.1", "10.0.0.1"),
        ("10.0.0.1:8007", "10.0.0.1"),
        ("n1.example", "n1.example"),
        ("fd00::1", "fd00::1"),
        ("[fd00::1]:8006", "fd00::1"),
        ("[fd00::1]", "fd00::1"),
        ("10.0.0.1:none", "10.0.0.1:none"),
        ("10.0.0.1:70000", "10.0.0.1:70000"),
        ("10.0.0.1:", "10.0.0.1:"),
    ],
)
def test_the_host_of_an_address(address: str, host: str) -> None:
    assert host_of(address) == host


def test_the_port_of_an_address() -> None:
    assert split_address("n1:8007", 8006) == ("n1", 8007)
    assert split_address("[fd00::1]:8007", 8006) == ("fd00::1", 8007)
    assert split_address("fd00::1", 8006) == ("fd00::1", 8006)


def test_fingerprint_of_a_certificate() -> None:
    der = b"some certificate"
    body = base64.encodebytes(der).decode()
    pem = f"x\n-----BEGIN CERTIFICATE-----\n{body}-----END CERTIFICATE-----\n".encode()
    expected = (
        "F2:A0:09:09:AD:94:15:08:09:F2:8D:CA:A2:5A:FB:3E:"
        "BE:01:AC:6C:E6:4F:89:28:74:50:34:C8:D4:99:1A:99"
    )
    assert fingerprint_of_der(der) == fingerprint_of_pem(pem) == check_fingerprint(expected)
    assert fingerprint_of_pem(b"no certificate") == ""


def test_totem_as_a_table() -> None:
    conf = create("lab", "n1", {0: Link("10.0.0.1"), 1: Link("10.1.0.1", 20)}).bumped()
    table = totem_table(conf)
    assert table["cluster_name"] == "lab"
    assert table["config_version"] == "1"
    assert table["interface"] == {
        "0": {"linknumber": "0"},
        "1": {"knet_link_priority": "20", "linknumber": "1"},
    }
