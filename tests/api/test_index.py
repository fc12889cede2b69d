"""Lists of what is below a path."""

from __future__ import annotations

import pytest

from appliance.api.index import indexes
from appliance.api.operations import all_operations
from appliance.api.ports import ApiPorts
from appliance.api.table import ANY_USER, Operation, Request, Table
from appliance.model.option import Option
from tests.api.rig import Nodes


async def nothing(_request: Request, _ports: ApiPorts) -> None:
    """Never asked here."""


NODE = Option("node", "A node.", required=True)
VMID = Option("vmid", "A guest.", "integer", required=True)


@pytest.fixture(scope="module")
def nodes() -> Nodes:
    return Nodes()


def test_what_is_below_is_listed(nodes: Nodes) -> None:
    rows = nodes.ask("GET", "/").data
    assert {"subdir": "access"} in rows
    assert {"subdir": "cluster"} in rows
    assert nodes.ask("GET", "").data == rows
    names = [row["name"] for row in nodes.ask("GET", "/cluster/config").data]
    assert names == sorted(names)
    assert {"join", "nodes", "totem"} <= set(names)


def test_every_entry_leads_somewhere() -> None:
    """Be it to an operation or to what is below it again."""
    operations = all_operations()
    places = {tuple(operation.path.split("/")) for operation in operations}
    derived = indexes(tuple(o for o in operations if o.sentence != "What is below."))
    assert len(derived) >= 4
    assert all(o.path == "/" or tuple(o.path.split("/")) in places for o in derived)


def test_a_list_takes_the_parameters_of_its_path_and_no_others() -> None:
    below = Operation("POST", "/nodes/{node}/qemu/{vmid}/clone", nothing, "Clone.", (NODE, VMID))
    found = {operation.path: operation for operation in indexes((below,))}
    assert sorted(found) == ["/", "/nodes/{node}", "/nodes/{node}/qemu/{vmid}"]
    assert found["/nodes/{node}"].options == (NODE,)
    assert found["/nodes/{node}"].node is None
    assert found["/nodes/{node}/qemu/{vmid}"].options == (NODE, VMID)
    assert found["/nodes/{node}/qemu/{vmid}"].node == "node"
    Table((below, *found.values()))


def test_a_list_of_its_own_goes_before() -> None:
    below = Operation("GET", "/cluster/ha/status/current", nothing, "Status.")
    own = Operation("GET", "/cluster/ha", nothing, "Its own.", permission=ANY_USER)
    assert "/cluster/ha" in [operation.path for operation in indexes((below,))]
    assert "/cluster/ha" not in [operation.path for operation in indexes((below, own))]
