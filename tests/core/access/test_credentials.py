"""Credentials in headers, as real clients send them."""

from __future__ import annotations

import pytest

from appliance.core.access.credentials import TicketShown, TokenShown, read_credentials
from appliance.model.errors import UnauthenticatedError

TICKET = "PVE:joe@pve:6553F100::" + "A" * 43 + "="
UUID = "0dd4e4a5-2a5d-4f2e-8a5e-9b6d2f6f1c11"


@pytest.mark.parametrize(
    "cookie",
    [
        f"PVEAuthCookie={TICKET}",
        f"a=b; PVEAuthCookie={TICKET}; path=/; secure=1",
        "PVEAuthCookie=" + TICKET.replace(":", "%3A").replace("=", "%3D").replace("@", "%40"),
        f'PVEAuthCookie="{TICKET}"',
        "PVEAuthCookie=" + TICKET.replace("=", "%3D"),
        f"__Host-PVEAuthCookie={TICKET};PVEAuthCookie=other",
    ],
)
def test_a_ticket_in_the_cookie(cookie: str) -> None:
    assert read_credentials(cookie, None) == TicketShown(TICKET)


@pytest.mark.parametrize("cookie", [None, "", ";;;", "PVEAuthCookie", "PVEAuthCookie=", "x=y"])
def test_nothing_shown(cookie: str | None) -> None:
    assert read_credentials(cookie, None) is None
    assert read_credentials(cookie, "Basic abc") is None


@pytest.mark.parametrize("between", ["=", ":"])
def test_a_token_goes_before_a_ticket(between: str) -> None:
    header = f"PVEAPIToken=joe@pve!ci{between}{UUID}"
    shown = read_credentials(f"PVEAuthCookie={TICKET}", header)
    assert shown == TokenShown("joe@pve!ci", UUID)
    assert UUID not in repr(shown)
    assert TICKET not in repr(read_credentials(f"PVEAuthCookie={TICKET}", None))


@pytest.mark.parametrize(
    "header",
    [
        "PVEAPIToken",
        "PVEAPIToken=",
        "PVEAPIToken=joe@pve",
        f"PVEAPIToken=joe@pve={UUID}",
        f"PVEAPIToken=joe!ci={UUID}",
        "PVEAPIToken=joe@pve!ci=",
        "PVEAPIToken=joe@pve!ci=" + "x" * 200,
        "PVEAPIToken=" + "x" * 100_000,
    ],
)
def test_a_token_that_is_none(header: str) -> None:
    with pytest.raises(UnauthenticatedError, match="invalid API token") as caught:
        read_credentials(None, header)
    assert UUID not in str(caught.value)
