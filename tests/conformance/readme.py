"""The table of README that says how much of the published API there is.

python -m tests.conformance.readme      writes it anew, from the recorded contract
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from appliance.api.coverage import AreaCount, by_area, compare
from appliance.api.operations import all_operations
from tests.conformance.cases import corpus_files

PAGE: Final = Path(__file__).parents[2] / "README.md"
BEGIN, END = "<!-- coverage: begin -->", "<!-- coverage: end -->"

# The areas of the contract by what people look for, in that order; the rest is `more`.
GROUPS: Final[tuple[tuple[str, tuple[str, ...]], ...]] = (
    ("virtual machines", ("nodes/qemu",)),
    ("containers", ("nodes/lxc",)),
    ("storage", ("storage", "nodes/storage", "nodes/disks", "nodes/scan")),
    ("backup, replication, jobs", ("cluster/backup", "cluster/backup-info", "cluster/jobs",
      "cluster/replication", "nodes/replication", "nodes/vzdump")),
    ("high availability", ("cluster/ha",)),
    ("users, permissions, pools", ("access", "pools")),
    ("firewall", ("cluster/firewall", "nodes/firewall")),
    ("software-defined networks", ("cluster/sdn", "nodes/sdn")),
    ("notifications, metrics, ACME", ("cluster/notifications", "cluster/metrics", "cluster/acme")),
    ("Ceph", ("cluster/ceph", "nodes/ceph")),
    ("cluster", ("cluster", "version")),
    ("nodes", ("nodes",)),
)  # fmt: skip


def group_of(area: str) -> str:
    """By the longest prefix that fits."""
    fits = [
        (len(prefix), name)
        for name, prefixes in GROUPS
        for prefix in prefixes
        if area == prefix or area.startswith(f"{prefix}/")
    ]
    return max(fits)[1]


def table(areas: Sequence[AreaCount]) -> str:
    rows = ["| area | published | here | exactly as published |", "| --- | ---: | ---: | ---: |"]
    whole = [0, 0, 0]
    for name, _ in GROUPS:
        found = [area for area in areas if group_of(area.area) == name]
        counts = [
            sum(area.published for area in found),
            sum(area.implemented for area in found),
            sum(area.equal for area in found),
        ]
        whole = [one + more for one, more in zip(whole, counts, strict=True)]
        rows.append(f"| {name} | {counts[0]} | {counts[1]} | {counts[2]} |")
    return "\n".join([*rows, f"| **all** | **{whole[0]}** | **{whole[1]}** | **{whole[2]}** |"])


def measured(contract: Path) -> str:
    published = json.loads(contract.read_text("utf-8"))
    return table(by_area(compare(all_operations(), published["paths"])))


def written(page: str) -> str:
    """What stands between the marks."""
    return page.partition(BEGIN)[2].partition(END)[0].strip()


def main() -> None:
    (contract,) = corpus_files("api/pve-*.json")
    page = PAGE.read_text("utf-8")
    before, _, rest = page.partition(BEGIN)
    after = rest.partition(END)[2]
    PAGE.write_text(f"{before}{BEGIN}\n\n{measured(contract)}\n\n{END}{after}", "utf-8")


if __name__ == "__main__":
    main()
