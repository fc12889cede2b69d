"""Any text at all as the name of a volume, and names that are made from others."""

from __future__ import annotations

from hypothesis import example, given
from hypothesis import strategies as st

from appliance.core.storage.retention import KEEP, Backup, marks
from appliance.model.errors import ConfigError
from appliance.model.storage.config import Storage
from appliance.model.storage.kinds import KINDS
from appliance.model.storage.paths import volume_at, volume_path
from appliance.model.storage.volumes import (
    VolumeName,
    base_name,
    linked_name,
    next_disk,
    own_part,
    parse_name,
)

PARTS = st.sampled_from(
    ["100", "99", "..", ".", "", "iso", "backup", "snippets", "import", "vztmpl", "a.iso", "a.raw",
     "vm-100-disk-0", "base-100-disk-0", "vm-100-disk-0.qcow2", "subvol-100-disk-0",
     "base-99-disk-0.qcow2", "vzdump-qemu-100-2026_01_01-00_00_00.vma", "lun1", "x.vmx", "vm",
     "2026-01-01T00:00:00Z", "0.0.1.scsi-1", "a b", "\n", "\0"]
)  # fmt: skip
TEXTS = st.one_of(st.text(max_size=40), st.lists(PARTS, max_size=5).map("/".join))
MAKING = st.sampled_from(
    [(kind.name, form) for kind in KINDS.values() for form in kind.formats
     if kind.layout in ("files", "volumes") and "images" in kind.content]
)  # fmt: skip


def read(kind: str, text: str) -> VolumeName | None:
    try:
        return parse_name(kind, text)
    except ConfigError:
        return None


@given(st.sampled_from(sorted(KINDS)), TEXTS)
@example("esxi", "0/0/0/0")
def test_a_name_is_refused_or_stays_inside(kind: str, text: str) -> None:
    name = read(kind, text)
    if name is None:
        return
    assert name.text == text
    assert ".." not in text.split("/")
    assert text.isprintable()
    # On a host of ESXi files have any name, and nothing is cloned.
    assert own_part(text) == name.own or name.content != "images" or kind == "esxi"
    storage = Storage("s", kind, {"path": "/srv/s", "portal": "p", "target": "t"})
    if kind in ("dir", "nfs", "cifs", "btrfs"):
        path = volume_path(storage, name)
        assert path.startswith("/srv/s/")
        found = volume_at(storage, path)
        assert found is None or found.own == name.own


@given(MAKING, st.integers(100, 10**9 - 1), st.lists(st.integers(0, 9), max_size=8))
def test_new_names_are_free_and_are_names(
    made: tuple[str, str], vmid: int, numbers: list[int]
) -> None:
    kind, form = made
    prefix = "subvol" if form == "subvol" else "vm"
    taken = [f"{prefix}-{vmid}-disk-{number}" for number in numbers]
    text = next_disk(kind, vmid, form, taken)
    name = parse_name(kind, text)
    assert (name.vmid, name.format, name.content) == (vmid, form, "images")
    assert not any(name.name.startswith(f"{one}.") or name.name == one for one in taken)
    if not Storage("s", kind).can("template", name):
        return
    base = parse_name(kind, base_name(name))
    assert (base.is_base, base.vmid, base.format) == (True, vmid, form)
    own = next_disk(kind, 100, form, [])
    clone = parse_name(kind, linked_name(kind, base, own))
    assert clone.own == own
    assert clone.base == (base.name if KINDS[kind].base_in_name else None)


RULES = ("keep-last", "keep-hourly", "keep-daily", "keep-weekly", "keep-monthly", "keep-yearly")


@given(
    st.lists(st.integers(0, 4 * 10**8), max_size=20, unique=True),
    st.dictionaries(st.sampled_from(RULES), st.integers(0, 4)),
)
def test_retention_keeps_the_newest_and_no_more_than_asked(
    times: list[int], keep: dict[str, int]
) -> None:
    backups = [Backup(f"{time:010}", time, 100, "qemu") for time in times]
    kept = [backup.created_s for backup, mark in marks(backups, keep) if mark == KEEP]
    if not any(keep.values()):
        assert sorted(kept) == sorted(times)
        return
    assert len(kept) <= sum(keep.values())
    assert not times or max(times) in kept
    again = [Backup(f"{time:010}", time, 100, "qemu") for time in kept]
    assert [mark for _, mark in marks(again, keep)] == [KEEP] * len(kept)
