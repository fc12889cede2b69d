"""Names that are made, and names that must not be taken."""

from __future__ import annotations

import pytest

from appliance.model.errors import ConfigError
from appliance.model.storage.kinds import KINDS
from appliance.model.storage.volumes import (
    base_name,
    check_new_image,
    linked_name,
    next_disk,
    own_part,
    parse_name,
    split_id,
    state_name,
)


@pytest.mark.parametrize("kind", sorted(KINDS))
@pytest.mark.parametrize(
    "text",
    ["../x.raw", "100/../../etc/x.raw", "iso/../../x.iso", "snippets/..", "backup/../vm.vma",
     "a/b/../c.vmx", "iso/a\n.iso", "iso/\x00.iso", "vm-100-disk-0/../x", "x" * 2000],
)  # fmt: skip
def test_no_name_leads_out(kind: str, text: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_name(kind, text)
    assert caught.value.field == "volume"


def test_the_lowest_free_number() -> None:
    taken = ["100/vm-100-disk-0.qcow2", "100/base-100-disk-2.raw", "101/vm-101-disk-1.raw"]
    assert next_disk("dir", 100, "qcow2", taken) == "100/vm-100-disk-1.qcow2"
    assert next_disk("dir", 100, "subvol", taken) == "100/subvol-100-disk-1.subvol"
    assert next_disk("zfspool", 100, "subvol", ["subvol-100-disk-0"]) == "subvol-100-disk-1"
    linked = ["base-100-disk-0/vm-101-disk-0"]
    assert next_disk("rbd", 101, "raw", linked) == "vm-101-disk-1"
    assert next_disk("rbd", 100, "raw", linked) == "vm-100-disk-0"
    assert state_name("dir", 100, "s1") == "100/vm-100-state-s1.raw"
    assert state_name("lvmthin", 100, "s1") == "vm-100-state-s1"


@pytest.mark.parametrize(
    ("kind", "name", "base", "clone"),
    [
        ("dir", "100/vm-100-disk-0.qcow2", "100/base-100-disk-0.qcow2",
         "100/base-100-disk-0.qcow2/101/vm-101-disk-0.qcow2"),
        ("dir", "99/base-99-disk-0.qcow2/100/vm-100-disk-0.qcow2",
         "99/base-99-disk-0.qcow2/100/base-100-disk-0.qcow2",
         "100/base-100-disk-0.qcow2/101/vm-101-disk-0.qcow2"),
        ("zfspool", "vm-100-disk-0", "base-100-disk-0", "base-100-disk-0/vm-101-disk-0"),
        ("zfspool", "basevol-99-disk-0/subvol-100-disk-0",
         "basevol-99-disk-0/basevol-100-disk-0", "basevol-100-disk-0/subvol-101-disk-0"),
        ("lvmthin", "vm-100-disk-0", "base-100-disk-0", "vm-101-disk-0"),
    ],
)  # fmt: skip
def test_base_images_and_their_clones(kind: str, name: str, base: str, clone: str) -> None:
    assert base_name(parse_name(kind, name)) == base
    image = parse_name(kind, base)
    assert image.is_base
    own = next_disk(kind, 101, image.format, [])
    assert linked_name(kind, image, own) == clone
    assert parse_name(kind, clone).vmid == 101
    for text in (name, base, clone):
        assert own_part(text) == parse_name(kind, text).own


def test_names_that_a_call_gives() -> None:
    assert check_new_image("dir", 100, "raw", "vm-100-x.raw") == "100/vm-100-x.raw"
    assert check_new_image("lvm", 100, "raw", "vm-100-x") == "vm-100-x"
    for kind, form, name in [
        ("dir", "raw", "vm-101-x.raw"),
        ("dir", "raw", "vm-100-x.qcow2"),
        ("dir", "raw", "../vm-100-x.raw"),
        ("lvm", "raw", "vm-1000-x"),
        ("rbd", "raw", "base-99-disk-0/vm-100-disk-0"),
    ]:
        with pytest.raises(ConfigError):
            check_new_image(kind, 100, form, name)


def test_names_without_a_base_are_whole() -> None:
    for text in ("backup/vm/100/2026-01-01T00:00:00Z", "iso/a.iso", "100/vm-100-disk-0.raw"):
        assert own_part(text) == text


def test_ids_have_two_parts() -> None:
    assert split_id("local:iso/a b.iso") == ("local", "iso/a b.iso")
    for text in ("local", "local:", ":x", "l:x", "lo cal:x"):
        with pytest.raises(ConfigError):
            split_id(text)
