"""prometheus-pve-exporter: a scrape with every collector."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from appliance.api.operations import all_operations
from scenarios.served.background import Served
from scenarios.served.cluster import Wish
from sim.stage.bridge import MAX_SPEED

collector = pytest.importorskip(
    "pve_exporter.collector", reason="prometheus-pve-exporter is not installed: make setup"
)
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def served() -> Iterator[Served]:
    with Served(Wish(port=0, speed=MAX_SPEED)) as found:
        yield found


def scrape(served: Served, *without: str) -> dict[str, list[str]]:
    """The samples by metric."""
    user, _, rest = served.token.partition("!")
    name, _, secret = rest.partition("=")
    how: dict[str, Any] = {
        "user": user,
        "token_name": name,
        "token_value": secret,
        "verify_ssl": served.ca,
        "port": served.port,
    }
    every = {one: one not in without for one in collector.CollectorsOptions._fields}
    options = collector.CollectorsOptions(**every)
    text = collector.collect_pve(how, "127.0.0.11", True, True, options).decode()
    found: dict[str, list[str]] = {}
    for line in text.splitlines():
        if not line.startswith("#"):
            found.setdefault(line.partition("{")[0], []).append(line)
    return found


@pytest.mark.filterwarnings("ignore::ResourceWarning")  # it leaves its connections open
def test_a_scrape_with_every_collector(served: Served) -> None:
    table = {one.path for one in all_operations() if one.verb == "GET"}
    asked = ("subscription", "replication")
    found = scrape(served, *(one for one in asked if f"/nodes/{{node}}/{one}" not in table))
    assert len(found["pve_node_info"]) == 3
    assert len(found["pve_guest_info"]) == 6
    up = dict(line.rsplit(" ", 1) for line in found["pve_up"])
    assert up['pve_up{id="qemu/100"}'] == up['pve_up{id="node/pve1"}'] == "1.0"
    ha = [line for line in found["pve_ha_state"] if 'id="qemu/100"' in line]
    assert 'pve_ha_state{id="qemu/100",state="started"} 1.0' in ha
    assert found["pve_cluster_info"]
    assert found["pve_version_info"]
    assert len(found["pve_storage_info"]) == 12
    sizes = dict(line.rsplit(" ", 1) for line in found["pve_memory_size_bytes"])
    assert float(sizes['pve_memory_size_bytes{id="qemu/100"}']) == 4 * 1024**3
