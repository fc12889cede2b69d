"""Every operation with random input from its own OpenAPI description: no request is a defect.

A defect is an answer that no error of ours stands for: an exception that reaches the top, or a good
answer that is not as published. Refusals with a reason are fine, be they 400 or 500, which is how
the reference says that something is missing, exists, or is in another state.
"""

from __future__ import annotations

import functools
import json
import string
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final
from urllib.parse import quote, urlencode

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from appliance.api.answers import STATUS
from appliance.api.http import LOCAL, HttpAnswer, HttpRequest
from appliance.api.openapi import openapi
from appliance.api.operations import all_operations
from appliance.api.ports import ApiPorts
from appliance.api.table import Request, Table
from appliance.model.errors import QuorateError
from sim.stage import apis
from tests.api.rig import Answer
from tests.api.world_rig import WorldRig

schemathesis = pytest.importorskip("schemathesis", reason="schemathesis is not installed")

EVERYDAY, NIGHTLY = 10, 200
# What makes some of the requests reach further than the first look at their parameters.
PLAUSIBLE: Final[dict[str, tuple[Any, ...]]] = {
    "node": ("pve1", "pve2"),
    "vmid": (100, 101, 102, 999),
    "storage": ("local", "ceph", "none"),
    "userid": ("root@pam", "nobody@pve"),
    "realm": ("pam", "pve"),
    "snapname": ("current", "before"),
    "sid": ("vm:100", "ct:102", "103"),
    "volume": ("local:iso/x.iso", "ceph:vm-100-disk-0"),
    "command": ("start", "stop"),
}
# These end the node that answers, or take it out of its cluster.
FAREWELLS: Final = ("/nodes/{node}/status", "/cluster/config")


@functools.cache
def schema() -> Any:
    return schemathesis.openapi.from_dict(openapi(all_operations(), "1"))


@functools.cache
def operations() -> dict[str, Any]:
    """By verb and path."""
    found = (result.ok() for result in schema().get_all_operations())
    return {f"{one.method.upper()} {one.path.removeprefix('/api2/json')}": one for one in found}


def codes() -> frozenset[str]:
    """Of every error that is raised on purpose."""

    def below(kind: type[QuorateError]) -> set[str]:
        return {kind.code, *(code for one in kind.__subclasses__() for code in below(one))}

    return frozenset(below(QuorateError) | set(STATUS))


def request_of(case: Any, data: st.DataObject) -> HttpRequest:
    path = case.path
    for name, value in (case.path_parameters or {}).items():
        known = PLAUSIBLE.get(name, ())
        chosen = data.draw(st.sampled_from([*known, value])) if known else value
        path = path.replace(f"{{{name}}}", quote(str(chosen), safe=""))
    body, kind = b"", case.media_type or ""
    if isinstance(case.body, dict):
        kind, body = _body(case.body, kind)
    return HttpRequest(
        case.method.upper(),
        path,
        urlencode(case.query or {}, doseq=True, errors="replace"),
        {"content-type": kind},
        body,
        LOCAL,
    )


def _body(body: dict[str, Any], kind: str) -> tuple[str, bytes]:
    if kind == "application/json":
        return kind, json.dumps(body).encode()
    return kind, urlencode(body, doseq=True, errors="replace").encode()


def judge(answer: Answer, request: HttpRequest) -> None:
    if answer.whole.stream is not None:
        return
    assert isinstance(answer.body, dict), request
    if answer.status == 200:
        return  # the rig has held it against the contract
    assert answer.body["code"] in codes(), (request, answer.body)
    assert answer.body["message"], request
    assert set(answer.reason) <= set(string.printable) - set("\r\n"), request
    assert answer.status in {*STATUS.values(), 500}, (request, answer.status)


def asked(name: str, examples: int) -> None:
    """So many random requests of one operation at a cluster of its own, which goes on after."""
    rig = WorldRig()

    @settings(
        max_examples=examples,
        database=None,
        deadline=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.generate],
    )
    @given(case=operations()[name].as_strategy(), data=st.data())
    def one(case: Any, data: st.DataObject) -> None:
        request = request_of(case, data)
        judge(rig.handle("pve1", request), request)

    one()
    rig.run(2)
    if not name.partition(" ")[2].startswith(FAREWELLS):
        assert rig.ask("GET", "/version").status == 200


NAMES: Final = sorted(f"{one.verb} {one.path}".rstrip("/") for one in all_operations())
each: Callable[..., Any] = pytest.mark.parametrize("name", NAMES)


@pytest.mark.slow
@each
def test_ten_requests(name: str) -> None:
    asked(name, EVERYDAY)


@pytest.mark.slow
@pytest.mark.nightly
@each
def test_many_requests(name: str) -> None:
    asked(name, NIGHTLY)


@pytest.mark.slow
def test_defects_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """A handler that breaks, and one that answers what is not published."""

    async def broken(_request: Request, _ports: ApiPorts) -> None:
        raise KeyError("a defect")

    async def odd(_request: Request, _ports: ApiPorts) -> dict[str, int]:
        return {"version": 9}

    (version,) = (one for one in all_operations() if one.path == "/version")
    others = [one for one in all_operations() if one.path != "/version"]
    for handler in (broken, odd):
        table = Table([*others, replace(version, handler=handler)])
        monkeypatch.setattr(apis, "build_table", functools.partial(_this, table))
        with pytest.raises((KeyError, AssertionError)):
            asked("GET /version", 1)
    request = HttpRequest("GET", "/api2/json/version")
    body = {"data": None, "message": "it broke", "code": "internal"}
    with pytest.raises(AssertionError):
        judge(Answer(500, "it broke", body, HttpAnswer(500)), request)


def _this(table: Table, _more: object) -> Table:
    return table
