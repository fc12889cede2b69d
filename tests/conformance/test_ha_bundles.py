"""The recorded bundle cases: which started services move together."""

from __future__ import annotations

import pytest

from appliance.core.ha.crs import bundles
from appliance.core.ha.rules import CompiledRules
from appliance.model.ha.status import ServiceStatus
from tests.conformance.cases import Case, case_id, suite


@pytest.mark.parametrize("case", suite("ha-rules", "resource_bundles"), ids=case_id)
def test_bundles(case: Case) -> None:
    affinity = case["input"]["resource_affinity"]
    rules = CompiledRules(
        positive={sid: tuple(sorted(others)) for sid, others in affinity["positive"].items()},
        negative={sid: tuple(sorted(others)) for sid, others in affinity["negative"].items()},
    )
    services = {
        sid: ServiceStatus(status["state"], status["node"], uid=sid, target=status.get("target"))
        for sid, status in case["input"]["services"].items()
    }
    found = bundles(services, rules)
    assert {leader: list(group) for leader, group in found.items()} == {
        leader: sorted(group) for leader, group in case["expect"]["resource_bundles"].items()
    }
