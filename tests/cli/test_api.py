"""`quorate api`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.test_main import quorate

CONTRACT = {
    "paths": {
        "/version": {
            "GET": {"parameters": {}, "permissions": {"user": "all"}, "allow_token": True},
            "POST": {"parameters": {}},
        },
        "/access/ticket": {"POST": {"parameters": {}, "permissions": None}},
    }
}


@pytest.fixture
def contract(tmp_path: Path) -> str:
    file = tmp_path / "contract.json"
    file.write_text(json.dumps(CONTRACT))
    return str(file)


def asked(*words: str) -> Any:
    done = quorate("api", "coverage", *words, "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_coverage_is_counted_by_area(contract: str) -> None:
    found = asked("--contract", contract)
    assert found["areas"] == [
        {"area": "access", "published": 1, "implemented": 1, "equal": 0, "missing": 0},
        {"area": "version", "published": 2, "implemented": 1, "equal": 1, "missing": 1},
    ]
    assert found["operations"] == []
    assert found["own"] > 10


def test_single_operations_are_told(contract: str) -> None:
    found = asked("--contract", contract, "--differences", "--missing")["operations"]
    assert [(one["verb"], one["path"], one["state"]) for one in found] == [
        ("POST", "/access/ticket", "different"),
        ("POST", "/version", "missing"),
    ]
    assert "permission" in found[0]["differences"]


def test_for_people(contract: str) -> None:
    done = quorate("api", "coverage", "--contract", contract, "--missing")
    assert done.returncode == 0, done.stderr
    assert "POST /version: missing" in done.stdout


def test_for_pages(contract: str) -> None:
    lines = quorate("api", "coverage", "--contract", contract, "--markdown").stdout.splitlines()
    assert lines[0].startswith("| area |")
    assert lines[2:] == [
        "| access | 1 | 1 | 0 |",
        "| version | 2 | 1 | 1 |",
        "| **all** | **3** | **2** | **1** |",
    ]


def test_without_a_contract_everything_is_as_it_should_be() -> None:
    found = asked()
    assert found["own"] == 0
    for area in found["areas"]:
        assert area["published"] == area["implemented"] == area["equal"] > 0


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"paths": []}', '{"paths": {"/": {"GET": 1}}}'])
def test_what_is_no_contract_is_refused(tmp_path: Path, text: str) -> None:
    file = tmp_path / "bad.json"
    file.write_text(text)
    done = quorate("api", "coverage", "--contract", str(file))
    assert done.returncode == 2
    assert "is no contract" in done.stderr


def test_the_document_is_json() -> None:
    done = quorate("api", "openapi")
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    assert document["openapi"].startswith("3.1")
    assert "/api2/json/access/ticket" in document["paths"]
