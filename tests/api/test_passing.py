"""Any node answers for any other, through the simulated network."""

from __future__ import annotations

import pytest

from appliance.api.http import HttpRequest
from appliance.api.operations import build_table
from appliance.api.ports import ApiPorts
from appliance.api.table import Operation, Request
from appliance.model.errors import ForbiddenError, MissingError, UnreachableError
from appliance.model.formats import NODE
from appliance.model.option import Option
from sim.faults import Fault
from sim.stage.apis import Apis, Settings
from tests.api.rig import PASSWORDS
from tests.api.world_rig import ELSEWHERE, WorldRig


async def _where(request: Request, ports: ApiPorts) -> dict[str, str]:
    return {"answered": ports.node, "user": request.user, "given": request.parameters["what"]}


async def _slow(request: Request, ports: ApiPorts) -> str:
    await ports.clock.sleep(30.0)
    return ports.node


_NODE = Option("node", "The node.", format=NODE, required=True)
_WHAT = Option("what", "Anything.", default="")
WHERE = Operation(
    "POST",
    "/nodes/{node}/where",
    _where,
    "Who answers.",
    (_NODE, _WHAT),
    {"check": ["perm", "/nodes/{node}", ["Sys.Audit"]]},
    "node",
)
SLOW = Operation("GET", "/nodes/{node}/slow", _slow, "Takes its time.", (_NODE,), None, "node")


class Rig(WorldRig):
    def __init__(self) -> None:
        super().__init__(guests=0, until_s=1)
        self.apis = Apis(self.world, Settings(PASSWORDS, (WHERE, SLOW)))
        self.run(30)


@pytest.fixture
def rig() -> Rig:
    return Rig()


def test_the_node_of_the_path_answers_whoever_was_asked(rig: Rig) -> None:
    for asked in ("pve1", "pve2"):
        found = rig.call(asked, "POST", "/nodes/pve2/where", what="ä & =")
        assert found == {"answered": "pve2", "user": "root@pam", "given": "ä & ="}
    assert rig.call("pve3", "POST", "/nodes/localhost/where")["answered"] == "pve3"


def test_the_user_is_who_he_was_and_has_the_same_rights(rig: Rig) -> None:
    root = rig.login("root@pam", "correct horse")
    assert rig.call("pve1", "POST", "/nodes/pve3/where", user=root)["user"] == "root@pam"
    rig.call("pve1", "PUT", "/store/files/user.cfg", content="user:me@pam:1:0::::::\n")
    rig.run(1)
    assert rig.call("pve1", "GET", "/version", user=root)
    ticket, csrf = _session(rig, "me@pam")
    other = {"cookie": f"PVEAuthCookie={ticket}", "csrfpreventiontoken": csrf}
    with pytest.raises(ForbiddenError):
        rig.call("pve1", "POST", "/nodes/pve3/where", user=other)


def _session(rig: Rig, user: str) -> tuple[str, str]:
    ports = rig.apis.answering("pve1")
    assert ports is not None
    task = ports.boot.boot.spawn(ports.ports.accounts.login.session(user), "session")
    rig.run(1)
    return task.result().ticket, task.result().csrf


def test_errors_of_the_other_node_come_back_as_they_are(rig: Rig) -> None:
    answer = rig.ask("POST", "/nodes/pve2/where", {"who": "x"}, node="pve1")
    assert (answer.status, list(answer.errors)) == (400, ["who"])


def test_a_node_that_the_cluster_does_not_have(rig: Rig) -> None:
    with pytest.raises(MissingError, match="hostname lookup 'nobody' failed"):
        rig.call("pve1", "POST", "/nodes/nobody/where")


@pytest.mark.parametrize("fault", [Fault("power", "pve2"), Fault("isolate", "pve2")])
def test_a_node_that_cannot_be_reached_is_595(rig: Rig, fault: Fault) -> None:
    rig.world.inject(fault)
    answer = rig.ask("POST", "/nodes/pve2/where", node="pve1")
    assert (answer.status, answer.reason) == (595, "No route to host")
    with pytest.raises(UnreachableError):
        rig.call("pve1", "POST", "/nodes/pve2/where")


@pytest.mark.parametrize("fault", [Fault("power", "pve2"), Fault("isolate", "pve2")])
def test_a_node_that_is_lost_while_it_works_is_596(rig: Rig, fault: Fault) -> None:
    def begin() -> None:
        rig.world.inject(fault)

    rig.kernel.call_in(5_000_000, begin)
    answer = rig.ask("GET", "/nodes/pve2/slow", node="pve1")
    assert answer.status == 596


def test_nothing_is_passed_on_twice(rig: Rig) -> None:
    request = HttpRequest("POST", "/api2/json/nodes/pve2/where", headers={"pvedisableproxy": "1"})
    assert rig.handle("pve1", request).status == 503


def test_a_stranger_is_told_here_that_he_is_one(rig: Rig) -> None:
    answer = rig.ask("POST", "/nodes/pve2/where", node="pve1", address=ELSEWHERE)
    assert answer.status == 401


def test_the_table_has_what_the_world_adds() -> None:
    assert build_table((WHERE,)).find(("nodes", "pve1", "where")) is not None
