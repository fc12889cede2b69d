"""The fixture for other people's tests, in a pytest of its own."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path

import pytest

from tests.lab.remote import ENVIRONMENT

pytestmark = pytest.mark.slow

TESTS = """
import json
import ssl
import urllib.request

import pytest


def version(url, cluster):
    headers = {"Authorization": "PVEAPIToken=" + cluster.token}
    request = urllib.request.Request(url + "/api2/json/version", headers=headers)
    context = ssl.create_default_context(cafile=cluster.ca)
    with urllib.request.urlopen(request, context=context) as answer:
        return json.load(answer)["data"]


def test_every_node_answers(quorate_cluster):
    assert len(quorate_cluster.urls) == 3
    for url in quorate_cluster.urls.values():
        assert version(url, quorate_cluster)["release"]


@pytest.mark.quorate(nodes=2, guests=0, speed=1)
def test_its_size_is_asked_for(quorate_cluster):
    assert len(quorate_cluster.urls) == 2
    quorate_cluster.pause()
    before = quorate_cluster.status()["time"]
    assert quorate_cluster.step(100)["time"] == pytest.approx(before + 100)
    quorate_cluster.inject("power", node="pve2")
    with pytest.raises(OSError):
        for _ in range(1000):
            version(quorate_cluster.urls["pve2"], quorate_cluster)


@pytest.mark.quorate(nodes=0)
def test_nonsense_fails(quorate_cluster):
    pass
"""


def test_other_peoples_tests_get_a_cluster(tmp_path: Path) -> None:
    (tmp_path / "test_theirs.py").write_text(TESTS)
    words = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--strict-markers"]
    if not any(one.name == "quorate" for one in entry_points(group="pytest11")):
        words += ["-p", "scenarios.served.plugin"]  # installed before there was this plugin
    done = subprocess.run(
        words, cwd=tmp_path, capture_output=True, text=True, check=False, env=ENVIRONMENT
    )
    assert "2 passed, 1 error" in done.stdout, done.stdout + done.stderr
    assert "pytest.mark.quorate: nodes: must be between 1 and 32" in done.stdout
