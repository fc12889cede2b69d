"""Disks of simulated nodes through the API, and what servers offer."""

from __future__ import annotations

from typing import Any

import pytest

from appliance.model.errors import ForbiddenError, QuorateError
from appliance.model.store.changes import Put
from tests.api.storage.rig import StorageApi

DISKS = "/nodes/pve1/disks"


@pytest.fixture
def api() -> StorageApi:
    """Each test finds the disks unused."""
    return StorageApi()


def unused(api: StorageApi, node: str = "pve1") -> list[str]:
    rows = api.get(f"/nodes/{node}/disks/list", node, type="unused")
    return [row["devpath"] for row in rows]


def made(api: StorageApi, what: str, **given: Any) -> str:
    return api.done(api.call("pve1", "POST", f"{DISKS}/{what}", given))


def gone(api: StorageApi, path: str, **more: Any) -> str:
    given = {"cleanup-config": 1, "cleanup-disks": 1, **more}
    return api.done(api.call("pve1", "DELETE", f"{DISKS}/{path}", given))


def test_disks_and_their_health(api: StorageApi) -> None:
    rows = {row["devpath"]: row for row in api.get(f"{DISKS}/list")}
    assert (rows["/dev/sda"]["gpt"], rows["/dev/sda"]["used"]) == (1, "BIOS boot")
    assert rows["/dev/nvme0n1"]["type"] == "nvme"
    parts = api.call("pve1", "GET", f"{DISKS}/list", {"include-partitions": 1})
    assert [row["devpath"] for row in parts if row.get("parent") == "/dev/sda"] == [
        "/dev/sda1",
        "/dev/sda2",
    ]
    told = api.get(f"{DISKS}/smart", disk="/dev/sdb")
    assert (told["health"], told["type"]) == ("PASSED", "ata")
    assert "Power_On_Hours" in [row["name"] for row in told["attributes"]]
    assert api.get(f"{DISKS}/smart", disk="/dev/nvme0n1")["type"] == "text"
    assert api.get(f"{DISKS}/smart", disk="/dev/sdb", healthonly=1) == {"health": "PASSED"}
    with pytest.raises(QuorateError, match="no disk"):
        api.get(f"{DISKS}/smart", disk="/dev/sdz")
    assert api.ask("GET", f"{DISKS}/smart", {"disk": "/dev/../etc/passwd"}).status == 400


@pytest.mark.parametrize(
    ("what", "options", "storage", "more"),
    [
        ("directory", {"device": "/dev/sdb", "filesystem": "xfs"}, "dir", {}),
        ("lvm", {"device": "/dev/sdb"}, "lvm", {}),
        ("lvmthin", {"device": "/dev/sdb"}, "lvmthin", {"volume-group": "tank"}),
        ("zfs", {"devices": "/dev/sdb,/dev/sdc", "raidlevel": "mirror"}, "zfspool", {}),
    ],
)
def test_what_is_made_of_disks(
    api: StorageApi, what: str, options: dict[str, str], storage: str, more: dict[str, str]
) -> None:
    before = unused(api)
    assert made(api, what, name="tank", add_storage=1, **options) == "OK"
    assert "/dev/sdb" not in unused(api)
    told = api.get("/storage/tank")
    assert (told["type"], told["nodes"]) == (storage, "pve1")
    status = api.get("/nodes/pve1/storage/tank/status")
    assert status["active"] == 1
    assert status["total"] == 1024**4
    elsewhere = {"devices" if what == "zfs" else "device": "/dev/sdd", "name": "tank"}
    if what == "zfs":
        elsewhere["raidlevel"] = "single"
    assert "there is a 'tank' already" in made(api, what, **elsewhere)
    with pytest.raises(QuorateError, match="already defined"):
        api.call("pve1", "POST", f"{DISKS}/{what}", {"name": "tank", "add_storage": 1, **options})
    assert "already in use" in made(api, what, name="other", **options)
    assert gone(api, f"{what}/tank", **more) == "OK"
    assert "tank" not in [row["storage"] for row in api.get("/storage")]
    if what == "lvmthin":
        assert gone(api, "lvm/tank") == "OK"
    assert unused(api) == before
    assert gone(api, f"{what}/tank", **more) != "OK"


def test_what_is_in_use_is_not_destroyed(api: StorageApi) -> None:
    assert (
        made(api, "zfs", name="tank", devices="/dev/sdb", raidlevel="single", add_storage=1) == "OK"
    )
    given = {"vmid": 100, "filename": "vm-100-disk-1", "size": "1G"}
    api.call("pve1", "POST", "/nodes/pve1/storage/tank/content", given)
    image = api.world.storage.volume("tank", "pve1", "vm-100-disk-1")
    api.world.storage.open(image, "pve1")
    assert "is in use" in gone(api, "zfs/tank")
    api.world.storage.close(image, "pve1")
    assert gone(api, "zfs/tank") == "OK"
    assert not api.world.storage.exists(image)


def test_lists_of_what_was_made(api: StorageApi) -> None:
    assert made(api, "lvmthin", name="thin", device="/dev/sdb") == "OK"
    assert made(api, "zfs", name="tank", devices="/dev/sdc,/dev/sdd", raidlevel="mirror") == "OK"
    assert made(api, "directory", name="box", device="/dev/nvme0n1") == "OK"
    (group,) = api.get(f"{DISKS}/lvm")["children"]
    assert (group["name"], group["children"][0]["name"]) == ("thin", "/dev/sdb")
    assert [(row["vg"], row["lv"]) for row in api.get(f"{DISKS}/lvmthin")] == [("thin", "thin")]
    (pool,) = api.get(f"{DISKS}/zfs")
    assert (pool["name"], pool["health"], pool["size"]) == ("tank", "ONLINE", 1024**4)
    (top,) = api.get(f"{DISKS}/zfs/tank")["children"]
    assert [one["name"] for one in top["children"][0]["children"]] == ["/dev/sdc", "/dev/sdd"]
    assert api.get(f"{DISKS}/directory")[0]["path"] == "/mnt/pve/box"
    scan = "/nodes/pve1/scan"
    assert api.get(f"{scan}/lvm") == [{"vg": "thin"}]
    assert api.get(f"{scan}/lvmthin", vg="thin") == [{"lv": "thin"}]
    assert api.get(f"{scan}/zfs") == [{"pool": "tank"}]
    assert unused(api, "pve2") != []
    api.world.run(api.world.now_s + 1)


@pytest.mark.parametrize(
    "options",
    [
        {"devices": "/dev/sdb", "raidlevel": "mirror"},
        {"devices": "/dev/sdb,/dev/sdc,/dev/sdd", "raidlevel": "raid10"},
        {"devices": "/dev/sdb,/dev/sdz", "raidlevel": "mirror"},
        {"devices": "/dev/sda,/dev/sdb", "raidlevel": "mirror"},
    ],
)
def test_pools_that_cannot_be(api: StorageApi, options: dict[str, str]) -> None:
    before = unused(api)
    assert made(api, "zfs", name="tank", **options) != "OK"
    assert unused(api) == before
    assert api.get(f"{DISKS}/zfs") == []


@pytest.mark.parametrize(
    "options",
    [
        {"devices": "/dev/sdb,/dev/sdb", "raidlevel": "mirror"},
        {"devices": "/dev/../sdb,sdc", "raidlevel": "mirror"},
        {"devices": "/dev/sdb", "raidlevel": "single", "draid-config": "data=1,spares=0"},
        {"devices": "/dev/sdb", "raidlevel": "raid0"},
    ],
)
def test_calls_that_make_no_sense(api: StorageApi, options: dict[str, str]) -> None:
    assert api.ask("POST", f"{DISKS}/zfs", {"name": "tank", **options}).status == 400


def test_a_storage_that_cannot_be_declared_leaves_no_pool(api: StorageApi) -> None:
    """Somebody declares a storage of that name while the disks are being prepared."""
    before = unused(api)
    upid = api.call("pve1", "POST", f"{DISKS}/lvmthin",
                    {"name": "tank", "device": "/dev/sdb", "add_storage": 1})  # fmt: skip
    boot = api.world.machines["pve1"].boot
    assert boot is not None
    text = b"dir: tank\n\tpath /tank\n"
    boot.boot.spawn(boot.store.change(Put("storage.cfg", text)), "rival")
    assert "already defined" in api.done(upid)
    assert unused(api) == before
    assert api.get(f"{DISKS}/lvm")["children"] == []


def test_tables_and_wiping(api: StorageApi) -> None:
    given = {"disk": "/dev/sdb", "uuid": "4f2e07a6-5437-2b4e-b6e8-9cba98639324"}
    assert api.done(api.call("pve1", "POST", f"{DISKS}/initgpt", given)) == "OK"
    rows = {row["devpath"]: row for row in api.get(f"{DISKS}/list")}
    assert rows["/dev/sdb"]["gpt"] == 1
    assert api.done(api.call("pve1", "PUT", f"{DISKS}/wipedisk", {"disk": "/dev/sdb"})) == "OK"
    for device in ("/dev/sda", "/dev/sda2", "/dev/sdz"):
        assert api.done(api.call("pve1", "PUT", f"{DISKS}/wipedisk", {"disk": device})) != "OK"


def test_what_servers_offer(api: StorageApi) -> None:
    scan = "/nodes/pve1/scan"
    exports = api.get(f"{scan}/nfs", server="10.0.0.5")
    assert "/export/quorate" in [row["path"] for row in exports]
    assert api.get(f"{scan}/cifs", server="files", username="u", password="p")
    assert api.get(f"{scan}/iscsi", portal="10.0.0.5")[0]["portal"] == "10.0.0.5:3260"
    login = {"server": "backup", "username": "u@pbs", "password": "p"}
    assert api.get(f"{scan}/pbs", **login)[0]["store"] == "main"
    assert [row["method"] for row in api.get(scan)][:2] == ["cifs", "iscsi"]
    with pytest.raises(QuorateError, match="does not answer"):
        api.get(f"{scan}/nfs", server="files.invalid")
    with pytest.raises(QuorateError, match="refused the login"):
        api.get(f"{scan}/pbs", **{**login, "password": "wrong"})


def test_disks_are_for_administrators(api: StorageApi) -> None:
    me = api.user("me@pve", storage="PVEDatastoreAdmin")
    for verb, path in [
        ("GET", f"{DISKS}/list"),
        ("GET", f"{DISKS}/zfs"),
        ("POST", f"{DISKS}/initgpt"),
        ("PUT", f"{DISKS}/wipedisk"),
    ]:
        with pytest.raises(ForbiddenError):
            api.call("pve1", verb, path, {"disk": "/dev/sdb"} if verb != "GET" else {}, user=me)
    assert api.call("pve1", "GET", "/nodes/pve1/scan/zfs", user=me) == []
