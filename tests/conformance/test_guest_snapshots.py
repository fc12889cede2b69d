"""Snapshots of guests against recorded cases: the file before and after each operation."""

from __future__ import annotations

import pytest

from appliance.core.guest import snapshots
from appliance.model.errors import QuorateError, RefusedError
from appliance.model.guest.config import GuestConfig, canonical, parse_guest, write_guest
from appliance.model.guest.document import GuestKind
from tests.conformance.cases import Case, case_id, suite

KINDS: dict[str, GuestKind] = {"guest/snapshot_vm": "vm", "guest/snapshot_ct": "ct"}
CASES = [*suite("guest", "snapshot_vm"), *suite("guest", "snapshot_ct")]
STATE = snapshots.SavedState("somestorage:state-volume", {"runningmachine": "q35"})


def _of(*operations: str) -> list[Case]:
    return [case for case in CASES if case["input"]["operation"] in operations]


@pytest.mark.parametrize("case", _of("prepare", "commit"), ids=case_id)
def test_files(case: Case) -> None:
    """What the decision alone says. That a storage refuses is the service's to find out."""
    given, environment = case["input"], case["input"]["environment"]
    kind = KINDS[case["suite"]]
    config = parse_guest(given["config"], kind)
    refused = not environment["snapshot_feature_available"]
    refused |= bool(given.get("save_vmstate")) and not environment.get("save_vmstate_works", True)
    try:
        if refused:
            raise RefusedError("by the storage")
        after = _step(config, case)
    except QuorateError:
        assert case["expect"]["error"]
        return
    assert not case["expect"]["error"]
    assert write_guest(canonical(after)) == _spaced(case["expect"]["config"])


def _step(config: GuestConfig, case: Case) -> GuestConfig:
    given = case["input"]
    if given["operation"] == "commit":
        return snapshots.commit(config, given["snapshot"])
    state = STATE if given["save_vmstate"] else None
    return snapshots.prepare(config, given["snapshot"], 1234567890, given["comment"], state)


def _spaced(text: str) -> str:
    """Recorded files end with a blank line where they were read from one that does."""
    return text.rstrip("\n") + "\n"
