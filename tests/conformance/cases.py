"""Recorded cases of the reference system, read from the folder in QUORATE_CORPUS.

The default folder is `../shared/corpus` beside the repository. A conformance test takes every
case that lies there; where there is none it is skipped and says so. How many ran is printed at
the end of the test run.

    @pytest.mark.parametrize("case", suite("ha-rules", "rules"), ids=case_id)
    def test_rules(case: Case) -> None: ...

    @pytest.mark.parametrize("case_dir", ha_case_dirs("ha"), ids=lambda path: path.name)
    def test_replay(case_dir: Path) -> None: ...

An empty list makes pytest skip the test with the reason "got empty parameter set". A test that
loops over the cases itself calls `need(cases, "ha-rules/rules")` first.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sized
from pathlib import Path
from typing import Any

import pytest

REPOSITORY = Path(__file__).parents[2]
ENVIRONMENT = "QUORATE_CORPUS"

Case = dict[str, Any]


def corpus() -> Path:
    """The folder of cases; it need not exist."""
    return Path(os.environ.get(ENVIRONMENT) or REPOSITORY / "../shared/corpus").resolve()


def corpus_files(pattern: str) -> list[Path]:
    """Files under the corpus that match a glob pattern, in the order of their paths."""
    return sorted(path for path in corpus().glob(pattern) if path.is_file())


def suite(area: str, name: str, *, observed: bool = False) -> list[Case]:
    """All cases of `AREA/NAME*.json`, file by file.

    Files with `_observed` in their name hold probes of one version instead of what the reference
    promises; they are left out unless asked for. A case carries `suite` (its file's name for
    itself) and `context` (facts that the cases of its file share).
    """
    merged: list[Case] = []
    for path in corpus_files(f"{area}/{name}*.json"):
        if "_observed" in path.stem and not observed:
            continue
        content = json.loads(path.read_text("utf-8"))
        shared = {"suite": content["suite"], "context": content.get("context", {})}
        merged += [{**shared, **case} for case in content["cases"]]
    return merged


def case_id(case: Case) -> str:
    """A case's own name, for pytest's `ids`."""
    return str(case["id"])


def ha_case_dirs(area: str = "ha") -> list[Path]:
    """Folders of recorded cluster runs (each has a `cmdlist`), in the order of their names."""
    return sorted(path.parent for path in corpus().glob(f"{area}/*/cmdlist"))


def need(cases: Sized, what: str) -> None:
    """Skip the calling test, with the reason, when there is no case for it."""
    if not cases:
        pytest.skip(f"no case of {what} in {corpus()} (set {ENVIRONMENT})")
