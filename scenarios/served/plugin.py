"""pytest: the fixture `quorate_cluster`, a simulated cluster that answers Proxmox VE's API.

Imported at every start of pytest where Quorate is installed, so the cluster is imported when used.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from scenarios.served.background import Served

MARK = "quorate"


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers",
        "quorate(nodes=3, guests=6, speed='max', scenario=None, seed=1): "
        "what the fixture quorate_cluster is made of",
    )


@pytest.fixture
def quorate_cluster(request: pytest.FixtureRequest) -> Iterator[Served]:
    """A cluster of this test alone: its URL and token, its time and faults. Gone after the test."""
    from appliance.model.errors import ConfigError
    from scenarios.served.background import Served
    from scenarios.served.cluster import Wish
    from sim.stage.bridge import read_speed

    mark = request.node.get_closest_marker(MARK)
    given = {"speed": "max", **(mark.kwargs if mark is not None else {})}
    try:
        wish = Wish(**{**given, "speed": read_speed(str(given["speed"])), "port": 0}).checked()
    except (TypeError, ConfigError) as error:
        pytest.fail(f"pytest.mark.{MARK}: {error}", pytrace=False)
    with Served(wish) as cluster:
        yield cluster
