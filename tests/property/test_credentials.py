"""Whatever a client shows as credentials, it is somebody, nobody, or a refusal; never a defect."""

from __future__ import annotations

import contextlib
import functools

from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.core.access.credentials import read_credentials
from appliance.model.errors import UnauthenticatedError
from tests.api.access.rig import logged_in, root, with_users
from tests.api.rig import ELSEWHERE, Nodes

MARKS = st.sampled_from(
    ["PVEAuthCookie=", "PVEAPIToken=", "PVE:", "root@pam", "!", ":", "::", ";", "=", "%", "%2", "@"]
)
TEXTS = st.lists(st.one_of(MARKS, st.text(max_size=8)), max_size=12).map("".join)


@functools.cache
def nodes() -> Nodes:
    nodes = Nodes()
    with_users(nodes, "ann")
    return nodes


@functools.cache
def good() -> tuple[str, str]:
    """A ticket as it comes in a cookie, and a token as it comes in a header."""
    cookie = logged_in(nodes(), "ann@pve").headers["cookie"]
    secret = root(nodes()).post("/access/users/ann@pve/token/tok")["value"]
    return cookie, f"PVEAPIToken=ann@pve!tok={secret}"


def status(cookie: str, authorization: str) -> int:
    headers = {"cookie": cookie, "authorization": authorization}
    return nodes().ask("GET", "/version", headers=headers, address=ELSEWHERE).status


@given(TEXTS, TEXTS)
def test_headers_of_any_kind(cookie: str, authorization: str) -> None:
    with contextlib.suppress(UnauthenticatedError):
        read_credentials(cookie, authorization)
    assert status(cookie, authorization) == 401


@settings(max_examples=60)
@given(st.data())
def test_one_other_character_and_it_is_nobody(data: st.DataObject) -> None:
    ticket, token = good()
    assert status(ticket, "") == status("", token) == 200
    text = data.draw(st.sampled_from([ticket, token]))
    start = len("PVEAuthCookie=")
    place = data.draw(st.integers(start, len(text) - 1))
    other = data.draw(st.characters(codec="ascii", exclude_characters=text[place] + ";% \t\n\r"))
    changed = text[:place] + other + text[place + 1 :]
    found = status(changed, "") if text is ticket else status("", changed)
    assert found == 401
