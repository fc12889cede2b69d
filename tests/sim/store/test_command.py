"""The command that runs many histories says what it saw, and fails when something was wrong."""

from __future__ import annotations

import pytest

from tests.sim.store.__main__ import main
from tests.sim.store.mutants import MUTANTS


def test_it_counts_what_it_saw(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--seeds", "2", "--first", "5"]) == 0
    said = capsys.readouterr().out
    assert said.startswith("2 seeds, ")
    assert said.endswith(": 0 with findings\n")


def test_it_names_the_seed_of_a_finding(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    MUTANTS["acknowledge_on_delivery"](monkeypatch)
    assert main(["--seeds", "1"]) == 1
    said = capsys.readouterr().out
    assert said.startswith("seed 1: ")
    assert said.endswith(": 1 with findings\n")


def test_a_wrong_number_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--seeds", "none"])
    assert "--seeds: 'none' is not a number from 1 up" in capsys.readouterr().err
