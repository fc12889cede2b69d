"""What is in storages, through the API: volumes, files, backups, their rights and their tasks."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest

from appliance.model.errors import ForbiddenError, QuorateError
from appliance.model.parameters import ParameterError
from appliance.model.storage.pool import Archive
from sim.faults import Fault
from tests.api.storage.rig import Memory, StorageApi

MIB = 1024**2
NFS = "/nodes/pve1/storage/nfs"
CEPH = "/nodes/pve1/storage/ceph"


def backup(api: StorageApi, name: str, vmid: int = 100) -> str:
    """Put a backup of a guest into `nfs`."""
    volid = f"nfs:backup/{name}"
    boot = api.world.machines["pve1"].boot
    assert boot is not None
    ports = api.world.volumes.boot(boot.boot, boot.store).ports
    boot.boot.spawn(ports.archives.create(volid, Archive("vm", vmid, "cores: 1\n"), {}), "backup")
    api.run(5)
    return volid


def removed(api: StorageApi, volid: str) -> None:
    storage = volid.partition(":")[0]
    upid = api.call("pve1", "DELETE", f"/nodes/pve1/storage/{storage}/content/{volid}")
    assert api.done(upid) == "OK"


# how it is


def test_the_storages_of_a_node(api: StorageApi) -> None:
    rows = {row["storage"]: row for row in api.get("/nodes/pve2/storage", format=1)}
    assert list(rows) == ["ceph", "local", "local-zfs", "nfs"]
    ceph = rows["ceph"]
    assert (ceph["active"], ceph["enabled"], ceph["shared"]) == (1, 1, 1)
    assert ceph["used"] + ceph["avail"] == ceph["total"]
    assert ceph["used_fraction"] == pytest.approx(ceph["used"] / ceph["total"])
    assert rows["local-zfs"]["formats"] == {"supported": ["raw", "subvol"], "default": "raw"}
    status = api.get("/nodes/pve2/storage/ceph/status")
    assert {key: ceph[key] for key in status} == status
    assert [row["storage"] for row in api.get("/nodes/pve1/storage", content="iso")] == [
        "local",
        "nfs",
    ]
    shared = api.get("/nodes/pve1/storage", target="pve2")
    assert [row["storage"] for row in shared] == ["ceph", "nfs"]
    assert [row["storage"] for row in api.get("/nodes/pve1/storage", storage="nfs")] == ["nfs"]
    assert api.ask("GET", "/nodes/pve1/storage/none/status").errors["storage"]
    assert api.ask("GET", "/nodes/pve1/storage", {"storage": "none"}).errors["storage"]


def test_how_full_a_storage_was(api: StorageApi) -> None:
    rows = api.get(f"{CEPH}/rrddata", timeframe="hour")
    assert rows[-1]["total"] == api.get(f"{CEPH}/status")["total"]
    assert rows == sorted(rows, key=lambda row: row["time"])


def test_a_storage_that_is_away_or_not_for_this_node(api: StorageApi) -> None:
    number = api.world.inject(Fault("storage", storage="nfs", node="pve1"))
    assert api.get(f"{NFS}/status")["active"] == 0
    assert api.get("/nodes/pve2/storage/nfs/status")["active"] == 1
    with pytest.raises(QuorateError, match="is not online"):
        api.get(f"{NFS}/content")
    api.world.heal(number)
    api.make("elsewhere", "dir", path="/elsewhere", nodes="pve2")
    assert api.get("/nodes/pve1/storage/elsewhere/status")["enabled"] == 0
    with pytest.raises(QuorateError, match="not available on node 'pve1'"):
        api.get("/nodes/pve1/storage/elsewhere/content")
    api.call("pve1", "DELETE", "/storage/elsewhere")


def test_places_have_one_identity(api: StorageApi) -> None:
    def told(storage: str, node: str = "pve1") -> Any:
        return api.get(f"/nodes/{node}/storage/{storage}/identity", node)

    assert told("nfs") == told("nfs", "pve2")
    assert told("local-zfs") != told("local-zfs", "pve2")
    assert told("nfs")["type"] == "nfs"


# disks


def test_a_disk_is_made_looked_at_and_removed(api: StorageApi) -> None:
    before = api.ids("ceph")
    given = {"vmid": 100, "filename": "vm-100-disk-7", "size": "2G"}
    volid = api.call("pve1", "POST", f"{CEPH}/content", given)
    assert volid == "ceph:vm-100-disk-7"
    told = api.get(f"{CEPH}/content/{volid}")
    assert (told["size"], told["format"]) == (2048 * MIB, "raw")
    assert told["path"].startswith("rbd:")
    assert api.get(f"{CEPH}/content/vm-100-disk-7") == told
    rows = api.get("/nodes/pve2/storage/ceph/content", "pve2", vmid=100)
    assert [row["volid"] for row in rows] == ["ceph:vm-100-disk-0", volid]
    with pytest.raises(QuorateError, match="exists already"):
        api.call("pve1", "POST", f"{CEPH}/content", given)
    upid = api.call("pve1", "DELETE", f"{CEPH}/content/{volid}")
    assert upid.split(":")[5:7] == ["imgdel", "100@ceph"]
    assert api.done(upid) == "OK"
    assert api.log(upid)[-2:] == [f"Removed volume '{volid}'", "TASK OK"]
    assert api.ids("ceph") == before


def test_kinds_of_disks(api: StorageApi) -> None:
    rows = api.get(f"{CEPH}/content")
    kinds = {row["volid"]: row["content"] for row in rows}
    assert kinds["ceph:vm-100-disk-0"] == "images"
    assert kinds["ceph:vm-102-disk-0"] == "rootdir"
    assert [row["vmid"] for row in api.get(f"{CEPH}/content", content="rootdir")] == [102]
    given = {"vmid": 100, "filename": "vm-100-disk-3.qcow2", "size": "1024"}
    volid = api.call("pve1", "POST", f"{NFS}/content", given)
    assert volid == "nfs:100/vm-100-disk-3.qcow2"
    assert api.get(f"{NFS}/content/{volid}")["size"] == MIB
    removed(api, volid)


@pytest.mark.parametrize(
    ("storage", "filename", "more"),
    [
        ("nfs", "vm-101-disk-0.raw", {}),
        ("nfs", "../vm-100-disk-0.raw", {}),
        ("nfs", "vm-100-disk-0.raw", {"format": "qcow2"}),
        ("ceph", "vm-100-disk-0", {"format": "qcow2"}),
        ("ceph", "100/vm-100-disk-0.raw", {}),
        ("ceph", "vm-100-disk-8", {"size": "0x10"}),
        ("ceph", "vm-100-disk-8", {"size": "999999G"}),
        ("local", "vm-100-disk-0.raw", {}),
    ],
)
def test_bad_disks_are_refused(
    api: StorageApi, storage: str, filename: str, more: dict[str, str]
) -> None:
    given = {"vmid": 100, "filename": filename, "size": "1G", **more}
    with pytest.raises(QuorateError):
        api.call("pve1", "POST", f"/nodes/pve1/storage/{storage}/content", given)


@pytest.mark.parametrize(
    "volume",
    ["nfs:iso/../../etc/passwd.iso", "iso/../x.iso", "ceph:vm-100-disk-0", "nfs:", ":",
     "nfs:100/..",
     "%2E%2E/x", "nfs:iso%2F..%2F..%2Fx.iso", "gone:iso/x.iso"],
)  # fmt: skip
def test_bad_volumes_are_refused(api: StorageApi, volume: str) -> None:
    for verb in ("GET", "PUT", "DELETE"):
        assert api.ask(verb, f"{NFS}/content/{volume}").status in (400, 500)


def test_a_removal_that_is_waited_for(api: StorageApi) -> None:
    given = {"vmid": 100, "filename": "vm-100-disk-9", "size": "1G"}
    volid = api.call("pve1", "POST", f"{CEPH}/content", given)
    assert api.call("pve1", "DELETE", f"{CEPH}/content/{volid}", {"delay": 10}) is None
    with pytest.raises(QuorateError, match="does not exist"):
        api.call("pve1", "DELETE", f"{CEPH}/content/{volid}", {"delay": 10})
    with pytest.raises(QuorateError, match="in use on"):
        api.call("pve1", "DELETE", f"{CEPH}/content/ceph:vm-100-disk-0", {"delay": 10})


def test_a_copy_to_another_node(api: StorageApi) -> None:
    given = {"vmid": 100, "filename": "vm-100-disk-5", "size": "1G"}
    path = "/nodes/pve1/storage/local-zfs/content"
    volid = api.call("pve1", "POST", path, given)
    given = {"target": "local-zfs:vm-101-disk-5", "target_node": "pve2"}
    assert api.done(api.call("pve1", "POST", f"{path}/{volid}", given)) == "OK"
    assert api.ids("local-zfs", "pve2") == ["local-zfs:vm-101-disk-5"]
    assert api.ids("local-zfs") == [volid]
    upid = api.call("pve1", "POST", f"{path}/{volid}", {"target": "vm-101-disk-5"})
    assert api.done(upid) == "OK"
    assert api.done(api.call("pve1", "POST", f"{path}/{volid}", given)) != "OK"
    for node in ("pve1", "pve2"):
        for left in api.ids("local-zfs", node):
            api.call(node, "DELETE", f"/nodes/{node}/storage/local-zfs/content/{left}", delay=20)
    assert api.ids("local-zfs") == []


# files


def test_an_upload(api: StorageApi) -> None:
    file = Memory("C:\\images\\my disk.iso", b"the data")
    answer = api.upload("nfs", file, content="iso", filename="C:\\images\\my disk.iso")
    assert api.done(answer.data) == "OK"
    assert (file.kept, file.closed) == (True, True)
    (row,) = api.get(f"{NFS}/content", content="iso")
    assert (row["volid"], row["format"], row["size"]) == ("nfs:iso/my_disk.iso", "iso", 8)
    again = Memory("my_disk.iso", b"other data")
    assert api.done(api.upload("nfs", again, content="iso", filename="my_disk.iso").data) == "OK"
    assert api.get(f"{NFS}/content/iso/my_disk.iso")["size"] == 10
    removed(api, "nfs:iso/my_disk.iso")


def test_an_upload_with_a_wrong_sum_leaves_nothing(api: StorageApi) -> None:
    data = b"the data"
    fields = {"content": "iso", "filename": "a.iso", "checksum_algorithm": "sha256"}
    file = Memory("a.iso", data)
    upid = api.upload("nfs", file, **fields, checksum="00").data
    assert "checksum mismatch" in api.done(upid)
    assert file.closed
    assert api.ids("nfs", content="iso") == []
    good = hashlib.sha256(data).hexdigest().upper()
    assert api.done(api.upload("nfs", Memory("a.iso", data), **fields, checksum=good).data) == "OK"
    removed(api, "nfs:iso/a.iso")


@pytest.mark.parametrize(
    ("storage", "fields"),
    [
        ("nfs", {"content": "iso", "filename": "a.txt"}),
        ("nfs", {"content": "iso", "filename": ".."}),
        ("nfs", {"content": "backup", "filename": "a.vma"}),
        ("ceph", {"content": "iso", "filename": "a.iso"}),
        ("nfs", {"content": "iso", "filename": "a.iso", "checksum": "00"}),
        ("none", {"content": "iso", "filename": "a.iso"}),
    ],
)
def test_bad_uploads_are_refused(api: StorageApi, storage: str, fields: dict[str, str]) -> None:
    file = Memory("x", b"data")
    assert api.upload(storage, file, **fields).status in (400, 500)
    assert not file.kept


def test_a_download(api: StorageApi) -> None:
    url = "https://mirror.example/debian.iso"
    api.world.volumes.web.put(url, b"content")
    given = {"url": url, "content": "iso", "filename": "debian.iso"}
    good = {**given, "checksum-algorithm": "md5", "checksum": hashlib.md5(b"content").hexdigest()}
    assert api.done(api.call("pve1", "POST", f"{NFS}/download-url", good)) == "OK"
    with pytest.raises(QuorateError, match="refusing to override existing file"):
        api.call("pve1", "POST", f"{NFS}/download-url", given)
    for host in ("gone.invalid", "x.example/missing"):
        bad = {**given, "url": f"https://{host}/a.iso", "filename": "b.iso"}
        assert api.done(api.call("pve1", "POST", f"{NFS}/download-url", bad)) != "OK"
    assert api.ids("nfs", content="iso") == ["nfs:iso/debian.iso"]
    removed(api, "nfs:iso/debian.iso")


def test_an_image_of_a_registry(api: StorageApi) -> None:
    given = {"reference": "docker.io/library/alpine:3.22"}
    assert api.done(api.call("pve1", "POST", f"{NFS}/oci-registry-pull", given)) == "OK"
    assert api.ids("nfs", content="vztmpl") == ["nfs:vztmpl/alpine_3.22.tar"]
    removed(api, "nfs:vztmpl/alpine_3.22.tar")
    assert api.ask("POST", f"{NFS}/oci-registry-pull", {"reference": "no tag"}).status == 400


# backups


def test_notes_and_protection(api: StorageApi) -> None:
    volid = backup(api, "vzdump-qemu-100-2026_01_01-00_00_00.vma.zst")
    given = {"notes": "a\nb", "protected": 1}
    api.call("pve1", "PUT", f"{NFS}/content/{volid}", given)
    (row,) = api.get(f"{NFS}/content", content="backup")
    wanted = {"format": "vma.zst", "subtype": "qemu", "vmid": 100, "notes": "a\nb", "protected": 1}
    assert {key: row[key] for key in wanted} == wanted
    assert row["ctime"] == 1767225600
    told = api.get(f"{NFS}/content/{volid}")
    assert (told["notes"], told["protected"]) == ("a\nb", 1)
    with pytest.raises(QuorateError, match="protected"):
        api.call("pve1", "DELETE", f"{NFS}/content/{volid}", {"delay": 5})
    api.call("pve1", "PUT", f"{NFS}/content/{volid}", {"protected": 0, "notes": ""})
    assert "notes" not in api.get(f"{NFS}/content", content="backup")[0]
    removed(api, volid)


def test_retention(api: StorageApi) -> None:
    names = [f"vzdump-qemu-100-2026_01_0{day}-00_00_00.vma.zst" for day in range(1, 5)]
    kept = backup(api, "vzdump-qemu-101-2026_01_01-00_00_00.vma.zst", 101)
    volids = [backup(api, name) for name in names]
    api.call("pve1", "PUT", f"{NFS}/content/{volids[0]}", {"protected": 1})
    rows = api.get(f"{NFS}/prunebackups", **{"prune-backups": "keep-last=1"})
    assert {row["volid"]: row["mark"] for row in rows} == {
        volids[0]: "protected",
        volids[1]: "remove",
        volids[2]: "remove",
        volids[3]: "keep",
        kept: "keep",
    }
    assert all(row["mark"] in ("keep", "protected") for row in api.get(f"{NFS}/prunebackups"))
    api.call("pve1", "PUT", "/storage/nfs", {"prune-backups": "keep-last=2"})
    upid = api.call("pve1", "DELETE", f"{NFS}/prunebackups", {"vmid": 100})
    assert api.done(upid) == "OK"
    assert api.ids("nfs", content="backup") == sorted([volids[0], volids[2], volids[3], kept])
    api.call("pve1", "PUT", "/storage/nfs", {"delete": "prune-backups"})
    api.call("pve1", "PUT", f"{NFS}/content/{volids[0]}", {"protected": 0})
    for volid in (volids[0], volids[2], volids[3], kept):
        removed(api, volid)


def test_the_parts_of_a_backup(api: StorageApi) -> None:
    api.make("vault", "pbs", server="s", datastore="d", username="u@pbs", password="p")
    boot = api.world.machines["pve1"].boot
    assert boot is not None
    ports = api.world.volumes.boot(boot.boot, boot.store).ports
    volid = "vault:backup/vm/100/2026-01-01T00:00:00Z"
    archive = Archive("vm", 100, "cores: 1\n")
    disks = {"scsi0": "ceph:vm-100-disk-0"}
    boot.boot.spawn(ports.archives.create(volid, archive, disks), "backup")
    api.run(120)
    path = "/nodes/pve1/storage/vault"
    (row,) = api.get(f"{path}/content")
    assert (row["format"], row["subtype"], row["vmid"]) == ("pbs-vm", "qemu", 100)
    (part,) = api.get(f"{path}/file-restore/list", volume=volid, filepath="/")
    assert (part["text"], part["size"]) == ("drive-scsi0.img.fidx", 32 * 1024 * MIB)
    for bad in (part["filepath"], "not base64"):
        with pytest.raises(QuorateError):
            api.get(f"{path}/file-restore/list", volume=volid, filepath=bad)
    removed(api, volid)
    api.call("pve1", "DELETE", "/storage/vault")


# who may


def test_users_see_what_they_may_use(api: StorageApi) -> None:
    own = backup(api, "vzdump-qemu-100-2026_01_01-00_00_00.vma.zst")
    other = backup(api, "vzdump-qemu-101-2026_01_01-00_00_00.vma.zst", 101)
    me = api.user("me@pve", storage_nfs="PVEDatastoreUser", vms_100="PVEVMAdmin")

    def ids(path: str) -> list[str]:
        return [row["volid"] for row in api.call("pve1", "GET", path, user=me)]

    assert [r["storage"] for r in api.call("pve1", "GET", "/nodes/pve1/storage", user=me)] == [
        "nfs"
    ]
    assert ids(f"{NFS}/content") == [own]
    assert [r["volid"] for r in api.call("pve1", "GET", f"{NFS}/prunebackups", user=me)] == [own]
    for verb, path in [
        ("GET", f"{CEPH}/content"),
        ("GET", f"{CEPH}/status"),
        ("GET", f"{NFS}/content/{other}"),
        ("DELETE", f"{NFS}/content/{other}"),
        ("PUT", f"{NFS}/content/{other}"),
        ("DELETE", f"{NFS}/prunebackups"),
    ]:
        with pytest.raises(ForbiddenError):
            api.call("pve1", verb, path, user=me)
    upid = api.call("pve1", "DELETE", f"{NFS}/content/{own}", user=me)
    assert api.done(upid) == "OK"
    removed(api, other)


def test_no_volume_without_the_parameters(api: StorageApi) -> None:
    with pytest.raises(ParameterError):
        api.call("pve1", "POST", f"{CEPH}/content", {"vmid": 100})
    assert api.ask("POST", f"{NFS}/upload", {"content": "iso", "filename": "a.iso"}).errors == {
        "filename": "the request brings no file"
    }
