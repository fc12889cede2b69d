"""/storage: what is written is what is read, secrets are not shown, all or nothing."""

from __future__ import annotations

import json

import pytest

from appliance.api.http import HttpRequest
from appliance.model.digest import digest_of
from appliance.model.errors import ForbiddenError, NotQuorateError, QuorateError
from appliance.model.parameters import ParameterError
from appliance.model.storage.kinds import KINDS
from sim.faults import Fault
from tests.api.storage.rig import StorageApi
from tests.sim.storage.rig import STORAGES


def file(api: StorageApi, path: str = "storage.cfg") -> str:
    return str(api.get(f"/store/files/{path}")["content"])


def paths(api: StorageApi, prefix: str) -> list[str]:
    return [row["path"] for row in api.get("/store/files", prefix=prefix)]


def sections() -> list[tuple[str, str, dict[str, str]]]:
    """One of each type."""
    found = []
    for part in STORAGES.strip().split("\n\n"):
        head, *lines = part.splitlines()
        kind, name = head.split(": ")
        options = dict(line.strip().split(" ", 1) for line in lines)
        found.append((kind, f"my-{name}", options))
    return found


@pytest.mark.parametrize(("kind", "name", "options"), sections())
def test_every_type_comes_and_goes(
    api: StorageApi, kind: str, name: str, options: dict[str, str]
) -> None:
    before = file(api)
    answer = api.call("pve1", "POST", "/storage", {"storage": name, "type": kind, **options})
    assert answer == {"storage": name, "type": kind}
    told = api.get(f"/storage/{name}", "pve2")
    digest = told.pop("digest")
    assert digest == digest_of(file(api))
    usual = {"content": ",".join(sorted(KINDS[kind].usual)), **options}
    shared = {"shared": 1} if KINDS[kind].shared else {}
    assert told == {"storage": name, "type": kind, **usual, **shared}
    assert [row["storage"] for row in api.get("/storage", type=kind)].count(name) == 1
    api.call("pve1", "DELETE", f"/storage/{name}")
    assert file(api).strip() == before.strip()


def test_servers_are_mounted_in_the_usual_place(api: StorageApi) -> None:
    api.make("share", "nfs", server="files", export="/srv")
    assert api.get("/storage/share")["path"] == "/mnt/pve/share"
    api.call("pve1", "DELETE", "/storage/share")


def test_changes_and_digests(api: StorageApi) -> None:
    api.make("changed", "dir", path="/changed", nodes="pve1,pve2", disable=1)
    old = api.get("/storage/changed")["digest"]
    given = {"content": "iso,backup", "prune-backups": "keep-last=3", "disable": 0, "digest": old}
    api.call("pve2", "PUT", "/storage/changed", {**given, "delete": "nodes"})
    told = api.get("/storage/changed")
    assert "nodes" not in told
    assert "disable" not in told
    assert (told["content"], told["prune-backups"]) == ("iso,backup", "keep-last=3")
    with pytest.raises(QuorateError, match="detected modified configuration"):
        api.call("pve1", "PUT", "/storage/changed", {"content": "iso", "digest": old})
    api.call("pve1", "DELETE", "/storage/changed")


@pytest.mark.parametrize(
    ("options", "field"),
    [
        ({"type": "dir"}, "path"),
        ({"type": "dir", "path": "relative"}, "path"),
        ({"type": "dir", "path": "/x", "content": "nonsense"}, "content"),
        ({"type": "dir", "path": "/x", "server": "s"}, "server"),
        ({"type": "lvm", "vgname": "v", "content": "iso"}, "content"),
        ({"type": "nothing"}, "type"),
        ({"type": "dir", "path": "/x", "storage": "1bad"}, "storage"),
        ({"type": "dir", "path": "/x\n\tshared 1"}, "path"),
        ({"type": "pbs", "server": "s", "datastore": "d", "encryption-key": "x"}, "encryption-key"),
    ],
)
def test_bad_values_name_their_field(api: StorageApi, options: dict[str, str], field: str) -> None:
    before = file(api)
    answer = api.ask("POST", "/storage", {"storage": "bad", **options})
    assert answer.status == 400
    assert field in (answer.body.get("errors") or {"": ""}) or field in answer.body["message"]
    assert file(api) == before


def test_what_cannot_be_changed(api: StorageApi) -> None:
    api.make("fixed", "dir", path="/fixed")
    with pytest.raises(QuorateError):
        api.call("pve1", "POST", "/storage", {"storage": "fixed", "type": "dir", "path": "/b"})
    for given in (
        {"delete": "path"},
        {"delete": "nonsense"},
        {"content": "iso", "delete": "content"},
    ):
        with pytest.raises((ParameterError, QuorateError)):
            api.call("pve1", "PUT", "/storage/fixed", given)
    with pytest.raises(QuorateError, match="does not exist"):
        api.call("pve1", "PUT", "/storage/gone", {"content": "iso"})
    with pytest.raises(QuorateError, match="storage 'gone' does not exist"):
        api.call("pve1", "DELETE", "/storage/gone")
    api.call("pve1", "DELETE", "/storage/fixed")


def test_secrets_are_kept_apart_and_never_shown(api: StorageApi) -> None:
    secret = "a very secret word"
    options = {"server": "s", "datastore": "d", "username": "u@pbs", "password": secret}
    answer = api.make("vault", "pbs", **options, encryption_key="autogen")
    key = json.loads(answer["config"]["encryption-key"])
    assert paths(api, "priv/storage/vault") == [
        "priv/storage/vault.enc",
        "priv/storage/vault.pw",
    ]
    assert file(api, "priv/storage/vault.pw") == f"{secret}\n"
    told = json.dumps([api.get("/storage/vault"), api.get("/storage"), file(api)])
    assert secret not in told
    assert key["data"] not in told
    assert key["fingerprint"] in file(api)
    api.call("pve1", "PUT", "/storage/vault", {"password": "another"})
    assert file(api, "priv/storage/vault.pw") == "another\n"
    api.call("pve1", "PUT", "/storage/vault", {"delete": "encryption-key"})
    assert paths(api, "priv/storage/vault") == ["priv/storage/vault.pw"]
    api.call("pve1", "DELETE", "/storage/vault")
    assert paths(api, "priv/storage/vault") == []
    journal = "".join(str(entry) for entry in api.world.journal.records)
    assert secret not in journal


def test_a_removed_storage_leaves_no_rights_behind(api: StorageApi) -> None:
    api.make("mine", "dir", path="/mine")
    me = api.user("mine@pve", storage_mine="PVEDatastoreAdmin", storage_nfs="PVEAuditor")
    api.call("pve1", "POST", "/pools", {"poolid": "few"})
    api.call("pve1", "PUT", "/pools", {"poolid": "few", "storage": "mine"})
    seen = [row["storage"] for row in api.call("pve1", "GET", "/storage", user=me)]
    assert seen == ["mine", "nfs"]
    api.call("pve1", "DELETE", "/storage/mine")
    assert "/storage/mine" not in [row["path"] for row in api.get("/access/acl")]
    assert api.get("/pools/few")["members"] == []
    with pytest.raises(ForbiddenError):
        api.call(
            "pve1", "POST", "/storage", {"storage": "x2", "type": "dir", "path": "/x"}, user=me
        )


def test_local_can_be_changed_where_nobody_wrote_it_down() -> None:
    api = StorageApi()
    api.put("storage.cfg", "dir: other\n\tpath /other\n", node="pve1")
    assert api.get("/storage/local")["path"] == "/var/lib/vz"
    api.call("pve1", "PUT", "/storage/local", {"content": "iso"})
    assert api.get("/storage/local")["content"] == "iso"
    assert "dir: local" in file(api)


def test_two_at_once_from_two_nodes() -> None:
    """One wins, the other is told; nothing of the other's is left."""
    api = StorageApi()
    tasks = []
    for node, password in (("pve1", "one"), ("pve2", "two")):
        boot, door = api.process(node)
        form = f"storage=same&type=pbs&server=s&datastore=d&username=u&password={password}"
        request = HttpRequest("POST", "/api2/json/storage", body=form.encode())
        tasks.append((password, boot.spawn(door.handle(request), "request")))
    while not all(task.done() for _, task in tasks):
        api.run(0.1)
    answers = {password: task.result() for password, task in tasks}
    (winner,) = [password for password, answer in answers.items() if answer.status == 200]
    (loser,) = [answer for answer in answers.values() if answer.status != 200]
    assert "already defined" in loser.reason
    assert file(api, "priv/storage/same.pw") == f"{winner}\n"


def test_nothing_is_written_without_quorum() -> None:
    api = StorageApi()
    before = file(api)
    numbers = [api.world.inject(Fault("power", node)) for node in ("pve2", "pve3")]
    api.run(60)
    secret = {"server": "s", "datastore": "d", "username": "u", "password": "p"}
    with pytest.raises(NotQuorateError):
        api.make("late", "pbs", **secret)
    with pytest.raises(NotQuorateError):
        api.call("pve1", "DELETE", "/storage/nfs")
    assert file(api) == before
    assert paths(api, "priv/storage/late") == []
    for number in numbers:
        api.world.heal(number)


def test_the_base_of_another_storage_stays(api: StorageApi) -> None:
    options = {"portal": "10.0.0.1", "target": "iqn.2026-01.lab:base", "content": "none"}
    api.make("san", "iscsi", **options)
    api.make("onsan", "lvm", vgname="vg", base="san:0.0.1.scsi-1")
    with pytest.raises(QuorateError, match="is the base of 'onsan'"):
        api.call("pve1", "DELETE", "/storage/san")
    api.call("pve1", "DELETE", "/storage/onsan")
    api.call("pve1", "DELETE", "/storage/san")
