"""Paths, lists, archives, retention, access and limits against recorded cases."""

from __future__ import annotations

from typing import Any

import pytest

from appliance.core.access.permissions import Access
from appliance.core.storage.limits import bandwidth_limit
from appliance.core.storage.retention import Backup, marks
from appliance.core.storage.rights import Rights, check_file, check_volume
from appliance.model.access.user_cfg import parse_user_config
from appliance.model.errors import ConfigError, ForbiddenError, QuorateError
from appliance.model.options.backup import BWLIMIT
from appliance.model.storage.archives import parse_archive_name
from appliance.model.storage.config import Storage, numbers, parse_storages
from appliance.model.storage.paths import folder, volume_at, volume_path
from appliance.model.storage.pool import Volume
from appliance.model.storage.rows import sorted_rows
from appliance.model.storage.volumes import VolumeName, parse_name, split_id
from tests.conformance.cases import Case, case_id, suite

DIR = Storage("local", "dir", {"path": "@STORAGE_PATH@"})


@pytest.mark.parametrize("case", suite("storage", "filesystem_path"), ids=case_id)
def test_paths(case: Case) -> None:
    given, expect = case["input"], case["expect"]
    storage = Storage("local", "dir", {"path": case["context"]["storage"]["path"]})
    name = parse_name("dir", given["volname"])
    if expect.get("error"):
        with pytest.raises(QuorateError):
            volume_path(storage, name, given["snapname"])
        return
    assert volume_path(storage, name, given["snapname"]) == expect["path"]
    assert name.content == expect["vtype"]
    assert name.vmid == (None if expect["vmid"] is None else int(expect["vmid"]))


@pytest.mark.parametrize("case", suite("storage", "get_subdir"), ids=case_id)
def test_folders(case: Case) -> None:
    given = case["input"]
    own = tuple(f"{kind}={path}" for kind, path in given["storage"]["content-dirs"].items())
    storage = Storage("s", "dir", {"path": given["storage"]["path"], "content-dirs": own})
    if case["expect"].get("error"):
        with pytest.raises(ConfigError):
            folder(storage, given["vtype"])
    else:
        assert folder(storage, given["vtype"]) == case["expect"]["path"]


@pytest.mark.parametrize("case", suite("storage", "path_to_volume_id"), ids=case_id)
def test_volumes_at_paths(case: Case) -> None:
    found = volume_at(DIR, case["input"]["path"])
    if not case["expect"]["match"]:
        assert found is None
    else:
        assert found is not None
        assert (f"local:{found.text}", found.content) == (
            case["expect"]["volid"],
            case["expect"]["vtype"],
        )


@pytest.mark.parametrize("case", suite("storage", "archive_info"), ids=case_id)
def test_archives(case: Case) -> None:
    result = case["expect"].get("result")
    if result is None:
        with pytest.raises(ConfigError):
            parse_archive_name(case["input"]["archive"])
        return
    found = parse_archive_name(case["input"]["archive"])
    told: dict[str, Any] = {
        "filename": found.filename,
        "type": found.type,
        "format": found.format,
        "is_std_name": int(found.standard),
        "compression": found.compression or None,
        "decompressor": list(found.unpacker) or None,
    }
    if found.standard:
        told |= {
            "vmid": str(found.vmid),
            "ctime": found.created_s,
            "logfilename": found.log_file,
            "notesfilename": found.notes_file,
        }
    assert {key: value for key, value in told.items() if value is not None} == {
        key: value for key, value in result.items() if value is not None
    }


def listed(path: str, parent: str | None, every: dict[str, Any]) -> Volume | None:
    name = volume_at(DIR, path)
    if name is None:
        return None
    base = parent.removeprefix("../") if parent else None
    if base and volume_at(DIR, f"@STORAGE_PATH@/images/{base}"):
        name = parse_name("dir", f"{base}/{name.text}")
    if name.content != "images":
        return Volume(f"local:{name.text}", name, every["virtual_size"], None, every["ctime"])
    return Volume(
        f"local:{name.text}", name, every["virtual_size"], every["used"], every["ctime"], parent
    )


@pytest.mark.parametrize("case", suite("storage", "list_volumes"), ids=case_id)
def test_lists(case: Case) -> None:
    given, context = case["input"], case["context"]
    guests = context["cluster_guests"].items()
    containers = [int(vmid) for vmid, guest in guests if guest["type"] == "lxc"]
    parents = [*(given.get("parents") or []), *[None] * len(given["files"])]
    wanted = None if given["vmid"] is None else int(given["vmid"])
    found = [
        volume
        for path, parent in zip(given["files"], parents, strict=False)
        if (volume := listed(path, parent, context["every_file"])) is not None
        and (wanted is None or volume.vmid == wanted or volume.content == "snippets")
    ]
    told = [
        {
            **one,
            **({"vmid": str(one["vmid"])} if "vmid" in one else {}),
            **({"parent": one.get("parent")} if one["content"] in ("images", "rootdir") else {}),
        }
        for one in sorted_rows(found, given["content_types"], containers)
    ]
    assert told == case["expect"]["volumes"]


def backup(entry: dict[str, Any]) -> Backup:
    try:
        name = parse_archive_name(entry["volid"])
    except ConfigError:
        return Backup(entry["volid"], entry["ctime"], entry.get("vmid"), standard=False)
    return Backup(
        entry["volid"],
        entry["ctime"],
        entry.get("vmid"),
        name.type,
        name.standard,
        bool(entry.get("protected")),
    )


@pytest.mark.parametrize("case", suite("storage", "prune_backups"), ids=case_id)
def test_retention(case: Case) -> None:
    given = case["input"]
    entries = [
        backup(entry)
        for entry in case["context"]["backup_lists"][given["list"]]
        if given["vmid"] in (None, entry.get("vmid"))
    ]
    wanted = [one for one in entries if given["type"] in (None, one.type)]
    told = [
        {
            "volid": one.id,
            "ctime": one.created_s,
            "type": one.type,
            "mark": mark,
            **({} if one.vmid is None else {"vmid": one.vmid}),
        }
        for one, mark in marks(wanted, given["keep"])
    ]
    assert told == case["expect"]["result"]


@pytest.mark.parametrize("case", suite("storage", "volume_access"), ids=case_id)
def test_access(case: Case) -> None:
    given, context = case["input"], case["context"]
    storages = parse_storages(context["storage_cfg"]).storages
    rights = Rights(Access(parse_user_config(context["user_cfg"])), given["user"])
    try:
        allowed(rights, storages, given)
    except (ForbiddenError, ConfigError):
        assert not case["expect"]["allowed"]
    else:
        assert case["expect"]["allowed"]


def allowed(rights: Rights, storages: Any, given: dict[str, Any]) -> None:
    volid = given["volid"]
    if ":" not in volid:
        check_file(rights)
        return
    storage, text = split_id(volid)
    name: VolumeName = parse_name(storages[storage].type, text)
    check_volume(rights, storage, name, vmid=given["vmid"], content=given["content_type"])


@pytest.mark.parametrize("case", suite("storage", "bwlimit"), ids=case_id)
def test_limits(case: Case) -> None:
    given, context = case["input"], case["context"]
    storages = parse_storages(context["storage_cfg"]).storages
    owned = context["permissions"].get(given["user"], {})

    found = bandwidth_limit(
        given["operation"],
        [(one, storages[one].limits) for one in given["storages"] or () if one is not None],
        numbers(BWLIMIT.parse(context["datacenter_cfg"].partition("bwlimit: ")[2].strip())),
        asked_kib_s=given["override"],
        may=lambda path, privilege: given["user"] == "root@pam" or privilege in owned.get(path, ()),
    )
    assert found == case["expect"]["limit_kibps"]
