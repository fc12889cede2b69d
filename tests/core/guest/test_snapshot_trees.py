"""Random lives of snapshots: trees stay trees, and nothing of a disk is lost from the file."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.core.guest.places import volumes_of, with_unused
from appliance.model.guest.config import GuestConfig, parse_guest, write_guest
from tests.core.guest.files import vm
from tests.core.guest.test_snapshots import deleted, rolled_back, taken

NAMES = ("one", "two", "three", "four")
DISKS = ("scsi2", "scsi3")
STEPS = st.lists(
    st.tuples(st.sampled_from(["take", "delete", "back", "plug", "unplug"]), st.integers(0, 3)),
    max_size=14,
)


def step(config: GuestConfig, what: str, number: int) -> GuestConfig:
    """The configuration after one thing was done, if it can be."""
    name = NAMES[number]
    if what == "take" and name not in config.snapshots:
        return taken(config, name, number)
    if what == "delete" and name in config.snapshots:
        return deleted(config, name)
    if what == "back" and name in config.snapshots:
        return rolled_back(config, name)
    key = DISKS[number % len(DISKS)]
    if what == "plug" and key not in config.current.values:
        disk = {key: f"tank:vm-100-disk-{10 + number},size=1G"}
        return replace(config, current=config.current.with_values(disk))
    if what == "unplug" and key in config.current.values:
        volume = config.current.values[key].partition(",")[0]
        current = config.current.without([key])
        current = with_unused("vm", current, volume)
        return replace(config, current=current)
    return config


@settings(max_examples=60)
@given(STEPS)
def test_lives_of_snapshots(steps: list[tuple[str, int]]) -> None:
    config = vm()
    for what, number in steps:
        before = volumes_of(config)
        config = step(config, what, number)
        for parent in (s.get("parent") for s in (config.current, *config.snapshots.values())):
            assert parent is None or parent in config.snapshots
        assert all(volume in volumes_of(config) for volume in before)  # no disk is forgotten
        assert "lock" not in config.current.values
        again = parse_guest(write_guest(config), "vm", strict=True)
        assert write_guest(again) == write_guest(config)
    for name in sorted(config.snapshots):
        config = deleted(config, name)
    assert config.snapshots == {}
    assert config.current.get("parent") is None
