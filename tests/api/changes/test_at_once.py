"""Two things at once: one is done, the other is told why not, and nothing leaks."""

from __future__ import annotations

from typing import Any

from appliance.api.http import LOCAL, HttpRequest
from tests.api.changes.rig import Guests, served

VM = "/nodes/pve1/qemu/100"


def ends_together(rig: Guests, *calls: tuple[str, str]) -> list[str]:
    """How each of some calls (path and form) ended that were begun in one instant."""
    begun: list[tuple[str, Any]] = []
    for path, form in calls:
        node = path.split("/")[2]
        boot, api = rig.process(node)
        request = HttpRequest("POST", f"/api2/json{path}", "", {}, form.encode(), LOCAL)
        begun.append((node, boot.spawn(api.handle(request), "request")))
    rig.run(1)
    ends = []
    for node, task in begun:
        answer = task.result()
        told = rig.body(answer)
        ends.append(rig.ended(node, told["data"]) if answer.status == 200 else told["message"])
    return ends


def test_two_clones_with_one_number() -> None:
    rig = served()
    calls = (
        (f"{VM}/clone", "newid=900&full=1"),
        ("/nodes/pve2/qemu/101/clone", "newid=900&full=1"),
    )
    ends = ends_together(rig, *calls)
    assert sorted(end == "OK" for end in ends) == [False, True]
    assert any("exist" in end for end in ends), ends
    volumes = rig.call("pve1", "GET", "/nodes/pve1/storage/ceph/content", vmid=900)
    assert [row["volid"] for row in volumes] == ["ceph:vm-900-disk-0"]
    assert rig.config(900)["scsi0"].startswith("ceph:vm-900-disk-0,")


def test_a_snapshot_and_a_backup_at_once() -> None:
    rig = served()
    calls = (
        (f"{VM}/snapshot", "snapname=one"),
        ("/nodes/pve1/vzdump", "vmid=100&storage=nfs"),
        (f"{VM}/snapshot", "snapname=two"),
    )
    ends = ends_together(rig, *calls)
    assert ends.count("OK") == 1
    assert all("locked" in end or end in ("OK", "job errors") for end in ends)
    assert "lock" not in rig.config(100)
