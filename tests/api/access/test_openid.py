"""Logins by an OpenID provider."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.api.access.rig import refused, root
from tests.api.rig import ELSEWHERE, Answer, Nodes

BACK = "https://192.0.2.1:8006"
CLAIMS = {
    "sub": "eve",
    "email": "eve@example.org",
    "given_name": "Eve",
    "preferred_username": "Eve.Long",
    "roles": ["ops", "dev", 7, "not a name"],
}


def provided(**more: Any) -> Nodes:
    nodes = Nodes()
    given = {"issuer-url": "https://sso.example.org", "client-id": "quorate", "autocreate": 1}
    asked = {"realm": "sso", "type": "openid", **given, **more}
    assert nodes.ask("POST", "/access/domains", asked).status == 200
    return nodes


@pytest.fixture
def nodes() -> Nodes:
    return provided()


def state_of(nodes: Nodes) -> str:
    given = {"realm": "sso", "redirect-url": BACK}
    url: str = nodes.ask("POST", "/access/openid/auth-url", given, address=ELSEWHERE).data
    assert url.startswith("https://sso.example.org/")
    query = parse_qs(urlsplit(url).query)
    assert query["redirect_uri"] == [BACK]
    return query["state"][0]


def back(nodes: Nodes, state: str, code: str, url: str = BACK) -> Answer:
    given = {"state": state, "code": code, "redirect-url": url}
    return nodes.ask("POST", "/access/openid/login", given, address=ELSEWHERE)


def login(nodes: Nodes, claims: Any = None) -> Answer:
    state = state_of(nodes)
    code = nodes.outside.provider.log_in(BACK, CLAIMS if claims is None else claims)
    return back(nodes, state, code)


def test_a_user_is_made_at_the_first_login(nodes: Nodes) -> None:
    session = login(nodes).data
    assert session["username"] == "eve@sso"
    assert set(session["cap"]) == {"access", "dc", "mapping", "nodes", "sdn", "storage", "vms"}
    headers = {"cookie": f"PVEAuthCookie={session['ticket']}"}
    assert nodes.ask("GET", "/version", headers=headers, address=ELSEWHERE).status == 200
    found = root(nodes).get("/access/users/eve@sso")
    assert (found["firstname"], found["email"]) == ("Eve", "eve@example.org")
    root(nodes).put("/access/users/eve@sso", comment="known")
    assert login(nodes).status == 200
    assert root(nodes).get("/access/users/eve@sso")["comment"] == "known"
    root(nodes).put("/access/users/eve@sso", enable=0)
    refused(login(nodes), 401, "authentication failure")


def test_without_autocreate_strangers_stay_outside() -> None:
    nodes = provided(autocreate=0)
    refused(login(nodes), 401)
    root(nodes).post("/access/users", userid="eve@sso")
    assert login(nodes).status == 200


def test_the_claim_that_names_the_user_can_be_chosen() -> None:
    nodes = provided(**{"username-claim": "username"})
    assert login(nodes).data["username"] == "Eve.Long@sso"
    refused(login(nodes, {"sub": "eve"}), 401, "names no user")
    refused(login(nodes, {"preferred_username": "a b"}), 401, "names no user")
    refused(login(nodes, {"preferred_username": ["x"]}), 401, "names no user")


def test_groups_come_from_a_claim() -> None:
    nodes = provided(**{"groups-claim": "roles", "groups-overwrite": 1})
    admin = root(nodes)
    for name in ("ops-sso", "old"):
        admin.post("/access/groups", groupid=name)
    admin.post("/access/users", userid="eve@sso", groups="old")
    login(nodes)
    assert admin.get("/access/users/eve@sso")["groups"] == ["ops-sso"]
    admin.put("/access/domains/sso", **{"groups-autocreate": 1}, **{"groups-overwrite": 0})
    admin.put("/access/users/eve@sso", groups="old")
    login(nodes)
    assert admin.get("/access/users/eve@sso")["groups"] == ["dev-sso", "old", "ops-sso"]


def test_what_is_no_login(nodes: Nodes) -> None:
    state = state_of(nodes)
    refused(back(nodes, state, "code-99-eve"), 401, "authentication failure")
    code = nodes.outside.provider.log_in(BACK, CLAIMS)
    refused(back(nodes, state, code, "https://elsewhere"), 401)
    code = nodes.outside.provider.log_in(BACK, CLAIMS)
    refused(back(nodes, "sso.65000000.x", code), 401)
    refused(back(nodes, state.replace("sso", "pve"), code), 401)
    good = back(nodes, state, code)
    assert good.status == 200
    refused(back(nodes, state, code), 401)
    nodes.cluster.run(601)
    refused(back(nodes, state, nodes.outside.provider.log_in(BACK, CLAIMS)), 401, "expired")


def test_what_has_no_provider(nodes: Nodes) -> None:
    def url(realm: str) -> Answer:
        given = {"realm": realm, "redirect-url": BACK}
        return nodes.ask("POST", "/access/openid/auth-url", given, address=ELSEWHERE)

    refused(url("pve"), 500, "not of type openid")
    refused(url("none"), 500, "does not exist")
    state = state_of(nodes)
    nodes.outside.provider.silent = True
    assert url("sso").status == 503
    assert back(nodes, state, "x").status == 503
    refused(nodes.ask("POST", "/access/ticket", {"username": "eve@sso", "password": "x"}), 401)
