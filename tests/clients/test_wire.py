"""What is on the wire: details that real clients rely on, byte by byte, and curl."""

from __future__ import annotations

import json
import shutil
import socket
import ssl
import subprocess
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

import pytest

from scenarios.served.background import Served
from scenarios.served.cluster import Wish
from tests.scenarios.served.rig import login, raw

FORM = {"content-type": "application/x-www-form-urlencoded"}


@pytest.fixture(scope="module")
def served() -> Iterator[Served]:
    with Served(Wish(port=0, guests=2)) as found:
        yield found


@pytest.fixture(scope="module")
def root(served: Served) -> dict[str, str]:
    return login(served, "pve1")


def bytes_of(served: Served, text: str) -> tuple[str, dict[str, str], bytes]:
    """What comes back for this: status line, headers by name in lower case, body."""
    parts = urlsplit(served.url)
    context = ssl.create_default_context(cafile=served.ca)
    plain = socket.create_connection((str(parts.hostname), parts.port), 20)
    with context.wrap_socket(plain, server_hostname=parts.hostname) as line:
        line.sendall(text.replace("\n", "\r\n").encode())
        found = b""
        while piece := line.recv(65536):
            found += piece
    head, _, body = found.partition(b"\r\n\r\n")
    first, *rest = head.decode("latin-1").split("\r\n")
    return first, {name.lower(): value for name, value in (r.split(": ", 1) for r in rest)}, body


def sign_in(served: Served, form: dict[str, str]) -> Any:
    status, reason, found = raw(
        served, "pve1", "POST", "/access/ticket", FORM, urlencode(form).encode()
    )
    assert status == 200, reason
    return found["data"]


def test_status_line_type_and_shape(served: Served, root: dict[str, str]) -> None:
    line, headers, body = bytes_of(
        served,
        f"GET /api2/json/version HTTP/1.1\nHost: x\nCookie: {root['cookie']}\n"
        "Connection: close\n\n",
    )
    assert line == "HTTP/1.1 200 OK"
    assert headers["content-type"] == "application/json;charset=UTF-8"
    assert json.loads(body)["data"]["version"]


@pytest.mark.parametrize("path", ["/version/", "//version", "/nodes/pve1/", "/nodes//pve1//qemu/"])
def test_slashes_too_many_do_not_matter(served: Served, root: dict[str, str], path: str) -> None:
    assert raw(served, "pve1", "GET", path, root)[0] == 200


def test_a_post_with_neither_body_nor_length(served: Served, root: dict[str, str]) -> None:
    csrf = root["csrfpreventiontoken"]
    line, _, body = bytes_of(
        served,
        f"POST /api2/json/nodes/pve1/qemu/100/status/start HTTP/1.1\nHost: x\n"
        f"Cookie: {root['cookie']}\nCSRFPreventionToken: {csrf}\nConnection: close\n\n",
    )
    assert line.startswith(("HTTP/1.1 200", "HTTP/1.1 500")), (line, body)  # it runs already


def test_bodies_are_forms_json_or_of_no_type(served: Served, root: dict[str, str]) -> None:
    kinds = {
        "form": (FORM, b"groupid=form&comment=a%20b+c"),
        "json": ({"content-type": "application/json"}, b'{"groupid":"json","comment":"a b c"}'),
        "none": ({}, b"groupid=none&comment=a+b%20c"),
    }
    for name, (headers, body) in kinds.items():
        made = raw(served, "pve1", "POST", "/access/groups", {**root, **headers}, body)
        assert made[0] == 200, made
        found = raw(served, "pve2", "GET", f"/access/groups/{name}", root)[2]["data"]
        assert found["comment"] == "a b c"
        assert raw(served, "pve3", "DELETE", f"/access/groups/{name}", root)[0] == 200


def test_logins_by_name_by_realm_by_ticket_and_as_json(served: Served) -> None:
    whole = sign_in(served, {"username": served.user, "password": served.password})
    apart = sign_in(served, {"username": "root", "realm": "pam", "password": served.password})
    again = sign_in(served, {"username": served.user, "password": whole["ticket"]})
    told = {"username": served.user, "password": served.password}
    kind = {"content-type": "application/json"}
    answer = raw(served, "pve2", "POST", "/access/ticket", kind, json.dumps(told).encode())
    for found in (whole, apart, again, answer[2]["data"]):
        assert found["username"] == "root@pam"
        assert found["ticket"].startswith("PVE:root@pam:")
        assert found["CSRFPreventionToken"]
        assert found["cap"]["nodes"]
    for bad in ({"username": "root@pam", "password": "no"}, {"username": "x", "password": "no"}):
        status, reason, _ = raw(
            served, "pve1", "POST", "/access/ticket", FORM, urlencode(bad).encode()
        )
        assert (status, reason) == (401, "authentication failure")


def test_cookies_encoded_and_in_company(served: Served) -> None:
    ticket = sign_in(served, {"username": served.user, "password": served.password})["ticket"]
    for cookie in (
        f"PVEAuthCookie={ticket}",
        f"PVEAuthCookie={quote(ticket, safe='')}",
        f"PVEAuthCookie={quote(ticket, safe='')}; path=/; secure=1",
        f"theme=dark; PVEAuthCookie={ticket}",
    ):
        assert raw(served, "pve1", "GET", "/version", {"cookie": cookie})[0] == 200


def test_writes_need_the_csrf_token_with_a_ticket_and_not_with_an_api_token(
    served: Served, root: dict[str, str]
) -> None:
    write = ("POST", "/access/groups")
    bare = {"cookie": root["cookie"], **FORM}
    status, reason, _ = raw(served, "pve1", *write, bare, b"groupid=forged")
    assert (status, reason) == (401, "Permission denied - invalid csrf token")
    token = {"authorization": f"PVEAPIToken={served.token}", **FORM}
    assert raw(served, "pve1", *write, token, b"groupid=fine")[0] == 200
    assert raw(served, "pve1", "DELETE", "/access/groups/fine", token)[0] == 200


def test_what_is_wrong_is_told_by_parameter_or_in_the_status_line(
    served: Served, root: dict[str, str]
) -> None:
    status, reason, found = raw(served, "pve1", "GET", "/cluster/nextid?vmid=x&more=1", root)
    assert (status, reason) == (400, "Parameter verification failed.")
    assert sorted(found["errors"]) == ["more", "vmid"]
    status, reason, _ = raw(served, "pve1", "GET", "/nodes/pve1/qemu/999/config", root)
    assert status == 500
    assert "does not exist" in reason
    assert raw(served, "pve1", "PUT", "/version", root)[0] == 501
    assert raw(served, "pve1", "GET", "/nothing/here", root)[0] == 501


def test_extjs_tells_the_status_in_the_body(served: Served, root: dict[str, str]) -> None:
    text = "GET /api2/extjs{} HTTP/1.1\nHost: x\nCookie: " + root["cookie"]
    line, _, body = bytes_of(served, text.format("/version") + "\nConnection: close\n\n")
    assert (line, json.loads(body)["success"]) == ("HTTP/1.1 200 OK", 1)
    line, _, body = bytes_of(
        served, text.format("/nodes/pve1/qemu/999/config") + "\nConnection: close\n\n"
    )
    found = json.loads(body)
    assert (line, found["success"], found["status"]) == ("HTTP/1.1 200 OK", 0, 500)


def test_broken_requests_end_in_400_and_nothing_else(served: Served) -> None:
    assert bytes_of(served, "GARBAGE\n\n")[0].startswith("HTTP/1.1 400")


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_curl_logs_in_and_asks(served: Served) -> None:
    where = f"{served.url}/api2/json"
    curl = ["curl", "--silent", "--show-error", "--cacert", served.ca]

    def run(*words: str) -> Any:
        done = subprocess.run([*curl, *words], capture_output=True, check=True, text=True)
        return json.loads(done.stdout)["data"]

    session = run(
        f"{where}/access/ticket",
        "--data-urlencode",
        f"username={served.user}",
        "--data-urlencode",
        f"password={served.password}",
    )
    cookie = ("--cookie", f"PVEAuthCookie={session['ticket']}")
    assert [one["node"] for one in run(f"{where}/nodes", *cookie)] == ["pve1", "pve2", "pve3"]
    csrf = ("--header", f"CSRFPreventionToken: {session['CSRFPreventionToken']}")
    assert run(f"{where}/access/groups", *cookie, *csrf, "--data", "groupid=by-curl") is None
    token = ("--header", f"Authorization: PVEAPIToken={served.token}")
    groups = [one["groupid"] for one in run(f"{where}/access/groups", *token)]
    assert "by-curl" in groups
