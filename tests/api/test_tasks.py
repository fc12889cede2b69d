"""Tasks through the API: who sees which, their logs, their ends."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest

from appliance.model.errors import RefusedError
from appliance.services.tasks.context import TaskContext
from appliance.services.tasks.work import Job
from tests.api.rig import ELSEWHERE, Answer, Nodes
from tests.api.test_rights import by_token, prepared

TOKEN = "joe@pve!own"  # without rights of its own; joe himself may look at everything


async def _speaks(task: TaskContext) -> None:
    for number in range(1, 8):
        task.log(f"line {number}")


async def _fails(_task: TaskContext) -> None:
    raise RefusedError("VM 100 already running")


async def _warns(task: TaskContext) -> None:
    task.warn("odd")


@pytest.fixture
def nodes() -> Nodes:
    nodes = prepared()
    for node in ("n1", "n2", "n3"):
        nodes.api(node)
    return nodes


def start(
    nodes: Nodes, job: Job, user: str = "root@pam", *, what: str = "100", node: str = "n1"
) -> str:
    boot = nodes.cluster.daemon(node).boot
    task = boot.spawn(nodes.works[node].start("qmstart", what, user, job), "start")
    nodes.cluster.run(1)
    return task.result()


def forever(nodes: Nodes) -> Job:
    async def job(task: TaskContext) -> None:
        task.log("waits")
        await nodes.cluster.daemon("n1").ports.clock.sleep(100_000)

    return job


def as_token(nodes: Nodes, verb: str, path: str, given: dict[str, Any] | None = None) -> Answer:
    return nodes.ask(verb, path, given, headers=by_token("own"), address=ELSEWHERE)


def test_clients_poll_until_it_is_stopped(nodes: Nodes) -> None:
    upid = start(nodes, forever(nodes))
    path = f"/nodes/n1/tasks/{quote(upid, safe='')}"
    status = nodes.ask("GET", f"{path}/status").data
    assert {key: status[key] for key in ("status", "type", "id", "user", "node", "upid")} == {
        "status": "running",
        "type": "qmstart",
        "id": "100",
        "user": "root@pam",
        "node": "n1",
        "upid": upid,
    }
    assert "exitstatus" not in status
    assert nodes.ask("DELETE", path).data is None
    status = nodes.ask("GET", f"/nodes/n1/tasks/{upid}/status").data  # unescaped as well
    assert (status["status"], status["exitstatus"]) == ("stopped", "interrupted by signal")
    assert nodes.ask("GET", f"{path}/log").data == [
        {"n": 1, "t": "waits"},
        {"n": 2, "t": "TASK ERROR: interrupted by signal"},
    ]
    assert nodes.ask("GET", path).data == [{"name": "log"}, {"name": "status"}]


def test_a_log_is_read_in_parts(nodes: Nodes) -> None:
    log = f"/nodes/n1/tasks/{start(nodes, _speaks)}/log"
    lines = nodes.ask("GET", log, {"start": 2, "limit": 2}).data
    assert lines == [{"n": 3, "t": "line 3"}, {"n": 4, "t": "line 4"}]
    assert nodes.ask("GET", log, {"limit": 0}).data[-1] == {"n": 8, "t": "TASK OK"}
    assert len(nodes.ask("GET", log, {"limit": 1, "download": 1}).data) == 8
    assert nodes.ask("GET", log, {"start": 99}).data == []


def test_lists_are_filtered(nodes: Nodes) -> None:
    good = start(nodes, _speaks)
    bad = start(nodes, _fails, what="200")
    odd = start(nodes, _warns, "joe@pve!full")
    runs = start(nodes, forever(nodes))

    def listed(**given: Any) -> list[str]:
        return [row["upid"] for row in nodes.ask("GET", "/nodes/n1/tasks", given).data]

    assert listed() == [odd, bad, good]
    assert listed(source="active") == [runs]
    assert listed(source="all") == [runs, odd, bad, good]
    assert listed(errors=1) == [odd, bad]
    assert listed(statusfilter="error") == [bad]
    assert listed(statusfilter="warning,ok") == [odd, good]
    assert listed(vmid=200) == [bad]
    assert listed(userfilter="joe") == [odd]
    assert listed(typefilter="qmstop") == []
    assert listed(limit=1, start=1) == [bad]
    rows = nodes.ask("GET", "/nodes/n1/tasks", {"source": "all"}).data
    assert "endtime" not in rows[0]
    assert (rows[1]["user"], rows[1]["tokenid"], rows[1]["status"]) == (
        "joe@pve",
        "full",
        "WARNINGS: 1",
    )
    assert rows[2]["status"] == "VM 100 already running"
    since = nodes.ask("GET", "/nodes/n1/tasks", {"since": rows[1]["starttime"]}).data
    assert [row["upid"] for row in since] == [odd]


def test_who_may_not_audit_sees_his_own_alone(nodes: Nodes) -> None:
    roots, own = start(nodes, forever(nodes)), start(nodes, _speaks, TOKEN)
    rows = as_token(nodes, "GET", "/nodes/n1/tasks", {"source": "all"}).data
    assert [row["upid"] for row in rows] == [own]
    assert [row["upid"] for row in as_token(nodes, "GET", "/cluster/tasks").data] == [own]
    assert as_token(nodes, "GET", f"/nodes/n1/tasks/{own}/log").status == 200
    for verb, part in (("GET", "/log"), ("GET", "/status"), ("DELETE", "")):
        answer = as_token(nodes, verb, f"/nodes/n1/tasks/{roots}{part}")
        assert answer.status == 403, (verb, part)
    # joe looks at all (Sys.Audit) and stops his own alone (no Sys.Modify).
    full = by_token("full")
    look = nodes.ask("GET", f"/nodes/n1/tasks/{roots}/log", headers=full, address=ELSEWHERE)
    stop = nodes.ask("DELETE", f"/nodes/n1/tasks/{roots}", headers=full, address=ELSEWHERE)
    assert (look.status, stop.status) == (200, 403)


def test_the_clusters_tasks_are_those_of_all_nodes(nodes: Nodes) -> None:
    first = start(nodes, _speaks, node="n2")
    second = start(nodes, forever(nodes), node="n1")
    third = start(nodes, _fails, node="n3")
    rows = nodes.ask("GET", "/cluster/tasks", node="n3").data
    assert [row["upid"] for row in rows] == [third, second, first]
    assert [row.get("status") for row in rows] == ["VM 100 already running", None, "OK"]


@pytest.mark.parametrize(
    ("upid", "status"),
    [
        ("UPID:n1:00000001:00000001:65000000:qmstart:100:root@pam:", 500),
        ("UPID:n1:1:1:1:qmstart:100:root@pam:", 400),
        ("..%2F..%2Fetc%2Fpasswd", 400),
        ("x" * 5000, 400),
    ],
)
def test_what_is_no_task_is_told(nodes: Nodes, upid: str, status: int) -> None:
    for verb, part in (("GET", "/log"), ("GET", "/status"), ("DELETE", "")):
        answer = nodes.ask(verb, f"/nodes/n1/tasks/{upid}{part}")
        assert answer.status == status, answer.body
        if status == 500:
            assert "no such task" in answer.reason
