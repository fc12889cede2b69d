"""Writes the measurements of `make bench` into a page, each also as a ratio to the yardstick.

    python -m tests.bench.table build/bench.json docs/benchmarks.md

A benchmark names itself in `extra_info["what"]` and may state the CPU seconds it is allowed in
`extra_info["limit_s"]`. One that does not measure CPU seconds says in words what it has seen in
`extra_info["seen"]`, with the limit in `extra_info["limit"]`, and stands in a second table. Tables
stand between two marks of the page; the rest is left alone.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

BEGIN, END = "<!-- table: begin -->", "<!-- table: end -->"
YARDSTICK = "test_yardstick"


def render(result: dict[str, Any]) -> str:
    """The table in Markdown, from what pytest-benchmark writes with `--benchmark-json`."""
    entries = result["benchmarks"]
    best_s = {entry["fullname"]: entry["stats"]["min"] for entry in entries}
    unit_s = next(entry["stats"]["min"] for entry in entries if entry["name"] == YARDSTICK)
    machine = result["machine_info"]
    rows = [
        f"{machine['cpu']['brand_raw']}, Python {machine['python_version']}",
        "",
        "| measurement | CPU s | limit s | × yardstick |",
        "| --- | ---: | ---: | ---: |",
    ]
    for entry in entries:
        if "seen" in entry["extra_info"]:
            continue
        what = entry["extra_info"].get("what", entry["name"])
        limit_s = entry["extra_info"].get("limit_s", "")
        cpu_s = best_s[entry["fullname"]]
        rows.append(f"| {what} | {cpu_s:.3f} | {limit_s} | {cpu_s / unit_s:.1f} |")
    return "\n".join(rows + _in_words(entries))


def _in_words(entries: list[dict[str, Any]]) -> list[str]:
    """The second table, if there is anything for it."""
    found = [entry["extra_info"] for entry in entries if "seen" in entry["extra_info"]]
    if not found:
        return []
    rows = [f"| {info['what']} | {info['seen']} | {info['limit']} |" for info in found]
    return ["", "| measured on the clock | seen | limit |", "| --- | --- | --- |", *rows]


def insert(page: str, table: str) -> str:
    """The page with the table between its marks. Raises ValueError when the marks are missing."""
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"the page lacks the marks {BEGIN} and {END}")
    return f"{before}{BEGIN}\n\n{table}\n\n{END}{after}"


def main() -> None:
    """Read the measurements named first, rewrite the page named second."""
    measured, page = (Path(argument) for argument in sys.argv[1:3])
    table = render(json.loads(measured.read_text("utf-8")))
    page.write_text(insert(page.read_text("utf-8"), table), "utf-8")


if __name__ == "__main__":
    main()
