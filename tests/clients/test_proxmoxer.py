"""proxmoxer, as an administrator's script uses it: the whole life of a VM and of a container."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from scenarios.served.background import Served
from scenarios.served.cluster import Wish
from sim.stage.bridge import MAX_SPEED

proxmoxer = pytest.importorskip("proxmoxer", reason="proxmoxer is not installed: make setup")
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def served() -> Iterator[Served]:
    with Served(Wish(port=0, speed=MAX_SPEED)) as found:
        yield found


@pytest.fixture
def connect(served: Served) -> Iterator[Callable[..., Any]]:
    """A client with these credentials; its connections are closed after the test."""
    made: list[Any] = []

    def one(host: str = "127.0.0.11", **how: str) -> Any:
        found = proxmoxer.ProxmoxAPI(host, port=served.port, verify_ssl=served.ca, **how)
        made.append(found)
        return found

    yield one
    for found in made:
        found._store["session"].close()


@pytest.fixture
def api(served: Served, connect: Callable[..., Any]) -> Any:
    """Logged in by name and password."""
    return connect(user=served.user, password=served.password)


@pytest.fixture
def token(served: Served, connect: Callable[..., Any]) -> Any:
    """With an API token, at another node."""
    user, _, rest = served.token.partition("!")
    name, _, secret = rest.partition("=")
    return connect("127.0.0.12", user=user, token_name=name, token_value=secret)


def done(api: Any, upid: str) -> None:
    """The task has ended, and well."""
    from proxmoxer.tools import Tasks

    status = Tasks.blocking_status(api, upid, timeout=60, polling_interval=0.02)
    assert status is not None, upid
    assert status["exitstatus"] == "OK", status


def test_by_password_and_by_token_every_node_tells_the_same(api: Any, token: Any) -> None:
    assert api.version.get() == token.version.get()
    assert [one["node"] for one in token.nodes.get()] == ["pve1", "pve2", "pve3"]
    mine = {one["id"] for one in api.cluster.resources.get(type="vm")}
    assert mine == {one["id"] for one in token.cluster.resources.get(type="vm")}
    assert "qemu/100" in mine


def test_a_wrong_password_and_a_wrong_token_are_refused(connect: Callable[..., Any]) -> None:
    with pytest.raises(proxmoxer.AuthenticationError):
        connect(user="nobody@pve", password="wrong")
    nobody = "00000000-0000-0000-0000-000000000000"
    bad = connect(user="root@pam", token_name="stage", token_value=nobody)
    with pytest.raises(proxmoxer.ResourceException) as caught:
        bad.nodes.get()
    assert caught.value.status_code == 401


def test_the_life_of_a_vm(api: Any) -> None:
    here, there = api.nodes("pve1"), api.nodes("pve2")
    number = int(api.cluster.nextid.get())
    wanted = {
        "vmid": number,
        "name": "web",
        "memory": 2048,
        "cores": 2,
        "scsi0": "local-zfs:8",
        "scsihw": "virtio-scsi-pci",
        "net0": "virtio,bridge=vmbr0",
        "tags": "a;b",
        "description": "line one\nline two",
    }
    done(api, here.qemu.create(**wanted))
    config = here.qemu(number).config.get()
    assert config["scsi0"].startswith(f"local-zfs:vm-{number}-disk-0,")
    assert (config["name"], config["tags"], config["cores"]) == ("web", "a;b", 2)
    assert config["description"].rstrip("\n") == "line one\nline two"

    done(api, here.qemu(number).status.start.post())
    assert here.qemu(number).status.current.get()["status"] == "running"
    here.qemu(number).config.put(name="shop", delete="tags", digest=config["digest"])
    with pytest.raises(proxmoxer.ResourceException):
        here.qemu(number).config.put(name="late", digest=config["digest"])
    here.qemu(number).resize.put(disk="scsi0", size="+1G")

    done(api, here.qemu(number).snapshot.post(snapname="before", vmstate=1))
    names = [one["name"] for one in here.qemu(number).snapshot.get()]
    assert names == ["before", "current"]
    done(api, here.qemu(number).snapshot("before").rollback.post())
    done(api, here.qemu(number).snapshot("before").delete())

    done(api, here.qemu(number).clone.post(newid=number + 1, full=1, name="copy"))
    moved = {"target": "pve2", "online": 1, "with-local-disks": 1}
    done(api, here.qemu(number).migrate.post(**moved))
    assert there.qemu(number).status.current.get()["status"] == "running"
    done(api, there.qemu(number).status.shutdown.post(timeout=60))
    done(api, there.qemu(number).move_disk.post(disk="scsi0", storage="ceph"))
    assert there.qemu(number).config.get()["scsi0"].startswith("ceph:")

    done(api, there.vzdump.post(vmid=number, storage="nfs", mode="stop"))
    kept = there.storage("nfs").content.get(content="backup", vmid=number)
    assert [one["vmid"] for one in kept] == [number]
    back = {"vmid": number + 3, "archive": kept[0]["volid"], "storage": "ceph", "unique": 1}
    done(api, there.qemu.post(**back))
    assert there.qemu(number + 3).config.get()["name"] == "shop"
    there.storage("nfs").content(kept[0]["volid"]).delete()

    here.qemu(number + 1).template.post()
    done(api, here.qemu(number + 1).clone.post(newid=number + 2))
    for node, one in (
        (there, number),
        (there, number + 3),
        (here, number + 2),
        (here, number + 1),
    ):
        done(api, node.qemu(one).delete(purge=1))
    with pytest.raises(proxmoxer.ResourceException, match="does not exist"):
        there.qemu(number).config.get()


def test_the_life_of_a_container(api: Any) -> None:
    here, there = api.nodes("pve1"), api.nodes("pve3")
    template = io.BytesIO(b"x" * 300_000)
    template.name = "debian-12.tar.zst"
    done(api, here.storage("local").upload.post(content="vztmpl", filename=template))
    iso = io.BytesIO(b"y" * 5_000_000)
    iso.name = "debian.iso"
    done(api, there.storage("local").upload.post(content="iso", filename=iso))
    (kept,) = there.storage("local").content.get(content="iso")
    assert (kept["volid"], kept["size"]) == ("local:iso/debian.iso", 5_000_000)
    number = int(api.cluster.nextid.get())
    wanted = {
        "vmid": number,
        "ostemplate": "local:vztmpl/debian-12.tar.zst",
        "hostname": "ct",
        "rootfs": "local-zfs:4",
        "memory": 512,
        "net0": "name=eth0,bridge=vmbr0,ip=dhcp",
        "password": "a secret",
    }
    done(api, here.lxc.create(**wanted))
    assert "password" not in here.lxc(number).config.get()
    done(api, here.lxc(number).status.start.post())
    assert [one["name"] for one in here.lxc(number).interfaces.get()] == ["lo", "eth0"]
    done(api, here.lxc(number).snapshot.post(snapname="before"))
    done(api, here.lxc(number).snapshot("before").delete())
    done(api, here.lxc(number).migrate.post(target="pve3", restart=1))
    assert there.lxc(number).status.current.get()["status"] == "running"
    done(api, there.lxc(number).status.stop.post())
    done(api, there.lxc(number).delete())


def test_a_guest_under_ha_is_back_elsewhere_when_its_node_has_died(
    served: Served, api: Any, token: Any
) -> None:
    here = api.nodes("pve1")
    number = int(api.cluster.nextid.get())
    done(api, here.qemu.create(vmid=number, scsi0="ceph:4", memory=512))
    api.cluster.ha.resources.post(sid=f"vm:{number}", state="started")
    served.pause()
    served.step(120)
    assert here.qemu(number).status.current.get()["status"] == "running"
    served.inject("power", node="pve1")
    served.step(300)
    row = next(one for one in token.cluster.resources.get() if one["id"] == f"qemu/{number}")
    assert (row["status"], row["node"] != "pve1") == ("running", True)
    served.heal()
    served.resume()
