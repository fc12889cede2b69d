"""`quorate replay --format text`: a case as sentences."""

from __future__ import annotations

import json
from pathlib import Path

from typer.testing import CliRunner

from appliance.cli.main import build_app


def test_a_case_is_told_in_sentences(tmp_path: Path) -> None:
    (tmp_path / "cmdlist").write_text(json.dumps([["power node1 on", "power node2 on"]]))
    done = CliRunner().invoke(build_app(), ["replay", str(tmp_path), "--format", "text"])
    assert done.exit_code == 0
    lines = done.output.splitlines()
    assert "00:00:20.0  cmdlist         carry out power node1 on" in lines
    assert "00:00:20.0  node1/crm       now master, was wait_for_quorum" in lines
