"""README says how much of the published API there is, and it is so."""

from __future__ import annotations

from tests.conformance.cases import corpus_files, need
from tests.conformance.readme import PAGE, measured, written

CONTRACTS = {path.stem: path for path in corpus_files("api/pve-*.json")}


def test_the_table_is_what_is_counted() -> None:
    """Write it anew with `python -m tests.conformance.readme`."""
    need(CONTRACTS, "api/pve-*")
    assert written(PAGE.read_text("utf-8")) == measured(next(iter(CONTRACTS.values())))
