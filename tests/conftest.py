"""What every test may use, and the line that says how many recorded cases ran."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import settings

from tests.conformance.cases import corpus

CONFORMANCE = "tests/conformance/"

# How long an example takes depends on what else the machine does: no test fails for that. The same
# code gives the same examples; `--hypothesis-profile search` looks for others (`make nightly`).
settings.register_profile("quorate", deadline=None, derandomize=True)
settings.register_profile("search", deadline=None)
settings.load_profile("quorate")


@pytest.fixture(scope="session")
def corpus_dir() -> Path:
    """The folder of recorded cases; the test is skipped where it does not exist."""
    folder = corpus()
    if not folder.is_dir():
        pytest.skip(f"no recorded cases: {folder} does not exist (set QUORATE_CORPUS)")
    return folder


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print how many recorded cases ran: a run without them must not look like one with them."""
    count = {
        outcome: sum(
            report.nodeid.startswith(CONFORMANCE)
            for report in terminalreporter.getreports(outcome)
            if isinstance(report, pytest.TestReport)
        )
        for outcome in ("passed", "failed", "skipped")
    }
    if any(count.values()):
        ran = count["passed"] + count["failed"]
        terminalreporter.write_line(
            f"conformance: {ran} cases ran, {count['failed']} failed, "
            f"{count['skipped']} skipped ({corpus()})"
        )
