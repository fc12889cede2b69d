"""Files from elsewhere: templates, tags, what a URL and a manifest tell."""

from __future__ import annotations

import io
import tarfile

import pytest

from appliance.model.errors import QuorateError
from tests.api.storage.rig import Memory, StorageApi

NFS = "/nodes/pve1/storage/nfs"
MANIFEST = """\
<Envelope xmlns="http://schemas.dmtf.org/ovf/envelope/1" xmlns:o="http://o" xmlns:r="http://r">
 <References><File o:href="web disk.vmdk" o:id="f1"/></References>
 <DiskSection><Disk o:diskId="d1" o:fileRef="f1"/></DiskSection>
 <VirtualSystem o:id="web"><Name>web server</Name>
  <OperatingSystemSection o:id="96"/>
  <VirtualHardwareSection>
   <Item><r:InstanceID>1</r:InstanceID><r:ResourceType>3</r:ResourceType>
    <r:VirtualQuantity>2</r:VirtualQuantity></Item>
   <Item><r:AllocationUnits>byte * 2^30</r:AllocationUnits><r:InstanceID>2</r:InstanceID>
    <r:ResourceType>4</r:ResourceType><r:VirtualQuantity>2</r:VirtualQuantity></Item>
   <Item><r:InstanceID>3</r:InstanceID><r:ResourceType>20</r:ResourceType></Item>
   <Item><r:AddressOnParent>0</r:AddressOnParent><r:HostResource>ovf:/disk/d1</r:HostResource>
    <r:InstanceID>4</r:InstanceID><r:Parent>3</r:Parent><r:ResourceType>17</r:ResourceType></Item>
   <Item><r:InstanceID>5</r:InstanceID><r:ResourceSubType>VmxNet3</r:ResourceSubType>
    <r:ResourceType>10</r:ResourceType></Item>
  </VirtualHardwareSection></VirtualSystem>
</Envelope>
"""


def ova(text: str) -> bytes:
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w") as archive:
        for name, part in [("first.txt", b"x" * 700), ("web.ovf", text.encode())]:
            member = tarfile.TarInfo(name)
            member.size = len(part)
            archive.addfile(member, io.BytesIO(part))
    return data.getvalue()


@pytest.fixture(scope="module")
def imports(api: StorageApi) -> StorageApi:
    """A world whose `nfs` keeps files to be imported."""
    api.call("pve1", "PUT", "/storage/nfs", {"content": "images,import,vztmpl"})
    return api


def test_the_vm_in_an_archive(imports: StorageApi) -> None:
    file = Memory("web.ova", ova(MANIFEST))
    assert (
        imports.done(imports.upload("nfs", file, content="import", filename="web.ova").data) == "OK"
    )
    found = imports.get(f"{NFS}/import-metadata", volume="nfs:import/web.ova")
    assert found["create-args"] == {
        "name": "webserver",
        "cores": "2",
        "memory": "2048",
        "ostype": "l26",
        "boot": "order=sata0",
    }
    assert found["disks"] == {"sata0": "nfs:import/web.ova/web disk.vmdk"}
    assert found["net"] == {"net0": {"model": "vmxnet3"}}


@pytest.mark.parametrize(
    "data",
    [
        b"no archive",
        b"",
        ova("no manifest"),
        ova(MANIFEST.replace("web disk.vmdk", "../../etc/passwd")),
        ova("<!DOCTYPE x [<!ENTITY a 'b'>]>" + MANIFEST),
        ova(MANIFEST)[:1300],
    ],
)
def test_archives_that_tell_nothing(imports: StorageApi, data: bytes) -> None:
    file = Memory("bad.ova", data)
    assert (
        imports.done(imports.upload("nfs", file, content="import", filename="bad.ova").data) == "OK"
    )
    with pytest.raises(QuorateError):
        imports.get(f"{NFS}/import-metadata", volume="import/bad.ova")


def test_what_a_url_tells(imports: StorageApi) -> None:
    imports.world.volumes.web.put("https://a.example/x/my.iso", b"12345")
    told = imports.get("/nodes/pve1/query-url-metadata", url="https://a.example/x/my.iso")
    assert told == {"filename": "my.iso", "mimetype": "application/x-iso9660-image", "size": 5}
    with pytest.raises(QuorateError, match="404"):
        imports.get("/nodes/pve1/query-url-metadata", url="https://a.example/missing/my.iso")


def test_templates(imports: StorageApi) -> None:
    rows = imports.get("/nodes/pve1/aplinfo")
    name = next(row["template"] for row in rows if row["os"] == "debian-13")
    given = {"storage": "nfs", "template": name}
    for _ in range(2):
        assert imports.done(imports.call("pve1", "POST", "/nodes/pve1/aplinfo", given)) == "OK"
    assert imports.ids("nfs", content="vztmpl") == [f"nfs:vztmpl/{name}"]
    answer = imports.ask("POST", "/nodes/pve1/aplinfo", {**given, "template": "none.tar.zst"})
    assert answer.errors == {"template": "no such template"}


def test_tags(imports: StorageApi) -> None:
    assert "latest" in imports.get("/nodes/pve1/query-oci-repo-tags", reference="library/alpine")
