"""storage.cfg as records."""

from __future__ import annotations

from appliance.model.storage.config import Storage, parse_storages, write_storages
from appliance.model.storage.volumes import parse_name

TEXT = """\
dir: local
\tpath /var/lib/vz
\tcontent iso,vztmpl

nfs: share
\texport /srv
\tpath /mnt/pve/share
\tserver 10.0.0.1
\tfuture thing
\tnodes n1,n2

lvm: fat
\tvgname fat
\tsnapshot-as-volume-chain 1

dir: off
\tpath /off
\tcontent none
\tdisable
"""


def test_what_the_file_says() -> None:
    storages = parse_storages(TEXT, strict=True).storages
    assert list(storages) == ["local", "share", "fat", "off"]
    share = storages["share"]
    assert (share.shared, share.content, share.nodes) == (True, ("images",), ("n1", "n2"))
    assert share.used_on("n1")
    assert not share.used_on("n3")
    assert not storages["off"].used_on("n1")
    assert storages["off"].content == ()
    assert storages["fat"].formats == ("raw", "qcow2")
    assert storages["fat"].can("snapshot", parse_name("lvm", "vm-1-x.qcow2"))
    assert not Storage("f", "lvm").can("snapshot", parse_name("lvm", "vm-1-x.qcow2"))
    assert storages["local"].formats[0] == "raw"
    assert Storage("d", "dir", {"format": "qcow2"}).formats[0] == "qcow2"


def test_what_nobody_knows_stays() -> None:
    config = parse_storages(TEXT)
    assert write_storages(config) == TEXT + "\n"


def test_local_is_there_by_itself() -> None:
    config = parse_storages("")
    assert config.storages["local"].path == "/var/lib/vz"
    assert write_storages(config) == ""
