"""Backup jobs and synchronizations of realms: kept, shown with their next run, what they take."""

from __future__ import annotations

from typing import Any

import pytest

from tests.api.rig import Nodes

VM = """\
name: web
boot: order=scsi0
ide2: none,media=cdrom
memory: 512
scsi0: ceph:vm-100-disk-0,size=8G
scsi1: ceph:vm-100-disk-1,size=8G,backup=0
"""
CT = "hostname: db\nmp0: ceph:vm-101-disk-1,mp=/srv,size=1G\nrootfs: ceph:vm-101-disk-0,size=8G\n"


@pytest.fixture
def nodes() -> Nodes:
    nodes = Nodes()
    nodes.put("nodes/n1/qemu-server/100.conf", VM)
    nodes.put("nodes/n2/lxc/101.conf", CT)
    nodes.put("user.cfg", "user:root@pam:1:0::::::\npool:web::100::\n")
    return nodes


def job(nodes: Nodes, name: str = "nightly") -> dict[str, Any]:
    found: dict[str, Any] = nodes.ask("GET", f"/cluster/backup/{name}").data
    found.pop("digest")
    return found


def test_a_job_reads_back_as_given_with_its_next_run(nodes: Nodes) -> None:
    given = {
        "id": "nightly",
        "schedule": "22:00",
        "vmid": "100,101",
        "storage": "nfs",
        "mode": "snapshot",
        "prune-backups": "keep-last=3,keep-daily=7",
        "exclude-path": ["/tmp/?*", "/var/tmp"],
        "enabled": 1,
    }
    nodes.ask("POST", "/cluster/backup", given)
    now_s = nodes.cluster.daemon("n1").ports.clock.wall()
    found = job(nodes)
    at_s = found.pop("next-run")
    assert 0 < at_s - now_s <= 86400
    assert at_s % 86400 == 22 * 3600
    assert found == {
        **given,
        "type": "vzdump",
        "prune-backups": {"keep-last": 3, "keep-daily": 7},
    }
    nodes.ask("PUT", "/cluster/backup/nightly", {"enabled": 0, "delete": "exclude-path"})
    found = job(nodes)
    assert (found["enabled"], "next-run" in found, "exclude-path" in found) == (0, False, False)
    nodes.ask("DELETE", "/cluster/backup/nightly")
    assert nodes.ask("GET", "/cluster/backup").data == []


def test_a_job_without_a_name_gets_one(nodes: Nodes) -> None:
    nodes.ask("POST", "/cluster/backup", {"starttime": "3:30", "dow": "mon,fri", "all": 1})
    (row,) = nodes.ask("GET", "/cluster/backup").data
    assert row["id"].startswith("backup-")
    assert row["schedule"] == "mon,fri 3:30"
    assert row["all"] == 1


@pytest.mark.parametrize(
    ("given", "fields"),
    [
        ({"schedule": "1:00"}, ["vmid"]),
        ({"vmid": "100"}, ["schedule"]),
        ({"schedule": "1:00", "pool": "web", "all": 1}, ["all"]),
        ({"schedule": "never", "all": 1}, ["schedule"]),
        ({"schedule": "1:00", "starttime": "2:00", "all": 1}, ["starttime"]),
        ({"schedule": "1:00", "all": 1, "mode": "magic"}, ["mode"]),
        ({"schedule": "1:00", "all": 1, "comment": "a\n\nb"}, ["comment"]),
    ],
)
def test_jobs_that_make_no_sense(nodes: Nodes, given: dict[str, Any], fields: list[str]) -> None:
    assert sorted(nodes.ask("POST", "/cluster/backup", given).errors) == fields
    assert nodes.ask("GET", "/cluster/backup").data == []


def test_what_a_job_takes_is_shown_disk_by_disk(nodes: Nodes) -> None:
    nodes.ask("POST", "/cluster/backup", {"id": "all-of-it", "schedule": "1:00", "all": 1})
    vm, ct = nodes.ask("GET", "/cluster/backup/all-of-it/included_volumes").data["children"]
    assert (vm["id"], vm["name"], vm["type"]) == (100, "web", "qemu")
    assert {one["id"]: (one["included"], one["reason"]) for one in vm["children"]} == {
        "ide2": (0, "CD-ROM"),
        "scsi0": (1, "enabled"),
        "scsi1": (0, "backup=no"),
    }
    assert {one["id"]: one["included"] for one in ct["children"]} == {"rootfs": 1, "mp0": 0}


def test_guests_that_no_job_takes(nodes: Nodes) -> None:
    nodes.ask("POST", "/cluster/backup", {"id": "pool", "schedule": "1:00", "pool": "web"})
    rows = nodes.ask("GET", "/cluster/backup-info/not-backed-up").data
    assert rows == [{"vmid": 101, "type": "lxc", "name": "db"}]
    nodes.ask("PUT", "/cluster/backup/pool", {"enabled": 0})
    assert len(nodes.ask("GET", "/cluster/backup-info/not-backed-up").data) == 2


def test_realms_are_synchronized_by_the_calendar(nodes: Nodes) -> None:
    path = "/cluster/jobs/realm-sync"
    given = {"realm": "ldap", "schedule": "daily", "scope": "both", "enabled": 1}
    nodes.ask("POST", f"{path}/people", given)
    found = nodes.ask("GET", f"{path}/people").data
    assert {key: found[key] for key in given} == given
    nodes.ask("PUT", f"{path}/people", {"schedule": "hourly", "scope": "users"})
    (row,) = nodes.ask("GET", path).data
    assert (row["schedule"], row["scope"]) == ("hourly", "users")
    assert nodes.ask("GET", "/cluster/backup").data == []
    missing = nodes.ask("DELETE", "/cluster/backup/people")
    assert missing.body["code"] == "missing"
    nodes.ask("DELETE", f"{path}/people")
    assert nodes.ask("GET", path).data == []


def test_a_schedule_is_told_in_moments(nodes: Nodes) -> None:
    given = {"schedule": "mon 4:00", "starttime": 0, "iterations": 2}
    assert nodes.ask("GET", "/cluster/jobs/schedule-analyze", given).data == [
        {"timestamp": 360000, "utc": "Mon 1970-01-05 04:00:00 UTC"},
        {"timestamp": 964800, "utc": "Mon 1970-01-12 04:00:00 UTC"},
    ]


def test_the_older_way_changes_a_schedule(nodes: Nodes) -> None:
    nodes.ask("POST", "/cluster/backup", {"id": "old-way", "schedule": "1:00", "all": 1})
    nodes.ask("PUT", "/cluster/backup/old-way", {"starttime": "5:00"})
    assert job(nodes, "old-way")["schedule"] == "5:00"
