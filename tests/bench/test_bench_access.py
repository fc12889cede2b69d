"""What it costs to know who asks, and what they may do."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from appliance.api.http import HttpAnswer, HttpRequest
from appliance.core.access.permissions import Access
from appliance.model.access.user_cfg import parse_user_config
from tests.api.access.rig import logged_in, root, with_users
from tests.api.rig import ELSEWHERE, Nodes

REQUESTS = 5_000
GUESTS = 1_000
USERS = 200


@pytest.fixture(scope="module")
def nodes() -> Nodes:
    nodes = Nodes()
    with_users(nodes, "ann")
    root(nodes).put("/access/acl", path="/", roles="PVEAuditor", users="ann@pve")
    return nodes


def answered(work: Coroutine[Any, Any, HttpAnswer]) -> HttpAnswer:
    """Of a handler that waits for nothing."""
    try:
        work.send(None)
    except StopIteration as done:
        answer: HttpAnswer = done.value
        return answer
    raise AssertionError("it waits")


def many(nodes: Nodes, headers: dict[str, str]) -> None:
    api = nodes.api("n1")
    request = HttpRequest("GET", "/api2/json/cluster/config", "", headers, b"", ELSEWHERE)
    for _ in range(REQUESTS):
        assert answered(api.handle(request)).status == 200


def test_requests_with_a_ticket(benchmark: BenchmarkFixture, nodes: Nodes) -> None:
    headers = logged_in(nodes, "ann@pve").headers
    benchmark.extra_info["what"] = f"{REQUESTS:,} requests with a ticket, checked and answered"
    benchmark.extra_info["limit_s"] = 0.5
    benchmark.pedantic(many, args=(nodes, headers), rounds=3, warmup_rounds=1)


def test_requests_with_a_token(benchmark: BenchmarkFixture, nodes: Nodes) -> None:
    made = root(nodes).ask("POST", "/access/users/ann@pve/token/bench", privsep=0).data
    headers = {"authorization": f"PVEAPIToken=ann@pve!bench={made['value']}"}
    benchmark.extra_info["what"] = f"{REQUESTS:,} requests with an API token"
    benchmark.extra_info["limit_s"] = 0.5
    benchmark.pedantic(many, args=(nodes, headers), rounds=3, warmup_rounds=1)


def users_cfg() -> str:
    """Users in groups, a tenth of the guests in pools, permissions on paths of all kinds."""
    lines = [f"user:u{n}@pve:1:0::::::" for n in range(USERS)]
    lines += [
        f"group:g{n}:{','.join(f'u{m}@pve' for m in range(n, USERS, 10))}::" for n in range(10)
    ]
    lines += [
        f"pool:p{n}::{','.join(str(100 + m) for m in range(n, 100, 10))}::" for n in range(10)
    ]
    lines += [f"acl:1:/pool/p{n}:@g{n}:PVEVMUser:" for n in range(10)]
    lines += [f"acl:1:/vms/{100 + n}:u{n % USERS}@pve:PVEVMAdmin:" for n in range(GUESTS)]
    return "".join(f"{line}\n" for line in lines)


def test_a_list_of_guests_for_every_user(benchmark: BenchmarkFixture) -> None:
    config = parse_user_config(users_cfg())

    def check() -> int:
        access = Access(config)
        return sum(
            access.has(f"u{user}@pve", f"/vms/{100 + guest}", ("VM.Audit",))
            for user in range(20)
            for guest in range(GUESTS)
        )

    benchmark.extra_info["what"] = f"{20 * GUESTS:,} first checks of a permission"
    benchmark.extra_info["limit_s"] = 0.5
    assert benchmark(check) > 20
