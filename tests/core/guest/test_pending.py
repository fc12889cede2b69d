"""Changes that wait for the next start."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from appliance.core.guest import pending
from appliance.model.guest.config import write_guest
from tests.core.guest.files import VM, vm

KEYS = st.sampled_from(["cores", "memory", "name", "balloon", "onboot", "scsi1"])
CHANGES = st.dictionaries(KEYS, st.sampled_from(["1", "2", "4096"]), max_size=4)


@given(CHANGES, st.lists(KEYS, unique=True), st.booleans())
def test_what_is_reverted_never_was(
    changes: dict[str, str], deletes: list[str], force: bool
) -> None:
    config = pending.changed_later(vm(), changes)
    config = pending.deleted_later(config, deletes, force=force)
    assert write_guest(pending.reverted(config, [*changes, *deletes])) == VM


@given(CHANGES, st.lists(KEYS, unique=True))
def test_applied_is_what_was_asked_for(changes: dict[str, str], deletes: list[str]) -> None:
    config = pending.changed_later(pending.deleted_later(vm(), deletes), changes)
    done = pending.applied(config)
    assert not done.pending.values
    for key in (*changes, *deletes):
        assert done.current.get(key) == changes.get(key)
    untouched = set(vm().current.values) - {*changes, *deletes}
    assert all(done.current.get(key) == vm().current.get(key) for key in untouched)


def test_a_part_is_applied_and_the_rest_waits() -> None:
    config = pending.changed_later(vm(), {"cores": "4", "memory": "4096"})
    done = pending.applied(config, ["memory", "name"])
    assert done.current.get("memory") == "4096"
    assert (done.current.get("cores"), done.pending.get("cores")) == ("2", "4")


def test_rows() -> None:
    config = pending.changed_later(vm(), {"cores": "4", "balloon": "1024"})
    config = pending.deleted_later(config, ["scsi1"], force=True)
    config = pending.deleted_later(config, ["name"])
    rows = {row.key: row for row in pending.rows(config)}
    assert rows["cores"] == pending.PendingRow("cores", "2", "4")
    assert rows["balloon"] == pending.PendingRow("balloon", None, "1024")
    assert (rows["scsi1"].delete, rows["name"].delete, rows["memory"].delete) == (2, 1, 0)
    assert rows["description"].value == " notes of the guest"
    assert "delete" not in rows
