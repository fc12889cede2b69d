"""Names and notes of backups."""

from __future__ import annotations

import pytest

from appliance.core.guest.backups import backup_config, backup_name, filled_notes
from appliance.core.guest.restore import saved_drives
from appliance.model.errors import ConfigError
from tests.core.guest.files import ct, vm

WORDS = {"cluster": "c", "guestname": "web", "node": "n1", "vmid": "100"}


def test_names() -> None:
    assert backup_name("dir", "vm", 100, 0, "zstd") == (
        "backup/vzdump-qemu-100-1970_01_01-00_00_00.vma.zst"
    )
    assert backup_name("nfs", "ct", 101, 0, "0").endswith("vzdump-lxc-101-1970_01_01-00_00_00.tar")
    assert backup_name("pbs", "ct", 101, 0, "0") == "backup/ct/101/1970-01-01T00:00:00Z"


def test_notes() -> None:
    text = filled_notes("{{guestname}} ({{vmid}}) on {{node}}\\nof {{cluster}}", WORDS)
    assert text == "web (100) on n1\nof c"
    with pytest.raises(ConfigError, match=r"notes-template: '\{\{other\}\}' is not known"):
        filled_notes("{{other}}", WORDS)


def test_what_lies_in_a_backup() -> None:
    text = backup_config(vm(), {"scsi0": "raw", "scsi1": "qcow2"})
    drives = [(drive.key, drive.storage, drive.format) for drive in saved_drives(text)]
    assert drives == [("scsi0", "tank", ""), ("scsi1", "tank", "qcow2")]
    assert text.startswith("# notes of the guest\n")
    assert backup_config(ct(), {}).endswith("lxc.idmap: u 0 100000 65536\n")
