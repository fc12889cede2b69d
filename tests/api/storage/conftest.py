"""A running world that the tests of a module share."""

from __future__ import annotations

import pytest

from tests.api.storage.rig import StorageApi


@pytest.fixture(scope="module")
def api() -> StorageApi:
    return StorageApi()
