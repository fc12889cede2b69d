"""The short cut for steady services decides what the state machine decides."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from appliance.core.ha.draft import Draft
from appliance.core.ha.handlers import next_state_started
from appliance.core.ha.rules import build_rules
from appliance.core.ha.steady import keeps_steady, steady_nodes
from appliance.model.ha.rules import parse_rules
from tests.core.ha.rig import NODES, Picture, asked, service

SIDS = ("ct:1", "vm:1", "vm:2")
STATES = st.sampled_from(["online", "online", "online", "unknown", "maintenance"])
RULES = (
    "",
    "node-affinity: rule\n\tresources vm:1\n\tnodes node2\n",
    "resource-affinity: rule\n\tresources vm:1,vm:2\n\taffinity negative\n",
    "resource-affinity: rule\n\tresources vm:1,ct:1\n\taffinity positive\n",
)


@st.composite
def pictures(draw: st.DrawFn) -> dict[str, Any]:
    node = st.sampled_from(NODES)
    steady = st.builds(
        service,
        st.just("started"),
        node,
        running=st.just(True),
        steady=st.booleans(),
        maintenance_node=st.none() | st.none() | node,
        command=st.none() | st.none() | st.tuples(st.just("migrate"), node),
    )
    wanted = st.sampled_from(["started", "started", "started", "stopped"])
    return {
        "services": {sid: draw(steady) for sid in SIDS},
        "configs": {
            sid: asked(draw(wanted), sid=sid, failback=draw(st.booleans())) for sid in SIDS
        },
        "nodes": {node: draw(STATES) for node in NODES} | {"node1": "online"},
        "online": tuple(n for n in NODES if n == "node1" or draw(st.booleans())),
        "checked": {node: draw(st.sampled_from([7, 7, 6])) for node in NODES},
        "modes": {n: draw(st.sampled_from(["active", "active", "restart"])) for n in NODES},
        "rules": draw(st.sampled_from(RULES)),
    }


@given(pictures())
def test_where_it_says_yes_the_handler_only_consumes(drawn: dict[str, Any]) -> None:
    picture = Picture(**drawn)
    draft = Draft(picture.inputs(), picture.memory(), [])
    draft.lrm = picture.inputs().lrm  # type: ignore[assignment]
    draft.configs = picture.configs
    compiled, _, _ = build_rules(parse_rules(picture.rules), (), {}, NODES)
    draft.compiled = compiled
    draft.bound = frozenset((*compiled.node_affinity, *compiled.positive, *compiled.negative))
    draft.load.rebuild()
    nodes = steady_nodes(draft)
    for sid, status in picture.services.items():
        if status.steady and keeps_steady(draft, sid, status, nodes):
            next_state_started(draft, sid, draft.config(sid), draft.result(sid, status))
            assert draft.services[sid] is status
            assert sid in draft.consumed
            assert draft.told == []
